package views_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch/fetchtest"
)

// TestPricesComeAndGo replaces a product's prices, takes one away, brings one back, and
// takes the product off its link and puts it there again.
func TestPricesComeAndGo(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	b := made(t)
	names := map[string]string{}
	name := func(n string, price object) object {
		price["id"] = fmt.Sprintf("%08x-0000-4000-8000-000000000000", len(names)+0xa000)
		names[fmt.Sprint(price["id"])] = n
		return price
	}
	// now makes a price as Polar would between two runs.
	now := func(price object) object {
		return with(price, object{"created_at": b.clock().UTC().Format(time.RFC3339Nano)})
	}
	product, other := m.product(monthly(nil)), m.sells(m.fixed("usd", 1))
	fields := object{"id": m.id()}
	step := func(products []object, prices ...object) {
		t.Helper()
		for _, p := range prices {
			p["product_id"] = product["id"]
		}
		product["prices"] = prices
		b.polar.Use(m.link(fields, products...), m.link(object{"id": "ffffffff-0000-4000-8000-000000000000"}, other))
		b.run(b.all())
		b.check()
	}
	shown, hidden := []object{other, product}, []object{other}

	first, eur := name("first", m.fixed("usd", 1000)), name("eur", m.fixed("eur", 900))
	seats, usage := name("seats", m.seats("usd", "volume", 1, nil, seatTier(1, nil, 100))), name("usage", m.metered("usd", "0.5", nil))
	own, yen := name("own", m.custom("jpy", 100, nil, nil)), name("yen", m.fixed("jpy", 1050))
	step(shown, first, eur, seats, usage, own, yen)

	second, newSeats := name("second", now(m.fixed("usd", 1100))), name("new seats", now(m.seats("usd", "volume", 1, nil, seatTier(1, nil, 90))))
	step(shown, second, eur, newSeats, own, yen) // usage is removed

	// Of the same kind in another currency, of another kind in the same one, and old: these replace nothing.
	old := name("old", m.fixed("eur", 5))
	third, thirdAndHalf := name("third", now(m.fixed("usd", 1200))), name("third and a half", now(m.fixed("usd", 1300)))
	pounds := name("pounds", now(m.fixed("gbp", 800)))
	step(shown, thirdAndHalf, third, old, pounds, newSeats, own) // eur and yen are removed

	step(shown, first, third, eur, newSeats, own) // first and eur are back
	step(shown, third, eur, newSeats, own)        // and first goes again
	step(hidden, third)
	step(hidden, third)
	fourth := name("fourth", now(m.fixed("usd", 1400)))
	step(hidden, fourth)
	step(shown, fourth, first, eur) // it has changed meanwhile, nobody saw when

	var got []string
	for _, r := range b.check()["price_history"] {
		if name := names[fmt.Sprint(r["price_id"])]; name != "" {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %v", name, r["spell"], r["ended_by"])))
		}
	}
	slices.Sort(got)
	want := []string{
		"eur 1 removed", "eur 2 <nil>", "first 1 replaced", "first 2 removed", "first 3 <nil>", "fourth 1 <nil>", "new seats 1 removed",
		"old 1 removed", "own 1 removed", "pounds 1 removed", "seats 1 replaced", "second 1 replaced", "third 1 replaced",
		"third and a half 1 removed", "usage 1 removed", "yen 1 removed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	var touch, overlap int
	b.scan(`
		SELECT count(*) FILTER (WHERE a.valid_to = b.valid_from), count(*) FILTER (WHERE a.valid_to > b.valid_from AND a.valid_from < b.valid_from)
		FROM polar_bi.price_history AS a
		JOIN polar_bi.price_history AS b USING (product_id, currency, amount_type)
		WHERE a.ended_by = 'replaced' AND a.price_id <> b.price_id AND b.valid_from >= a.valid_to`, &touch, &overlap)
	if touch != 4 || overlap != 0 {
		t.Errorf("%d replaced prices touch the one that came, want 4; %d overlap it", touch, overlap)
	}
}

// TestBoundsOfReplacement moves the price that replaced another to the very bounds of
// when the other one ended.
func TestBoundsOfReplacement(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	b := made(t)
	product, fields := m.product(nil), object{"id": m.id()}
	for _, amount := range []int{1000, 1100} {
		price := with(m.fixed("usd", amount), object{"product_id": product["id"]})
		product["prices"] = []object{price}
		b.polar.Use(m.link(fields, product))
		b.run(b.all())
	}
	for _, c := range []struct{ created, want string }{
		{"valid_to_not_before - interval '1 microsecond'", "removed true"},
		{"valid_to_not_before", "removed true"},
		{"valid_to_not_before + interval '1 microsecond'", "replaced true"},
		{"valid_to_not_after", "replaced true"},
		{"valid_to_not_after + interval '1 microsecond'", "removed true"},
	} {
		tag, err := b.db.Pool().Exec(t.Context(), `
			UPDATE polar.prices SET created_at = (SELECT `+c.created+` FROM polar_bi.price_history WHERE NOT is_current)
			WHERE removed_at IS NULL`)
		if err != nil || tag.RowsAffected() != 1 {
			t.Fatalf("%d prices changed: %v", tag.RowsAffected(), err)
		}
		var got string
		b.scan(`
			SELECT a.ended_by || ' ' || (a.valid_to = CASE a.ended_by WHEN 'replaced' THEN p.created_at ELSE a.valid_to_not_after END)
			FROM polar_bi.price_history AS a
			JOIN polar.prices AS p ON p.removed_at IS NULL
			WHERE NOT a.is_current`, &got)
		if got != c.want {
			t.Errorf("the other was made at %s: %s, want %s", c.created, got, c.want)
		}
	}
}

// TestForgottenHistory drops the changes, as keep_changes_days does in time: a price then
// has one spell, which ended when it was removed.
func TestForgottenHistory(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	b := made(t)
	product, fields := m.product(nil), object{"id": m.id()}
	gone, back := m.fixed("usd", 1), m.fixed("eur", 2)
	for _, prices := range [][]object{{gone, back}, {}, {gone, back}, {back}} {
		for _, p := range prices {
			p["product_id"] = product["id"]
		}
		product["prices"] = prices
		b.polar.Use(m.link(fields, product))
		b.run(b.all())
		b.check()
	}
	const sql = `
		SELECT array_agg(concat_ws(' ', h.currency, h.spell, h.valid_from = p.created_at, h.valid_to = p.removed_at, h.is_current, h.ended_by) ORDER BY h.currency, h.spell)
		FROM polar_bi.price_history AS h
		JOIN polar.prices AS p ON p.id = h.price_id`
	var got []string
	b.scan(sql, &got)
	if len(got) != 4 {
		t.Errorf("%d spells before anything is forgotten: %q", len(got), got)
	}
	if _, err := b.db.Pool().Exec(t.Context(), `DELETE FROM polar.changes`); err != nil {
		t.Fatal(err)
	}
	b.scan(sql, &got)
	if diff := cmp.Diff([]string{"eur 1 t t", "usd 1 t t f removed"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestRedemptionsAreCounted redeems a discount from run to run, gives one back, and
// redeems it while no link shows it.
func TestRedemptionsAreCounted(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	b := made(t)
	discount, other := m.percent(1000), m.percent(500)
	fields, plain := object{"id": m.id()}, m.link(nil, m.sells(m.fixed("usd", 1)))
	for i, c := range []struct {
		count int
		shown object
	}{
		{3, discount}, {5, discount}, {4, discount}, {4, discount}, {9, other}, {9, nil}, {9, discount}, {10, discount},
	} {
		discount["redemptions_count"], other["redemptions_count"] = c.count, i
		with(fields, object{"discount": nil, "discount_id": nil})
		if c.shown != nil {
			fields["discount"] = c.shown
		}
		b.polar.Use(m.link(fields, m.sells(m.fixed("usd", 1))), plain)
		b.run(b.all())
		b.check()
	}
	var got []string
	for _, r := range b.check()["discount_redemptions"] {
		got = append(got, fmt.Sprintf("%v to %v", r["redemptions"], r["redemptions_count"]))
	}
	if diff := cmp.Diff([]string{"1 to 10", "-1 to 4", "2 to 5", "5 to 9"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestLinksGetOld looks at freshness after runs over all links, over some, over none
// since they ended early, and while links fail.
func TestLinksGetOld(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	var links []fetchtest.Answer
	for range 8 {
		links = append(links, m.link(nil, m.sells(m.fixed("usd", 1))))
	}
	b := made(t, links...)
	broken := fetchtest.Answer{ID: m.id(), Status: 500}
	step := func(run func()) {
		t.Helper()
		run()
		b.check()
	}
	status := func(link fetchtest.Answer, is int) {
		link.Status = is
		if is != 200 {
			link.Body = nil
		}
		b.polar.Set(link.ID, link)
	}
	all := func() { b.run(b.all()) }
	three := func() { b.run(b.picked(links[:3]...)) }
	step(all)
	step(three) // a one-shot run makes these fresher and no other
	step(three)
	step(func() { // one is of both, another was never seen
		b.polar.Set(broken.ID, broken)
		b.run(b.picked(links[2], links[3], broken))
	})
	step(three)
	step(func() { // it fails
		status(links[0], 500)
		status(links[4], 500)
		three()
	})
	step(three)
	step(func() { b.run(b.picked(links[2], links[3], broken)) })
	step(func() { // it is well
		status(links[0], 200)
		three()
	})
	step(func() { // it is gone
		status(links[1], 404)
		three()
	})
	step(func() { // a run that ends early stands for nothing
		token := b.polar.Token()
		b.polar.SetToken("")
		three()
		b.polar.SetToken(token)
	})
	step(func() { b.run(b.picked(append(links[:len(links):len(links)], broken)...)) })
	var wrong int
	b.scan(`SELECT count(*) FROM polar_bi.freshness WHERE age IS DISTINCT FROM now() - seen_at OR (failure_message IS NULL) <> (status = 'ok')`, &wrong)
	if wrong != 0 {
		t.Errorf("%d rows with a wrong age or message", wrong)
	}
}

// TestARunOverAllStandsForItsOrganization has two sources, each with all links of an
// organization of its own.
func TestARunOverAllStandsForItsOrganization(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	b := made(t, m.link(nil, m.sells(m.fixed("usd", 1))), m.link(nil, m.sells(m.fixed("usd", 2))))
	m = m.elsewhere()
	other := b.beside("other", m.link(nil, m.sells(m.fixed("usd", 3))))
	for _, turn := range []*bench{b, other, b, b, other} {
		turn.run(turn.all())
		turn.check()
	}
	want := b.check()["freshness"]
	if want[0]["seen_at"] != want[1]["seen_at"] || want[0]["seen_at"] == want[2]["seen_at"] {
		t.Errorf("the first two links were seen together, the third was not: %v", want)
	}
}

// TestLinksWithoutAnID has two links that the list cannot show, and that nobody has seen.
func TestLinksWithoutAnID(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	b := made(t)
	var links []fetchtest.Answer
	for range 4 {
		links = append(links, m.link(nil, m.sells(m.fixed("usd", 1))))
	}
	b.polar.Use(links...)
	for _, place := range []int{1, 3} {
		b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnPlace(place), Play: fetchtest.Status(500, "Internal Server Error")})
	}
	b.run(b.all())
	var got []string
	b.scan(`
		SELECT array_agg(concat_ws(' ', nullif(checkout_link_id, '00000000-0000-0000-0000-000000000000') IS NULL, status,
			seen_at IS NULL, age IS NULL, organization_id IS NULL, failed_attempts, failure_kind) ORDER BY checkout_link_id)
		FROM polar_bi.freshness`, &got)
	none := "t never_seen t t t 1 unavailable"
	if diff := cmp.Diff([]string{none, none, "f ok f f f", "f ok f f f"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
