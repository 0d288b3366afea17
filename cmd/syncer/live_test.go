package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/db/dbtest"
	"syncer/internal/fetch/fetchtest"
)

// livePlace is a place whose Polar has only these links of the real server.
func livePlace(tb testing.TB, links ...string) *place {
	tb.Helper()
	polar := fetchtest.StartServer(tb, fetchtest.NewServer(recording(tb, "seed-ads")))
	var answers []fetchtest.Answer
	for _, name := range links {
		answers = append(answers, fetchtest.Live(name))
	}
	polar.Use(answers...)
	return placeFor(tb, dbtest.URL(tb), polar)
}

// prices are what explain says of the prices of each product that a link offers.
func prices(tb testing.TB, p *place, id string) map[string][]string {
	tb.Helper()
	said := map[string][]string{}
	for _, o := range decode[story](tb, once(tb, p.env, exitDone, "explain", "--json", id).stdout.String()).Offers {
		said[o.Product] = o.Prices
		slices.Sort(said[o.Product])
	}
	return said
}

// TestAmountsAreSaidAsPolarShowsThem reads prices in currencies whose minor units
// are not ISO 4217's.
func TestAmountsAreSaidAsPolarShowsThem(t *testing.T) {
	t.Parallel()
	p := livePlace(t, "minor-units")
	id := fetchtest.Live("minor-units").ID
	once(t, p.env, exitDifferent, "backfill", "--dry-run").printing("price 1500.00 isk of ", "price 37000.00 ugx of ", "price 45000 mga of ")
	backfilled(t, p.env, exitDone)
	want := map[string][]string{"Currencies with odd minor units": {
		"10.00 eur", "12000 krw", "1500 jpy", "1500.00 isk", "300.00 twd", "37000.00 ugx", "4000.00 huf", "45000 mga",
	}}
	if diff := cmp.Diff(want, prices(t, p, id)); diff != "" {
		t.Error(diff)
	}
}

// TestTiersAreSaidAsTiers reads prices by seats, units and usage, and says them as
// tiers when they come, while they are there, when they are replaced, when they go
// and when they come back.
func TestTiersAreSaidAsTiers(t *testing.T) {
	t.Parallel()
	const (
		seats  = "by seats, graduated: 2-5 at 0.00 eur, 6-50 at 7.00 eur, 51-100 at 5.00 eur a seat a month"
		dearer = "by seats, graduated: 2-5 at 0.00 eur, 6-50 at 9.00 eur, 51-100 at 5.00 eur a seat a month"
		units  = "by units, graduated: 1-5 at 0.00 eur, 6-100 at 10.00 eur a unit a year"
		usage  = "by usage, graduated: 1-1000 at 123.45123456789012 eur, from 1001 at 0.00000000000005 eur a unit a year"
	)
	p := livePlace(t, "tiers")
	id := fetchtest.Live("tiers").ID
	once(t, p.env, exitDifferent, "backfill", "--dry-run").printing("+ price "+seats+" of ", "+ price "+units+" of ")
	backfilled(t, p.env, exitDone)
	want := map[string][]string{
		"Seats graduated": {seats}, "Units graduated": {units},
		"Metered big": {"0.005 eur a unit a year", "0.01 eur a unit a year", "123.45123456789012 eur a unit a year"},
	}
	if diff := cmp.Diff(want, prices(t, p, id)); diff != "" {
		t.Error(diff)
	}

	change := func(edits, want string) {
		t.Helper()
		p.polar.Use(fetchtest.Live("tiers"))
		p.polar.Overlay(edits)
		once(t, p.env, exitDifferent, "backfill", "--dry-run").printing(want)
		backfilled(t, p.env, exitDone)
		once(t, p.env, exitDone, "explain", id).printing(want[2:])
	}
	change(`0 products[0].prices[0].id "00000004-0000-4000-8000-00000000000a"
		0 products[0].prices[0].seat_tiers.tiers[1].price_per_seat 900`, `~ price of "Seats graduated" `+seats+` -> `+dearer)
	change("", `~ price of "Seats graduated" `+dearer+` -> `+seats)
	change(`0 products[0].prices []`, `- price `+seats+` of "Seats graduated" is gone`)
	change("", `+ price `+seats+` of "Seats graduated" is new`)

	p = livePlace(t, "september-2026")
	once(t, p.env, exitDifferent, "backfill", "--dry-run").printing(usage)
	backfilled(t, p.env, exitDone)
	if said := prices(t, p, fetchtest.Live("september-2026").ID)["Metered big"]; !slices.Contains(said, usage) {
		t.Errorf("%q, want %s", said, usage)
	}
}

// TestWhatLeftItsLinksIsNotForSale archives a product at Polar, which takes it off its
// link without a mark, and deletes a link. README's query of what is for sale knows
// neither any more, though no row says that the product is archived or its price removed.
func TestWhatLeftItsLinksIsNotForSale(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, query, _ := strings.Cut(string(readme), "```sql\n")
	query, _, found := strings.Cut(query, ";\n```")
	if !found {
		t.Fatal("README has no query")
	}
	p, second := livePlace(t, "tiers"), fetchtest.Live("tiers")
	second.ID = "00000001-0000-4000-8000-00000000000b"
	if second.Body, err = fetchtest.Edit(second.Body, `id "`+second.ID+`"
		products[1] -
		products[0] -`); err != nil {
		t.Fatal(err)
	}
	p.polar.Overlay(`0 products[2] -`)
	p.polar.Add(second)
	wants := func(when, sold string) {
		t.Helper()
		backfilled(t, p.all(), exitDone)
		const names = `SELECT coalesce(string_agg(DISTINCT product_name, ', ' ORDER BY product_name), '') FROM (`
		if got := ask[string](t, p.database, names+query+`) AS sold`); got != sold {
			t.Errorf("%s: %q is for sale, want %q", when, got, sold)
		}
		const lasting = `SELECT p.name AS product_name FROM products AS p JOIN prices AS r ON r.product_id = p.id WHERE r.removed_at IS NULL`
		if got := ask[string](t, p.database, names+lasting+`) AS kept`); got != "Metered big, Seats graduated, Units graduated" {
			t.Errorf("%s: %s have prices that are not removed", when, got)
		}
	}
	wants("at first", "Metered big, Seats graduated, Units graduated")
	p.polar.Overlay(`0 products[0] -`)
	wants("one is archived", "Metered big, Units graduated")
	p.polar.Delete(second.ID)
	wants("a link is gone", "Units graduated")
	once(t, p.env, exitDone, "explain", second.ID).printing("offered when it was last there, and sells no more\n  Metered big\n")
	once(t, p.env, exitDone, "explain", fetchtest.Live("tiers").ID).printing("offers now\n  Units graduated\n", "no longer offers product \"Seats graduated\"")
	p.polar.Overlay(`0 products[0].is_archived true`)
	wants("an answer shows one as archived, as in 2025", "")
}
