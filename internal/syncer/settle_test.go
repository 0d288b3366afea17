package syncer_test

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer"
)

// rename makes every answer show another name of the product whose name is old.
func rename(polar *fetchtest.Server, old, name string) {
	for _, link := range polar.Links() {
		link.Body = bytes.ReplaceAll(link.Body, fmt.Appendf(nil, `"name":%q`, old), fmt.Appendf(nil, `"name":%q`, name))
		polar.Add(link)
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
		source   func(*bench) syncer.Source
		late     func(*http.Request) bool // the request before which the rename happens
		requests int64
	}{
		"all":   {(*bench).all, fetchtest.OnList(2), 2},
		"by id": {(*bench).links, nil, 120},
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
			if report.Status != db.Succeeded || report.Links.Total != 120 {
				t.Errorf("report: %+v", report)
			}
			if got := b.column(`SELECT count(*)::text FROM products WHERE name = 'Renamed in between'`); got[0] != "1" {
				t.Errorf("%s products have the new name", got[0])
			}
			if want := test.requests + 1; report.Requests != want {
				t.Errorf("%d requests, want %d: each link once, and one again", report.Requests, want)
			}
			if again := b.run(source); again.Links.Changed != 0 {
				t.Errorf("the next run finds %d links changed", again.Links.Changed)
			}
		})
	}
}

// TestWhatNeverSettlesIsLeftToTheNextRun renames a benefit that many products give
// with every answer: each thing is fetched once more, and that copy counts.
func TestWhatNeverSettlesIsLeftToTheNextRun(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed")
	source := b.links()
	b.run(source)
	shared := b.column(`
		SELECT benefit_id::text FROM product_benefits AS j JOIN checkout_link_products AS p USING (product_id)
		GROUP BY 1 HAVING count(DISTINCT checkout_link_id) >= 3 ORDER BY 1 LIMIT 1`)
	description := b.column(`SELECT description FROM benefits WHERE id = $1::uuid`, shared[0])[0]
	var counter atomic.Int64
	fault := b.polar.Inject(fetchtest.Fault{Play: fetchtest.Mangle(func(body []byte) []byte {
		at := bytes.Index(body, []byte(shared[0]))
		if at < 0 {
			return body
		}
		name := fmt.Appendf(nil, `"description":"Name %d"`, counter.Add(1))
		return bytes.ReplaceAll(body, fmt.Appendf(nil, `"description":%q`, description), name)
	})})
	report := b.run(source)
	if want := int64(len(source.IDs) + 1); report.Status != db.Succeeded || report.Links.Failed != 0 || report.Requests != want {
		t.Errorf("%s, %+v, %d requests, want %d", report.Status, report.Links, report.Requests, want)
	}
	last := fmt.Sprintf("Name %d", counter.Load())
	if got := b.column(`SELECT description FROM benefits WHERE id = $1::uuid`, shared[0]); got[0] != last {
		t.Errorf("the benefit is called %q, and the last answer said %q", got[0], last)
	}
	fault.Stop()
	if report := b.run(source); report.Status != db.Succeeded || report.Links.Changed == 0 {
		t.Errorf("afterwards: %+v", report)
	}
	if again := b.run(source); again.Links.Changed != 0 {
		t.Errorf("not converged: %+v", again.Links)
	}
}

// TestCountersDoNotTear redeems a discount with every answer: nothing is fetched
// again, and the count of the last request is in place.
func TestCountersDoNotTear(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed")
	source := b.all()
	b.run(source)
	discount := b.column(`SELECT discount_id::text FROM checkout_links WHERE discount_id IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`)[0]
	byID := b.links()
	var counter atomic.Int64
	b.polar.Inject(fetchtest.Fault{Play: fetchtest.Mangle(func(body []byte) []byte {
		if !bytes.Contains(body, []byte(discount)) {
			return body
		}
		return redemptions.ReplaceAll(body, fmt.Appendf(nil, `"redemptions_count":%d`, 1000+counter.Add(1)))
	})})
	report := b.run(byID)
	if want := int64(len(byID.IDs)); report.Requests != want || report.Status != db.Succeeded {
		t.Errorf("%d requests, want %d; %s", report.Requests, want, report.Status)
	}
	got := b.column(`SELECT (redemptions_count > 1000)::text FROM discounts WHERE id = $1::uuid`, discount)
	if counter.Load() < 2 || got[0] != "true" {
		t.Errorf("%d answers showed the discount, and its count has moved: %s", counter.Load(), got[0])
	}
}

var redemptions = regexp.MustCompile(`"redemptions_count":\d+`)

// crowd makes the bench's Polar show n links that all share one recorded link's
// products, and gives their ids and the name of one product.
func (b *bench) crowd(n int) (all []uuid.UUID, product string) {
	b.tb.Helper()
	b.run(b.all())
	one := b.column(`
		SELECT l.id || ' ' || p.name FROM checkout_links AS l
		JOIN checkout_link_products AS j ON j.checkout_link_id = l.id JOIN products AS p ON p.id = j.product_id
		WHERE p.name ~ '^[A-Za-z0-9]+( [A-Za-z0-9]+)*$' ORDER BY 1 LIMIT 1`)[0]
	id, product, _ := strings.Cut(one, " ")
	i := slices.IndexFunc(b.polar.Links(), func(a fetchtest.Answer) bool { return a.ID == id })
	template := b.polar.Links()[i]
	links := make([]fetchtest.Answer, n)
	for i := range links {
		links[i] = template
		links[i].ID = fmt.Sprintf("c0c0c0c0-0000-4000-8000-%012d", i)
		links[i].Body = bytes.ReplaceAll(template.Body, []byte(id), []byte(links[i].ID))
		all = append(all, uuid.MustParse(links[i].ID))
	}
	b.polar.Use(links...)
	return all, product
}

// TestAHotProductCostsOneRequest renames a product that 1 200 links share when the
// first page has been answered: pages, and one link again.
func TestAHotProductCostsOneRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	_, product := b.crowd(1200)
	b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnList(2), Times: 1, Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
		rename(b.polar, product, "Hot")
		normal.ServeHTTP(w, r)
	}})
	report, err := b.attempt(b.all(), syncer.Options{AllowMassRemoval: true})
	asked := int64(12 + 1)
	if gone := int64(2 * 20); err != nil || report.Status != db.Succeeded || report.Requests != asked+gone { // those that were there before are asked for twice
		t.Errorf("%v, %s, %d requests, want %d", err, report.Status, report.Requests, asked+gone)
	}
	if got := b.column(`SELECT count(*)::text FROM products WHERE name = 'Hot'`); got[0] != "1" {
		t.Error("the new name is not in place")
	}
	if again := b.run(b.all()); again.Requests != 12 || again.Links.Changed != 0 {
		t.Errorf("the next run: %d requests, %+v", again.Requests, again.Links)
	}
}

// TestAfterAMassEditTheRestIsLeftToTheNextRun changes more things under way than a run
// fetches again: 150 products, each shown by two links.
func TestAfterAMassEditTheRestIsLeftToTheNextRun(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	all, _ := b.crowd(300)
	links := b.polar.Links()
	organization := b.organization()
	for i := range links {
		links[i].Body = anID.ReplaceAllFunc(links[i].Body, func(id []byte) []byte {
			if string(id) == organization || string(id) == links[i].ID {
				return id
			}
			return append(slices.Clone(id[:len(id)-4]), fmt.Sprintf("%04x", i/2)...)
		})
	}
	b.polar.Use(links...)
	source := syncer.Source{Name: "test", Client: b.client, IDs: all, Strategy: fetch.ByID}
	var count atomic.Int64
	fault := b.polar.Inject(fetchtest.Fault{Play: fetchtest.Mangle(func(body []byte) []byte {
		return bytes.ReplaceAll(body, []byte(`"name":"`), fmt.Appendf(nil, `"name":"%d `, count.Add(1)))
	})})
	if report := b.run(source); report.Status != db.Succeeded || report.Requests != 400 {
		t.Errorf("%s, %d requests, want 300 and a hundred again", report.Status, report.Requests)
	}
	fault.Stop()
	b.run(source)
	if again := b.run(source); again.Links.Changed != 0 || again.Requests != 300 {
		t.Errorf("not converged: %+v", again)
	}
}

var anID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
