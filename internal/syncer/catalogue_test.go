package syncer_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer"
	"syncer/internal/syncer/oracle"
)

// These tests read a catalogue that is broken, or that moves while it is read.

// TestALinkThatListCannotShowIsAskedForByID has five links of which LIST cannot show
// one or two. GET by id tells what they are, if anybody knows their ids.
func TestALinkThatListCannotShowIsAskedForByID(t *testing.T) {
	t.Parallel()
	poisoned := fetchtest.Status(http.StatusInternalServerError, "Internal Server Error")
	garbage := fetchtest.Mangle(func(page []byte) []byte { return append(page, 'x') })
	for name, test := range map[string]struct {
		known    int // links that an earlier run has seen, the oldest ones; negative: the newest
		hidden   []int
		play     fetchtest.Play
		byID     fetchtest.Play // nil: GET shows the link
		failures []string       // by place, "": by id
		requests int            // 0: any
	}{
		"known, and GET shows it":                  {known: 5, hidden: []int{2}, play: poisoned, requests: 14}, // seen live
		"known, and GET does not show it":          {known: 5, hidden: []int{2}, play: poisoned, byID: poisoned, failures: []string{""}},
		"known, and GET shows what cannot be read": {known: 5, hidden: []int{2}, play: poisoned, byID: fetchtest.Mangle(func([]byte) []byte { return []byte("{}") }), failures: []string{""}},
		"unknown":                         {known: 4, hidden: []int{4}, play: poisoned, failures: []string{"link 5 of the organization's list"}},
		"one known, one unknown":          {known: 4, hidden: []int{2, 4}, play: poisoned, failures: []string{"link 5 of the organization's list"}},
		"one unknown, one known":          {known: -4, hidden: []int{0, 2}, play: poisoned, failures: []string{"link 1 of the organization's list"}},
		"unknown, but its page names it":  {known: 4, hidden: []int{4}, play: garbage},
		"known, and its page names it":    {known: 5, hidden: []int{1, 2}, play: garbage},
		"named, and GET does not show it": {known: 4, hidden: []int{4}, play: garbage, byID: garbage, failures: []string{""}},
		"one named, one unknown":          {known: 3, hidden: []int{3, 4}, play: nil, failures: []string{"link 5 of the organization's list"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "alpha")
			links := b.polar.Links()[:5]
			if test.known < 0 {
				b.polar.Use(links[5+test.known:]...)
			} else {
				b.polar.Use(links[:test.known]...)
			}
			b.run(b.all())
			b.polar.Use(links...)
			var byID []string
			for n, i := range test.hidden {
				play := test.play
				if play == nil {
					play = []fetchtest.Play{garbage, poisoned}[n]
				}
				b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnPlace(i), Play: play})
				if test.byID != nil {
					b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnLink(links[i].ID), Play: test.byID})
				}
				byID = append(byID, links[i].ID)
			}
			want := map[bool]string{true: db.Succeeded, false: db.Partial}[len(test.failures) == 0]
			for range 2 { // the second run knows more
				report := b.run(b.all())
				if report.Status != want || report.Links.Total != 5 || report.Links.Failed != len(test.failures) {
					t.Errorf("%s, %+v", report.Status, report.Links)
				}
				var failed, expected []string
				for _, f := range report.Failures {
					failed = append(failed, f.ID)
				}
				for i, f := range test.failures {
					if f == "" {
						f = byID[i]
					}
					expected = append(expected, f)
				}
				if diff := cmp.Diff(expected, failed); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(expected, b.column(`SELECT link FROM sync_failures`)); diff != "" {
					t.Errorf("on record: %s", diff)
				}
				if test.requests > 0 && report.Requests != int64(test.requests) {
					t.Errorf("%d requests", report.Requests)
				}
			}
		})
	}
}

// TestAWantedLinkThatListCannotShowIsAskedForByID is the same for configured links: one
// that nobody wants is nobody's failure.
func TestAWantedLinkThatListCannotShowIsAskedForByID(t *testing.T) {
	t.Parallel()
	for _, play := range []fetchtest.Play{
		fetchtest.Status(http.StatusInternalServerError, ""), fetchtest.Mangle(func(page []byte) []byte { return page[:len(page)-1] }),
	} {
		b := newBench(t, "alpha")
		b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnPlace(7), Play: play})
		b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnPlace(110), Play: play})
		source, unwanted := b.links(), uuid.MustParse(b.polar.LinkIDs()[110])
		source.Strategy = fetch.ByList
		source.IDs = slices.DeleteFunc(source.IDs, func(id uuid.UUID) bool { return id == unwanted })
		if report := b.run(source); report.Status != db.Succeeded || report.Links.Total != 119 {
			t.Errorf("%s, %+v, %v", report.Status, report.Links, report.Failures)
		}
	}
}

// TestANewLinkIsNotHiddenByADeletedOne deletes a link on page 1 after page 1 has been
// answered, so that a new one slides from page 2 to page 1, unseen: the pages are
// asked for once more, and what they show then counts.
func TestANewLinkIsNotHiddenByADeletedOne(t *testing.T) {
	t.Parallel()
	for name, fresh := range map[string]int{"page 2 is empty then": 1, "page 2 is not": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "alpha")
			links := b.polar.Links()[:100+fresh]
			b.polar.Use(links[:100]...)
			b.run(b.all())
			b.polar.Use(links...)
			b.polar.Overlay(`5 url -`)
			b.polar.ResetCounts()
			b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnList(2), Times: 1, Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
				b.polar.Delete(links[0].ID)
				b.polar.Overlay("7 label \"later\"\n* products[*].name \"later\"")
				normal.ServeHTTP(w, r)
			}})
			report := b.run(b.all())
			if l := report.Links; report.Status != db.Partial || l.Total != 100+fresh || l.Removed != 1 || l.Failed != 1 || len(report.Failures) != 1 {
				t.Errorf("%s, %+v, %v", report.Status, l, report.Failures)
			}
			var answers []oracle.Answer
			for i, l := range b.polar.Links() {
				if i == 5 {
					l.Body = links[5].Body // as last seen
				}
				answers = append(answers, oracle.Answer{ID: l.ID, Status: l.Status, Body: l.Body})
			}
			o := oracle.New()
			// before it was deleted, and after
			if err := o.Observe(b.at(), append([]oracle.Answer{{ID: links[0].ID, Status: 200, Body: links[0].Body}}, answers[1:]...)); err != nil {
				t.Fatal(err)
			}
			if err := o.Observe(b.at(), answers); err != nil {
				t.Fatal(err)
			}
			b.checkWithoutTimes(o)
		})
	}
}

// TestANewLinkIsNotHiddenWhenAnotherIsCreated deletes a link before page 2 is answered
// and creates one before page 3 is, so that the pages show as many links as there were.
func TestANewLinkIsNotHiddenWhenAnotherIsCreated(t *testing.T) {
	t.Parallel()
	b := newBench(t, "alpha")
	body := b.polar.Links()[0].Body
	var links []fetchtest.Answer
	for n := range 202 {
		id := uuid.UUID{0: byte(n), 6: 0x40, 8: 0x80}.String()
		mine, err := fetchtest.Edit(body, `id "`+id+`"`)
		if err != nil {
			t.Fatal(err)
		}
		links = append(links, fetchtest.Answer{ID: id, Body: mine})
	}
	b.polar.Use(links[:201]...)
	created := make(chan struct{})
	b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnList(2), Times: 1, Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
		b.polar.Delete(links[0].ID)
		normal.ServeHTTP(w, r)
		b.polar.Add(links[201])
		close(created)
	}})
	b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnList(3), Times: 1, Play: fetchtest.Stall(created)})
	if report := b.run(b.all()); report.Status != db.Succeeded || report.Links.Total != 202 || report.Links.Removed != 1 {
		t.Errorf("%s, %+v", report.Status, report.Links)
	}
}

// TestPagesAreReadTwiceAtMost deletes a link whenever page 2 is asked for.
func TestPagesAreReadTwiceAtMost(t *testing.T) {
	t.Parallel()
	for name, pass := range map[string]func(*bench) (syncer.Report, error){
		"a run": func(b *bench) (syncer.Report, error) {
			return b.syncer.Run(t.Context(), b.all(), syncer.Options{Trigger: "test"})
		},
		"a dry run": func(b *bench) (syncer.Report, error) {
			told := map[string]bool{}
			return b.syncer.Preview(t.Context(), b.all(), syncer.Options{}, func(d syncer.Difference) {
				if told[d.ID] {
					t.Errorf("told twice: %s", d.ID)
				}
				told[d.ID] = true
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "alpha")
			links := b.polar.LinkIDs()
			deleted := 0
			b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnList(2), Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
				b.polar.Delete(links[deleted])
				deleted++
				normal.ServeHTTP(w, r)
			}})
			report, err := pass(b)
			if err != nil || report.Status != db.Succeeded {
				t.Errorf("%s, %v", report.Status, err)
			}
			if n := b.polar.Requests().Lists; n != 4 {
				t.Errorf("%d pages: %s", n, fmt.Sprint(b.polar.Log()))
			}
		})
	}
}

// TestAPlaceThatIsReadTwiceFailsOnce has a link that LIST cannot show, and another one
// that is deleted meanwhile, so that all pages are read once more.
func TestAPlaceThatIsReadTwiceFailsOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, "alpha")
	links := b.polar.LinkIDs()
	b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnPlace(5), Play: fetchtest.Status(http.StatusInternalServerError, "")})
	late := func(r *http.Request) bool { // and no part of page 1
		return fetchtest.OnList(2)(r) && r.URL.Query().Get("limit") == "100"
	}
	b.polar.Inject(fetchtest.Fault{Match: late, Times: 1, Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
		b.polar.Delete(links[50])
		normal.ServeHTTP(w, r)
	}})
	report := b.run(b.all())
	if report.Links.Failed != 1 || len(report.Failures) != 1 || report.Failures[0].ID != "link 6 of the organization's list" {
		t.Errorf("%+v, %+v", report.Links, report.Failures)
	}
	if got := b.column(`SELECT count(*)::text FROM checkout_links WHERE removed_at IS NULL`); got[0] != "118" {
		t.Errorf("%s links are live", got[0])
	}
}
