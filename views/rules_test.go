package views_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"syncer/internal/fetch/fetchtest"
	tables "syncer/internal/syncer/oracle"
	"syncer/views/oracle"
)

// TestColumnsArePromised finds every column that the contract names, of its type.
func TestColumnsArePromised(t *testing.T) {
	t.Parallel()
	b := made(t)
	for _, v := range oracle.Views() {
		rows, err := b.db.Pool().Query(t.Context(), `
			SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
			WHERE attrelid = ('polar_bi.' || $1::text)::regclass AND attnum > 0 ORDER BY attnum`, v.Name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c [2]string, err error) {
			err = row.Scan(&c[0], &c[1])
			return c, err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range v.Columns {
			kind := map[string]string{"timestamptz": "timestamp with time zone"}[c.Type()]
			if kind == "" {
				kind = c.Type()
			}
			if !slices.Contains(got, [2]string{c.Name, kind}) {
				t.Errorf("%s has no column %s of type %s: %v", v.Name, c.Name, kind, got)
			}
		}
	}
}

// TestADiscountCountsToTheMoment moves the begin and the end of a discount to now, and as
// far from it as time can tell.
func TestADiscountCountsToTheMoment(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	b := made(t, m.link(object{"discount": m.percent(1000)}, m.sells(m.fixed("usd", 50))))
	b.run(b.all())
	for set, want := range map[string]string{
		"starts_at = now()":                                "applied 5 45",
		"starts_at = now() + interval '1 microsecond'":     "not_started 0 50",
		"ends_at = now()":                                  "applied 5 45",
		"ends_at = now() - interval '1 microsecond'":       "ended 0 50",
		"starts_at = now(), ends_at = now()":               "applied 5 45",
		"starts_at = 'infinity', ends_at = '-infinity'":    "not_started 0 50",
		"starts_at = '-infinity', ends_at = 'infinity'":    "applied 5 45",
		"max_redemptions = redemptions_count":              "used_up 0 50",
		"max_redemptions = redemptions_count + 1":          "applied 5 45",
		"basis_points = 0":                                 "applied 0 50",
		"type = 'fixed', amount = 60, currency = 'usd'":    "applied 50 0",
		"type = 'fixed', amount = 60, currency = 'USD'":    "other_currency 0 50",
		"type = 'by_weight', starts_at = now() + '1 hour'": "unknown_kind 0 50",
	} {
		tx, err := b.db.Pool().Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got, offers string
		if _, err := tx.Exec(t.Context(), `UPDATE polar.discounts SET `+set); err != nil {
			t.Fatal(err)
		}
		const columns = ` concat_ws(' ', discount_status, discount_amount, net_amount) `
		if err := tx.QueryRow(t.Context(), `SELECT`+columns+`FROM polar_bi.link_checkouts`).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if err := tx.QueryRow(t.Context(), `SELECT`+columns+`FROM polar_bi.link_offers`).Scan(&offers); err != nil {
			t.Fatal(err)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got != want || offers != want {
			t.Errorf("%s: %s, and in link_offers %s, want %s", set, got, offers, want)
		}
	}
}

// TestDefaultCurrencyIsInferred has organizations whose products say which it is, and
// some that do not.
func TestDefaultCurrencyIsInferred(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	var links []fetchtest.Answer
	names := map[string]string{}
	add := func(name string, do func(m maker) []fetchtest.Answer) {
		all := do(m.elsewhere())
		links = append(links, all...)
		for _, l := range all {
			names[l.ID] = name
		}
	}
	both := func(m maker) object { return m.sells(m.fixed("usd", 1), m.fixed("eur", 1)) }
	euro := func(m maker) object { return m.sells(m.fixed("eur", 1)) }
	dollar := func(m maker) object { return m.sells(m.fixed("usd", 1)) }
	add("one", func(m maker) []fetchtest.Answer {
		return []fetchtest.Answer{m.link(nil, both(m)), m.link(nil, euro(m))}
	})
	add("none", func(m maker) []fetchtest.Answer { return []fetchtest.Answer{m.link(nil, dollar(m), euro(m))} })
	add("several", func(m maker) []fetchtest.Answer { return []fetchtest.Answer{m.link(nil, both(m), both(m))} })
	add("drafts count", func(m maker) []fetchtest.Answer {
		return []fetchtest.Answer{m.link(nil, both(m), with(euro(m), object{"visibility": "draft"}))}
	})
	add("archived ones do not", func(m maker) []fetchtest.Answer {
		return []fetchtest.Answer{m.link(nil, dollar(m), with(euro(m), object{"is_archived": true}))}
	})
	add("nor do those without a price, or a currency", func(m maker) []fetchtest.Answer {
		return []fetchtest.Answer{m.link(nil, dollar(m), m.sells(), m.sells(m.free()))}
	})
	add("legacy prices count", func(m maker) []fetchtest.Answer {
		return []fetchtest.Answer{m.link(nil, both(m), m.sells(legacy("month", m.fixed("eur", 1)), legacy("year", m.fixed("eur", 1))))}
	})
	add("gone links do not", func(m maker) []fetchtest.Answer {
		return []fetchtest.Answer{m.link(nil, dollar(m)), m.link(nil, euro(m))}
	})
	b := made(t, links...)
	b.run(b.all())
	b.polar.Delete(links[len(links)-1].ID)
	b.run(b.all())
	got := map[string][]string{}
	for _, r := range b.check()["link_checkouts"] {
		name := names[fmt.Sprint(r["checkout_link_id"])]
		got[name] = append(got[name], fmt.Sprintf("%v %v", r["currency"], r["is_default_currency"]))
	}
	want := map[string][]string{
		"one":                  {"eur true", "eur true", "usd false"},
		"none":                 {"eur <nil>", "usd <nil>"},
		"several":              {"eur <nil>", "eur <nil>", "usd <nil>", "usd <nil>"},
		"drafts count":         {"eur true", "eur true", "usd false"},
		"archived ones do not": {"eur false", "usd true"},
		"nor do those without a price, or a currency": {"<nil> <nil>", "<nil> <nil>", "usd true"},
		"legacy prices count":                         {"eur true", "eur true", "eur true", "usd false"},
		"gone links do not":                           {"usd true"},
	}
	for _, all := range got {
		slices.Sort(all)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestRowsThatPolarNeverSends edits rows by hand. The views then show what the oracle
// makes of these rows, and no error.
func TestRowsThatPolarNeverSends(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	b := made(t, m.link(object{"discount": m.percent(5000), "seats": 2, "units": 3}, m.product(monthly(nil),
		m.fixed("usd", 1000), m.custom("usd", 1, 2, 3), m.metered("usd", "0.5", 7),
		m.fixed("eur", 1000), m.seats("eur", "graduated", 1, 9, seatTier(1, 2, 100), seatTier(3, nil, 50)),
		m.fixed("jpy", 0), m.units("jpy", "graduated", 1, nil, unitTier(2, "100"), unitTier(nil, "0.5")),
		legacy("month", m.fixed("usd", 5)))))
	b.run(b.all())
	const most, least = "9223372036854775807", "-9223372036854775808"
	for _, set := range []string{
		"prices SET price_amount = NULL",
		"prices SET price_amount = " + most,
		"prices SET preset_amount = NULL, minimum_amount = NULL",
		"prices SET unit_amount = NULL, meter_id = NULL",
		"prices SET unit_amount = 1e300",
		"prices SET tier_type = NULL",
		"prices SET minimum_seats = NULL, maximum_seats = NULL, minimum_units = NULL, maximum_units = NULL",
		"prices SET minimum_seats = " + most + ", minimum_units = " + most,
		"prices SET minimum_units = " + least,
		"prices SET maximum_seats = 1, maximum_units = 1",
		"prices SET price_currency = NULL WHERE amount_type IN ('fixed', 'custom')",
		"prices SET amount_type = 'by_weight' WHERE amount_type = 'fixed'",
		"prices SET legacy = true, recurring_interval = 'year'",
		"prices SET removed_at = now()",
		"price_tiers SET price_per_seat = NULL, unit_amount = NULL WHERE position = 1",
		"price_tiers SET price_per_seat = " + most + " WHERE price_per_seat IS NOT NULL",
		"price_tiers SET unit_amount = 1e400 WHERE unit_amount IS NOT NULL",
		"price_tiers SET unit_amount = 1e-300 WHERE unit_amount IS NOT NULL",
		"price_tiers SET bound = " + most + " WHERE position = 1 AND unit_amount IS NOT NULL",
		"price_tiers SET max_seats = " + most + " WHERE position = 1 AND price_per_seat IS NOT NULL",
		"checkout_links SET seats = " + most + ", units = " + most,
		"checkout_links SET seats = " + least + ", units = " + least,
		"checkout_links SET discount_id = NULL",
		"checkout_links SET trial_interval = 'week', trial_interval_count = " + most,
		"discounts SET basis_points = " + most,
		"products SET visibility = NULL, recurring_interval_count = " + least,
	} {
		b.edited("UPDATE polar."+set, true)
	}
	for _, set := range []string{ // of these the views only have to be readable
		"prices SET price_amount = " + least,
		"prices SET price_amount = -5, preset_amount = -7, minimum_amount = -9",
		"prices SET minimum_seats = " + least + ", maximum_seats = " + least,
		"prices SET unit_amount = 'NaN'",
		"prices SET unit_amount = 'infinity'",
		"prices SET created_at = 'infinity', removed_at = '-infinity'",
		"prices SET created_at = '-infinity', removed_at = 'infinity', first_seen_at = 'infinity'",
		"prices SET price_currency = NULL",
		"prices SET price_currency = ''",
		"price_tiers SET unit_amount = 'NaN'",
		"price_tiers SET unit_amount = 'infinity'",
		"price_tiers SET unit_amount = '-infinity'",
		"price_tiers SET unit_amount = 9e131071",
		"price_tiers SET unit_amount = -0.5, price_per_seat = " + least,
		"price_tiers SET min_seats = NULL, max_seats = NULL, bound = NULL",
		"price_tiers SET bound = " + most + ", max_seats = " + most,
		"price_tiers SET bound = " + least + ", min_seats = " + most + ", max_seats = " + least,
		"checkout_links SET changed_at = 'infinity'",
		"checkout_links SET changed_at = '-infinity'",
		"checkout_links SET changed_at = '294276-12-31'",
		"checkout_links SET changed_at = '4713-01-01 BC'",
		"checkout_links SET removed_at = '-infinity'",
		"discounts SET basis_points = NULL",
		"discounts SET basis_points = " + least,
		"discounts SET type = 'fixed', amount = " + least + ", currency = 'usd'",
		"discounts SET starts_at = 'infinity', ends_at = '-infinity'",
		"discounts SET max_redemptions = " + least + ", redemptions_count = " + most,
		"discounts SET max_redemptions = " + most + ", redemptions_count = " + least,
		"sync_runs SET observing_since = 'infinity', finished_at = '-infinity'",
		"sync_runs SET observing_since = '-infinity', finished_at = 'infinity'",
		`changes SET not_before = 'infinity', not_after = '-infinity'`,
		`changes SET op = 'update', entity = 'discounts', before = '{"redemptions_count": "many"}', after = '{"redemptions_count": 1e30}'`,
		`changes SET op = 'update', entity = 'discounts', before = '{"redemptions_count": ` + least + `}', after = '{"redemptions_count": ` + most + `}'`,
		`changes SET op = 'update', entity = 'discounts', before = '{"redemptions_count": null}', after = '{"redemptions_count": {}}'`,
		`changes SET op = 'update', entity = 'discounts', before = '[]', after = '"redemptions_count"'`,
		`changes SET op = 'remove', entity = 'prices', before = '{"removed_at": null}', after = '{"removed_at": "yesterday"}'`,
		`changes SET op = 'restore', entity = 'prices', before = '{"removed_at": 7}', after = '{"removed_at": []}'`,
	} {
		b.edited("UPDATE polar."+set, false)
	}
}

// edited reads the views after a statement that is undone, and compares them with what the
// oracle makes of the rows, where there is anything to be made of them.
func (b *bench) edited(sql string, compare bool) {
	b.tb.Helper()
	tx, err := b.db.Pool().Begin(b.tb.Context())
	if err != nil {
		b.tb.Fatal(err)
	}
	defer tx.Rollback(b.tb.Context())
	if _, err := tx.Exec(b.tb.Context(), `SET LOCAL statement_timeout = '20s'`); err != nil {
		b.tb.Fatal(err)
	}
	if tag, err := tx.Exec(b.tb.Context(), sql); err != nil || tag.RowsAffected() == 0 {
		b.tb.Fatalf("%s: %d rows: %v", sql, tag.RowsAffected(), err)
	}
	want := map[string][]oracle.Row{}
	if compare {
		rows, err := tables.Read(b.tb.Context(), tx)
		if err != nil {
			b.tb.Fatal(err)
		}
		c, now := oracle.NewCatalogue(rows), b.clock()
		want = map[string][]oracle.Row{"link_checkouts": c.LinkCheckouts(now), "link_offers": c.LinkOffers(now), "unsellable_links": c.UnsellableLinks(b.history.At)}
	}
	for _, v := range oracle.Views() {
		got, err := v.Read(b.tb.Context(), tx)
		if err != nil {
			b.tb.Errorf("%s: %v", sql, err)
			return // the transaction is no more
		}
		if rows, computed := want[v.Name]; computed {
			if diff := v.Diff(v.Sorted(rows), got); diff != "" {
				b.tb.Errorf("%s: %s", sql, diff)
			}
		}
	}
	for _, view := range []string{"checkout_links", "products", "discounts", "changes", "runs"} { // TABLE reads every column
		if _, err := tx.Exec(b.tb.Context(), "TABLE polar_bi."+view); err != nil {
			b.tb.Errorf("%s: read %s: %v", sql, view, err)
			return
		}
	}
	if _, err := tx.Exec(b.tb.Context(), `SELECT age FROM polar_bi.freshness`); err != nil {
		b.tb.Errorf("%s: the age of links: %v", sql, err)
	}
}
