package syncer_test

import (
	"bytes"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer"
)

// rename makes every answer show another name of the product whose name is old.
func rename(polar *fetchtest.Server, old, name string) {
	for _, link := range polar.Links() {
		polar.Mutate(link.ID, func(body []byte) []byte {
			return bytes.ReplaceAll(body, fmt.Appendf(nil, `"name":%q`, old), fmt.Appendf(nil, `"name":%q`, name))
		})
	}
}

// shared is the name of a product that links of both LIST pages show.
func (b *bench) shared() string {
	b.tb.Helper()
	names := b.column(`
		SELECT name FROM (
			SELECT p.name, min(n.n) AS first, max(n.n) AS last
			FROM products AS p
			JOIN checkout_link_products AS j ON j.product_id = p.id
			JOIN (SELECT id, row_number() OVER (ORDER BY created_at) AS n FROM checkout_links) AS n ON n.id = j.checkout_link_id
			WHERE p.name ~ '^[A-Za-z0-9 ]+$'
			GROUP BY p.id
		) AS shown WHERE first <= 50 AND last > 100 ORDER BY name LIMIT 1`)
	if len(names) != 1 {
		b.tb.Fatal("no product is shown on both pages")
	}
	return names[0]
}

// TestARenameBetweenTwoRequestsEndsEqualEverywhere renames a shared product while
// the run is under way: the links that saw the old name are fetched again.
func TestARenameBetweenTwoRequestsEndsEqualEverywhere(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		source func(*bench) syncer.Source
		late   func(*http.Request) bool // the request before which the rename happens
	}{
		"all":   {(*bench).all, fetchtest.OnList(2)},
		"by id": {(*bench).links, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "alpha")
			source := test.source(b)
			b.run(source)
			old := b.shared()
			late := test.late
			if late == nil { // the last of its links
				late = fetchtest.OnLink(b.column(`SELECT max(j.checkout_link_id::text) FROM checkout_link_products AS j
					JOIN products AS p ON p.id = j.product_id WHERE p.name = $1`, old)...)
			}
			b.polar.Inject(fetchtest.Fault{Match: late, Times: 1, Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
				rename(b.polar, old, "Renamed in between")
				normal.ServeHTTP(w, r)
			}})
			report := b.run(source)
			if report.Status != syncer.Succeeded || report.Links.Total != 120 {
				t.Errorf("report: %+v", report)
			}
			if got := b.column(`SELECT count(*)::text FROM products WHERE name = 'Renamed in between'`); got[0] != "1" {
				t.Errorf("%s products have the new name", got[0])
			}
			first := report.Requests
			if first <= 2 {
				t.Errorf("%d requests: nothing was fetched again", first)
			}
			if again := b.run(source); again.Links.Changed != 0 {
				t.Errorf("the next run finds %d links changed", again.Links.Changed)
			}
		})
	}
}

// TestWhatNeverSettlesIsPartial renames a shared product with every answer: after
// some rounds the run gives up on its links and says so, and the next clears it.
func TestWhatNeverSettlesIsPartial(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed")
	source := b.links()
	b.run(source)
	shown := b.column(`SELECT j.product_id::text FROM checkout_link_products AS j GROUP BY 1 HAVING count(*) >= 3 ORDER BY 1 LIMIT 1`)
	name := b.column(`SELECT name FROM products WHERE id = $1::uuid`, shown[0])[0]
	var counter atomic.Int64
	fault := b.polar.Inject(fetchtest.Fault{Play: fetchtest.Mangle(func(body []byte) []byte {
		return bytes.ReplaceAll(body, fmt.Appendf(nil, `"id":%q,"name":%q`, shown[0], name),
			fmt.Appendf(nil, `"id":%q,"name":"Name %d"`, shown[0], counter.Add(1)))
	})})
	report := b.run(source)
	want := b.column(`SELECT checkout_link_id::text FROM checkout_link_products WHERE product_id = $1::uuid ORDER BY 1`, shown[0])
	if diff := cmp.Diff(want, b.column(`SELECT checkout_link_id::text FROM sync_failures WHERE kind = 'torn' ORDER BY 1`)); diff != "" {
		t.Errorf("links on record as torn:\n%s", diff)
	}
	if report.Status != syncer.Partial || report.Links.Failed != len(want) || report.Links.Total != len(source.IDs) {
		t.Errorf("report: %s, %+v", report.Status, report.Links)
	}
	fault.Stop()
	if report := b.run(source); report.Status != syncer.Succeeded {
		t.Errorf("afterwards: %+v", report)
	}
	if left := b.column(`SELECT checkout_link_id::text FROM sync_failures`); left != nil {
		t.Errorf("failures left: %q", left)
	}
}
