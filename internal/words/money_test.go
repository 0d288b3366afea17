package words_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"syncer/internal/db/dbtest"
	"syncer/internal/words"
)

func TestAmountsAreInTheCurrencysOwnUnits(t *testing.T) {
	t.Parallel()
	for in, want := range map[[2]string]string{
		{"8900", "usd"}: "89.00 usd", {"8900", "jpy"}: "8900 jpy", {"5", "kwd"}: "0.05 kwd", {"0", "usd"}: "0.00 usd",
		{"5.00E-10", "usd"}: "0.000000000005 usd", {"5E-12", "jpy"}: "0.000000000005 jpy", {"1E-40", "jpy"}: "0.0000000000000000000000000000000000000001 jpy",
		{"1E+3", "eur"}: "10.00 eur", {"0E-12", "usd"}: "0.00 usd", {"-1.5", "JPY"}: "-1.5 JPY",
		{"999999999999", "idr"}: "9999999999.99 idr", {"", "usd"}: "usd", {"100", ""}: "1.00",
	} {
		if got := words.Amount(in[0], in[1]); got != want {
			t.Errorf("%s %s: %s, want %s", in[0], in[1], got, want)
		}
	}
}

func TestAPriceInTiersIsSaidAsTiers(t *testing.T) {
	t.Parallel()
	const (
		seats = `"amount_type":"seat_based","price_currency":"eur","recurring_interval":"month","price_per_seat":0`
		units = `"amount_type":"unit_based","price_currency":"usd"`
		usage = `"amount_type":"metered_tiers","price_currency":"jpy"`
	)
	for row, want := range map[string]string{
		seats + `,"tier_type":"graduated","tiers":[{"min_seats":2,"max_seats":5,"price_per_seat":0},{"min_seats":6,"max_seats":null,"price_per_seat":700}]`: "by seats, graduated: 2-5 at 0.00 eur, from 6 at 7.00 eur a seat a month",
		seats + `,"tier_type":null,"tiers":[{"min_seats":1,"max_seats":1,"price_per_seat":5},{"min_seats":2,"max_seats":9,"price_per_seat":7}]`:             "by seats: 1 at 0.05 eur, 2-9 at 0.07 eur a seat a month",
		seats + `,"tier_type":"volume","tiers":[{"min_seats":1,"max_seats":null,"price_per_seat":2900}]`:                                                    "29.00 eur a seat a month",
		seats + `,"tier_type":"volume","tiers":null`: "by seats in tiers, eur a month",
		seats: "by seats in tiers, eur a month",
		units + `,"tier_type":"volume","tiers":[{"bound":9000000000,"unit_amount":1000},{"bound":null,"unit_amount":0.5}]`:        "by units, volume: 1-9000000000 at 10.00 usd, from 9000000001 at 0.005 usd a unit",
		units + `,"tier_type":"volume","tiers":[{"bound":null,"unit_amount":0.5}]`:                                                "0.005 usd a unit",
		usage + `,"tier_type":"graduated","tiers":[{"bound":1000,"unit_amount":1.5},{"bound":null,"unit_amount":0.000000000005}]`: "by usage, graduated: 1-1000 at 1.5 jpy, from 1001 at 0.000000000005 jpy a unit",
	} {
		if got := words.PriceJSON(raw("{" + row + "}")); got != want {
			t.Errorf("%s\n got %s\nwant %s", row, got, want)
		}
	}
}

// TestGoAndSQLAgreeOnEveryCurrency asks both about every code there may ever be.
func TestGoAndSQLAgreeOnEveryCurrency(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	rows, err := d.Pool().Query(t.Context(), `
		WITH letters AS (SELECT chr(n) AS c FROM generate_series(ascii('a'), ascii('z')) AS n)
		SELECT l.c || m.c || r.c, CASE WHEN l.c || m.c || r.c IN (SELECT currency FROM zero_decimal_currencies) THEN '100' ELSE '1.00' END
		FROM letters AS l, letters AS m, letters AS r`)
	if err != nil {
		t.Fatal(err)
	}
	var code, amount string
	asked := 0
	if _, err := pgx.ForEachRow(rows, []any{&code, &amount}, func() error {
		asked++
		if got := words.Amount("100", code); got != amount+" "+code {
			t.Errorf("Go says %s, SQL %s", got, amount)
		}
		return nil
	}); err != nil || asked != 26*26*26 {
		t.Errorf("%d codes: %v", asked, err)
	}
}
