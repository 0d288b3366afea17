package views_test

import (
	"maps"
	"testing"
)

// priceHistory asks for all spells. Days are of January 2026.
const priceHistory = `
	SELECT
		right(price_id::text, 1)::int AS price, spell, currency,
		to_char(valid_from, 'DD HH24'), to_char(valid_to, 'DD HH24'), is_current, ended_by,
		to_char(valid_from_not_before, 'DD') AS b1, to_char(valid_from_not_after, 'DD') AS b2,
		to_char(valid_to_not_before, 'DD') AS b3, to_char(valid_to_not_after, 'DD') AS b4
	FROM polar_bi.price_history
	ORDER BY price_id, spell`

// day is a time in January 2026: a day, and the hour.
func day(dayAndHour string) string { return "2026-01-" + dayAndHour + ":00Z" }

// pricedSheet has a product, which a live link shows.
func pricedSheet(tb testing.TB) *sheet {
	tb.Helper()
	s := newSheet(tb)
	s.put("products", cells{"id": nth(100), "name": "Handbook"})
	s.put("checkout_links", cells{"id": nth(200)})
	s.put("checkout_link_products", cells{"checkout_link_id": nth(200), "product_id": nth(100), "position": 0})
	return s
}

// price puts a price of the product, seen an hour after Polar made it.
func (s *sheet) price(n int, created string, row cells) {
	s.tb.Helper()
	all := cells{"id": nth(n), "product_id": nth(100), "created_at": day(created + " 00"), "first_seen_at": day(created + " 01"), "changed_at": day(created + " 01")}
	maps.Copy(all, row)
	s.put("prices", all)
}

// removes is a run on a day at noon that no longer sees a price; the run before it began a day earlier.
func (s *sheet) removes(n int, before, on string) {
	s.tb.Helper()
	s.between(day(before+" 11"), day(on+" 12"), func(exec func(string, ...any)) {
		exec(`UPDATE prices SET removed_at = $2, changed_at = $2 WHERE id = $1`, nth(n), day(on+" 11"))
	})
}

// restores is a run that sees a price again.
func (s *sheet) restores(n int, before, on string) {
	s.tb.Helper()
	s.between(day(before+" 11"), day(on+" 12"), func(exec func(string, ...any)) {
		exec(`UPDATE prices SET removed_at = NULL, changed_at = $2 WHERE id = $1`, nth(n), day(on+" 11"))
	})
}

func TestAPriceThatComesBackBeginsAnotherSpell(t *testing.T) {
	t.Parallel()
	s := pricedSheet(t)
	s.price(1, "01", nil)
	s.shows("offered", `1,1,usd,"01 00",,t,,01,01,,`, priceHistory)

	s.removes(1, "09", "10")
	s.shows("gone", `1,1,usd,"01 00","10 12",f,removed,01,01,09,10`, priceHistory)

	s.restores(1, "12", "13")
	s.removes(1, "19", "20")
	s.restores(1, "22", "23")
	s.shows("back again", `
		1,1,usd,"01 00","10 12",f,removed,01,01,09,10
		1,2,usd,"13 12","20 12",f,removed,12,13,19,20
		1,3,usd,"23 12",,t,,22,23,,`, priceHistory)
}

func TestReplacedPricesTouch(t *testing.T) {
	t.Parallel()
	s := pricedSheet(t)
	s.put("products", cells{"id": nth(101)})
	s.price(1, "01", nil)
	s.price(2, "01", cells{"price_currency": "eur"})
	s.price(3, "01", cells{"amount_type": "free", "price_currency": nil, "price_amount": nil})
	// What is made between the last run that saw them, on the 9th at 11, and the one that did not.
	s.price(4, "10", cells{"created_at": day("10 02")})
	s.price(5, "10", cells{"created_at": day("10 01")})
	s.price(6, "10", cells{"amount_type": "free", "price_currency": nil, "price_amount": nil})
	s.price(7, "10", cells{"price_currency": "eur", "product_id": nth(101)})
	s.price(8, "10", cells{"price_currency": "eur", "amount_type": "custom"})
	for _, n := range []int{1, 2, 3} {
		s.removes(n, "09", "10")
	}
	s.shows("replaced by the first of the same product, currency and kind", `
		1,1,usd,"01 00","10 01",f,replaced,01,01,09,10
		2,1,eur,"01 00","10 12",f,removed,01,01,09,10
		3,1,,"01 00","10 00",f,replaced,01,01,09,10
		4,1,usd,"10 02",,t,,10,10,,
		5,1,usd,"10 01",,t,,10,10,,
		6,1,,"10 00",,t,,10,10,,
		7,1,eur,"10 00",,t,,10,10,,
		8,1,eur,"10 00",,t,,10,10,,`, priceHistory)
}

func TestOnlyAPriceMadeWithinTheBoundsReplaces(t *testing.T) {
	t.Parallel()
	for created, want := range map[string]string{
		"09 11": `1,1,usd,"01 00","10 12",f,removed,01,01,09,10`, // the last run that saw the price began then
		"09 12": `1,1,usd,"01 00","09 12",f,replaced,01,01,09,10`,
		"10 12": `1,1,usd,"01 00","10 12",f,replaced,01,01,09,10`,
		"10 13": `1,1,usd,"01 00","10 12",f,removed,01,01,09,10`,
	} {
		t.Run(created, func(t *testing.T) {
			t.Parallel()
			s := pricedSheet(t)
			s.price(1, "01", nil)
			s.price(2, "10", cells{"created_at": day(created)})
			s.removes(1, "09", "10")
			s.shows("spells", want, priceHistory+` LIMIT 1`)
		})
	}
}

func TestAPriceDoesNotReplaceItself(t *testing.T) {
	t.Parallel()
	s := pricedSheet(t)
	s.price(1, "10", cells{"created_at": day("10 05")}) // Polar's clock is ahead
	s.removes(1, "09", "10")
	s.shows("spells", `1,1,usd,"10 05","10 12",f,removed,10,10,10,10`, priceHistory)
}

func TestAPriceWithoutHistoryHasOneSpell(t *testing.T) {
	t.Parallel()
	s := pricedSheet(t)
	s.price(1, "01", nil) // there, and was there all the while
	s.price(2, "01", cells{"price_currency": "eur"})
	s.price(3, "01", cells{"price_currency": "jpy"})
	s.price(4, "05", cells{"price_currency": "jpy"})
	s.price(5, "01", cells{"price_currency": "brl"})
	s.price(6, "01", cells{"price_currency": "jpy", "created_at": day("01 01")}) // not after the third was first seen
	for _, n := range []int{1, 2, 3, 4, 5} {
		s.removes(n, "09", "10")
	}
	s.restores(1, "12", "13")
	s.restores(5, "12", "13")
	s.exec(`DELETE FROM changes WHERE not_after < $1`, day("11 00"))
	s.removes(5, "19", "20")
	s.shows("forgotten until the 11th", `
		1,1,usd,"01 00",,t,,01,01,,
		2,1,eur,"01 00","10 11",f,removed,01,01,,10
		3,1,jpy,"01 00","05 00",f,replaced,01,01,,10
		4,1,jpy,"05 00","10 11",f,removed,05,05,,10
		5,1,brl,"01 00","20 12",f,removed,01,01,19,20
		6,1,jpy,"01 01",,t,,01,01,,`, priceHistory)
}

func TestPriceHistoryBearsEditsByHand(t *testing.T) {
	t.Parallel()
	s := pricedSheet(t)
	s.price(1, "01", nil)
	s.price(2, "01", cells{"price_currency": "eur"})
	s.price(3, "01", cells{"price_currency": "jpy"})
	s.price(4, "01", cells{"price_currency": "brl"})

	// Moved after it was set: a price ends once.
	s.removes(1, "09", "10")
	s.exec(`UPDATE prices SET removed_at = $2 WHERE id = $1`, nth(1), day("11 00"))
	// Set by hand, at a time that the database told.
	s.exec(`UPDATE prices SET removed_at = $2 WHERE id = $1`, nth(2), day("10 00"))
	// Deleted and read again: Polar offered it all the while.
	s.exec(`DELETE FROM prices WHERE id = $1`, nth(3))
	s.price(3, "01", cells{"price_currency": "jpy", "first_seen_at": day("15 00")})
	// Deleted after it was removed, and read again.
	s.removes(4, "09", "10")
	s.exec(`DELETE FROM prices WHERE id = $1`, nth(4))
	s.price(4, "01", cells{"price_currency": "brl", "first_seen_at": day("15 00")})

	// Back already when another like it had long been there.
	s.price(5, "01", cells{"price_currency": "clp"})
	s.price(6, "05", cells{"price_currency": "clp"})
	s.removes(5, "09", "10")
	s.restores(5, "12", "13")

	s.exec(`UPDATE changes SET not_after = $1 WHERE entity = 'prices' AND op = 'remove' AND entity_id = $2`, day("12 00"), nth(2)) // for the clock
	s.shows("by hand", `
		1,1,usd,"01 00","10 12",f,removed,01,01,09,10
		2,1,eur,"01 00","12 00",f,removed,01,01,01,12
		3,1,jpy,"01 00",,t,,01,01,,
		4,1,brl,"01 00","10 12",f,removed,01,01,09,10
		4,2,brl,"15 00",,t,,,15,,
		5,1,clp,"01 00","10 12",f,removed,01,01,09,10
		5,2,clp,"13 12",,t,,12,13,,
		6,1,clp,"05 00",,t,,05,05,,`, priceHistory)

	// Where no trigger ran, the row has the last word, and no spell begins before the last one ended.
	s.exec(`ALTER TABLE prices DISABLE TRIGGER USER`)
	s.exec(`UPDATE prices SET removed_at = CASE WHEN removed_at IS NULL THEN $1::timestamptz END`, day("20 00"))
	s.shows("unseen", `
		1,1,usd,"01 00","10 12",f,removed,01,01,09,10
		1,2,usd,"10 12",,t,,,10,,
		2,1,eur,"01 00","12 00",f,removed,01,01,01,12
		2,2,eur,"12 00",,t,,,12,,
		3,1,jpy,"01 00","20 00",f,removed,01,01,,20
		4,1,brl,"01 00","10 12",f,removed,01,01,09,10
		5,1,clp,"01 00","10 12",f,removed,01,01,09,10
		5,2,clp,"13 12","20 00",f,removed,12,13,,20
		6,1,clp,"05 00","20 00",f,removed,05,05,,20`, priceHistory)
}

func TestPriceHistoryTellsWhatEachKindCosts(t *testing.T) {
	t.Parallel()
	const most = 9223372036854775807
	tier := func(position int, row cells) cells {
		row["position"] = position
		return row
	}
	for name, c := range map[string]struct {
		price cells
		tiers []cells
		want  string // currency, exponent, amount, in its own units, of a unit, in its own units
	}{
		"fixed":                  {cells{"price_amount": 1250}, nil, "usd,2,1250,12.50,,"},
		"fixed without decimals": {cells{"price_amount": 1050, "price_currency": "jpy"}, nil, "jpy,0,1050,1050,,"},
		"fixed at its most":      {cells{"price_amount": most}, nil, "usd,2,9223372036854775807,92233720368547758.07,,"},
		"fixed of no amount":     {cells{"price_amount": nil}, nil, "usd,2,,,,"},
		"custom with a preset":   {cells{"amount_type": "custom", "preset_amount": 0, "minimum_amount": 500}, nil, "usd,2,0,0.00,,"},
		"custom without":         {cells{"amount_type": "custom", "minimum_amount": 500}, nil, "usd,2,500,5.00,,"},
		"custom without bounds":  {cells{"amount_type": "custom"}, nil, "usd,2,,,,"},
		"free":                   {cells{"amount_type": "free", "price_currency": nil, "price_amount": nil}, nil, ",,0,,,"},
		"metered":                {cells{"amount_type": "metered_unit", "unit_amount": "0.123456789"}, nil, "usd,2,,,0.123456789,0.00123456789"},
		"metered in yen":         {cells{"amount_type": "metered_unit", "unit_amount": "0.5", "price_currency": "jpy"}, nil, "jpy,0,,,0.5,0.5"},
		"metered without end":    {cells{"amount_type": "metered_unit", "unit_amount": "Infinity"}, nil, "usd,2,,,Infinity,Infinity"},
		"metered by nonsense":    {cells{"amount_type": "metered_unit", "unit_amount": "NaN"}, nil, "usd,2,,,NaN,NaN"},
		"metered in tiers": {
			cells{"amount_type": "metered_tiers"},
			[]cells{tier(1, cells{"unit_amount": 1}), tier(0, cells{"unit_amount": "2.5", "bound": 10})},
			"usd,2,,,2.5,0.025",
		},
		"seats": {
			cells{"amount_type": "seat_based", "price_per_seat": 1},
			[]cells{tier(1, cells{"price_per_seat": 400}), tier(0, cells{"price_per_seat": 500, "min_seats": 2})},
			"usd,2,,,500,5.00",
		},
		"units":           {cells{"amount_type": "unit_based"}, []cells{tier(0, cells{"unit_amount": "1E+3"})}, "usd,2,,,1000,10.00"},
		"without tiers":   {cells{"amount_type": "unit_based"}, nil, "usd,2,,,,"},
		"a kind to come":  {cells{"amount_type": "barter", "unit_amount": 5}, nil, "usd,2,,,,"},
		"of no currency":  {cells{"price_currency": nil}, nil, ",,1000,,,"},
		"of odd currency": {cells{"price_currency": "isk"}, nil, "isk,2,1000,10.00,,"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := pricedSheet(t)
			s.price(1, "01", c.price)
			for _, row := range c.tiers {
				row["price_id"] = nth(1)
				s.put("price_tiers", row)
			}
			s.shows("price", c.want, `SELECT currency, currency_exponent, amount, amount_major, unit_amount, unit_amount_major FROM polar_bi.price_history`)
		})
	}
}

func TestPriceHistoryNamesTheProduct(t *testing.T) {
	t.Parallel()
	s := pricedSheet(t)
	s.exec(`UPDATE products SET is_recurring = true, recurring_interval = 'month'`)
	s.price(1, "01", cells{"recurring_interval": "day", "tax_behavior": "inclusive"})
	s.price(2, "01", cells{"recurring_interval": "year", "legacy": true})
	s.removes(1, "09", "10")
	s.shows("prices", `
		`+nth(1)+`,`+nth(100)+`,Handbook,`+nth(0)+`,f,month,inclusive
		`+nth(2)+`,`+nth(100)+`,Handbook,`+nth(0)+`,t,year,`,
		`SELECT price_id, product_id, product_name, organization_id, is_legacy, recurring_interval, tax_behavior
		FROM polar_bi.price_history WHERE product_name = 'Handbook' ORDER BY price_id`)
}
