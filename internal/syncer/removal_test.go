package syncer_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer"
)

// notFound is what Polar answers for a link that is gone.
func notFound() fetchtest.Play {
	return fetchtest.Status(http.StatusNotFound, `{"error":"ResourceNotFound","detail":"Not found"}`, "Content-Type: application/json")
}

// attempt makes one pass that may end early.
func (b *bench) attempt(source syncer.Source, options syncer.Options) (syncer.Report, error) {
	b.tb.Helper()
	options.Trigger = "test"
	return b.syncer.Run(b.tb.Context(), source, options)
}

// TestNoErrorRemovesAnything plays every recorded answer for every link, and some
// that were not recorded: whatever Polar says, all rows stay, but for those that
// it says are gone.
func TestNoErrorRemovesAnything(t *testing.T) {
	t.Parallel()
	rows, err := fetchtest.Errors()
	if err != nil {
		t.Fatal(err)
	}
	plays := map[string]fetchtest.Play{
		"hangup": fetchtest.Hangup(), "reset": fetchtest.Reset(), "truncated": fetchtest.Truncate(100), "html with 200": fetchtest.HTML(200),
		"html with 404": fetchtest.HTML(404), "empty list": fetchtest.Status(200, `{"items":[],"pagination":{"total_count":0,"max_page":0}}`, "Content-Type: application/json"),
		"empty object": fetchtest.Status(200, `{}`, "Content-Type: application/json"), "redirect": fetchtest.Redirect(307, "http://127.0.0.1:1/"),
	}
	for _, row := range rows {
		if row.Status == 200 || row.Body != nil && strings.Contains(string(row.Body), "ResourceNotFound") {
			continue
		}
		for i := range row.Headers { // or every play would pause for a minute
			if row.Headers[i].Name == "retry-after" {
				row.Headers[i].Value = "0"
			}
		}
		plays[fmt.Sprintf("%s, server %s", row.Name, row.Server)] = fetchtest.Replay(row)
	}
	if len(plays) < 40 {
		t.Fatalf("only %d answers to play", len(plays))
	}
	b := newBench(t, "seed-ads")
	b.run(b.links())
	before := b.dump()
	for name, play := range plays {
		for kind, source := range map[string]syncer.Source{"by id": b.links(), "all": b.all()} {
			fault := b.polar.Inject(fetchtest.Fault{Play: play})
			report, err := b.attempt(source, syncer.Options{})
			fault.Stop()
			if fault.Fired() == 0 {
				t.Errorf("%s, %s: never asked", name, kind)
			}
			if err == nil && report.Status == db.Succeeded && name != "empty list" {
				t.Errorf("%s, %s: the run succeeded", name, kind)
			}
			if diff := cmp.Diff(before, b.dump()); diff != "" {
				t.Errorf("%s, %s: rows changed:\n%.1000s", name, kind, diff)
			}
		}
	}
}

// TestGoneIsAskedTwice answers "not found" once: the second answer counts.
func TestGoneIsAskedTwice(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	source := b.links()
	b.run(source)
	b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnLink(source.IDs[3].String()), Times: 1, Play: notFound()})
	b.polar.ResetCounts()
	if report := b.run(source); report.Links.Removed != 0 || report.Links.Changed != 0 {
		t.Errorf("one answer was enough: %+v", report.Links)
	}
	b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnLink(source.IDs[3].String()), Times: 2, Play: notFound()})
	b.polar.ResetCounts()
	if report := b.run(source); report.Links.Removed != 1 {
		t.Errorf("two answers were not enough: %+v", report.Links)
	}
	if n := b.polar.Requests().ByID[source.IDs[3].String()]; n != 2 {
		t.Errorf("asked %d times", n)
	}
	removed := b.column(`
		SELECT (removed_at BETWEEN r.started_at AND r.finished_at)::text
		FROM checkout_links, (SELECT * FROM sync_runs ORDER BY number DESC LIMIT 1) AS r
		WHERE removed_at IS NOT NULL`)
	if diff := cmp.Diff([]string{"true"}, removed); diff != "" {
		t.Error(diff)
	}
	if report := b.run(source); report.Links.Changed != 1 {
		t.Errorf("the link is back, and the report says %+v", report.Links)
	}
	if left := b.column(`SELECT id::text FROM checkout_links WHERE removed_at IS NOT NULL`); left != nil {
		t.Errorf("still removed: %q", left)
	}
	ops := b.column(`SELECT op FROM changes WHERE entity = 'checkout_links' AND entity_id = $1 ORDER BY id`, source.IDs[3])
	if diff := cmp.Diff([]string{"insert", "remove", "restore"}, ops); diff != "" {
		t.Error(diff)
	}
}

// TestTheGuardStopsBeforeRemovingAny lets more and more links be gone: a few go,
// a fifth and more of them stop the run, and on request they go.
func TestTheGuardStopsBeforeRemovingAny(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		gone  int
		stops bool
	}{{5, false}, {12, false}, {13, true}, {60, true}} {
		t.Run(strconv.Itoa(test.gone), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "seed") // 60 links
			source := b.links()
			b.run(source)
			before := b.dump()
			var missing []string
			for _, id := range source.IDs[:test.gone] {
				missing = append(missing, id.String())
			}
			b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnLink(missing...), Play: notFound()})
			report, err := b.attempt(source, syncer.Options{})
			if test.stops {
				if !errors.Is(err, syncer.ErrMassRemoval) || report.Status != db.Failed {
					t.Fatalf("not stopped: %v, %+v", err, report)
				}
				if diff := cmp.Diff(before, b.dump()); diff != "" {
					t.Errorf("rows changed:\n%.1000s", diff)
				}
				report, err = b.attempt(source, syncer.Options{AllowMassRemoval: true})
			}
			if err != nil || report.Links.Removed != test.gone {
				t.Errorf("%v, %+v", err, report.Links)
			}
		})
	}
}

// TestTheGuardComparesLiveLinks has few live links among many that the source lists
// beside them: removed long ago, or never seen.
func TestTheGuardComparesLiveLinks(t *testing.T) {
	t.Parallel()
	for name, wanted := range map[string]func(*bench) syncer.Source{
		"removed long ago": (*bench).links,
		"all":              (*bench).all,
		"never seen": func(b *bench) syncer.Source {
			source := b.links()
			source.IDs = source.IDs[:12]
			for i := range 60 {
				source.IDs = append(source.IDs, uuid.UUID{0: 0xff, 6: 0x4f, 8: 0xbf, 15: byte(i)})
			}
			return source
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "seed") // 60 links
			all, source := b.links(), wanted(b)
			b.run(all)
			for _, id := range all.IDs[12:] {
				b.polar.Delete(id.String())
			}
			if _, err := b.attempt(all, syncer.Options{AllowMassRemoval: true}); err != nil {
				t.Fatal(err)
			}
			b.run(source)
			for _, id := range all.IDs[:6] {
				b.polar.Delete(id.String())
			}
			before := b.dump()
			_, err := b.attempt(source, syncer.Options{})
			if !errors.Is(err, syncer.ErrMassRemoval) || !strings.Contains(err.Error(), "6 of 12 live links") {
				t.Errorf("not stopped: %v", err)
			}
			_, again := b.syncer.Preview(t.Context(), source, syncer.Options{}, func(syncer.Difference) {})
			if again == nil || again.Error() != err.Error() {
				t.Errorf("the preview says %v", again)
			}
			if diff := cmp.Diff(before, b.dump()); diff != "" {
				t.Errorf("rows changed:\n%.1000s", diff)
			}
		})
	}
}

// TestTheGuardCountsWhatIsNew has the list grow while links go: a preview, which writes
// nothing, counts the new ones as the run does.
func TestTheGuardCountsWhatIsNew(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed") // 60 links
	source := b.links()
	few := source
	few.IDs = few.IDs[:30]
	b.run(few)
	for _, id := range few.IDs[:8] {
		b.polar.Delete(id.String())
	}
	preview, err := b.syncer.Preview(t.Context(), source, syncer.Options{}, func(syncer.Difference) {})
	if err != nil || preview.Links.Removed != 8 {
		t.Errorf("preview: %v, %+v", err, preview.Links)
	}
	if report := b.run(source); report.Links.Removed != 8 {
		t.Errorf("%+v", report.Links)
	}
}

// TestAllLinksOfAnOrganizationGoIfPolarShowsIt lets all live links go at once, few as
// they are: one request tells whether the token sees the organization.
func TestAllLinksOfAnOrganizationGoIfPolarShowsIt(t *testing.T) {
	t.Parallel()
	const one = 1 // link is wanted
	for name, test := range map[string]struct {
		wanted func(*bench) syncer.Source
		gone   func(*bench, syncer.Source)
		stops  bool
		lists  int
	}{
		"it has others": {
			wanted: func(b *bench) syncer.Source { s := b.links(); s.IDs = s.IDs[:1]; return s },
			gone:   func(b *bench, s syncer.Source) { b.polar.Delete(s.IDs[0].String()) },
			lists:  1,
		},
		"pages have shown others": {
			wanted: func(b *bench) syncer.Source { s := b.links(); s.Strategy, s.IDs = "", s.IDs[:2]; return s },
			gone: func(b *bench, s syncer.Source) {
				b.polar.Delete(s.IDs[0].String())
				b.polar.Delete(s.IDs[1].String())
			},
			lists: 1,
		},
		"it has none": {
			wanted: func(b *bench) syncer.Source { s := b.links(); s.IDs = s.IDs[:1]; return s },
			gone:   func(b *bench, _ syncer.Source) { b.polar.Use() },
			stops:  true, lists: 1,
		},
		"it has none, all": {
			wanted: (*bench).all,
			gone:   func(b *bench, _ syncer.Source) { b.polar.Use() },
			stops:  true, lists: 1,
		},
		"its list cannot be read": {
			wanted: func(b *bench) syncer.Source { s := b.links(); s.IDs = s.IDs[:1]; return s },
			gone: func(b *bench, s syncer.Source) {
				b.polar.Delete(s.IDs[0].String())
				b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnList(1), Play: fetchtest.Status(http.StatusOK, `{}`, "Content-Type: application/json")})
			},
			stops: true, lists: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "seed-ads")
			if name == "it has none, all" {
				b.polar.Use(linksOf(t, "seed-ads")[:one]...)
			}
			source := test.wanted(b)
			b.run(source)
			test.gone(b, source)
			before := b.dump()
			b.polar.ResetCounts()
			report, err := b.attempt(source, syncer.Options{})
			if n := b.polar.Requests().Lists; n != test.lists {
				t.Errorf("%d requests to LIST", n)
			}
			switch {
			case !test.stops && (err != nil || report.Links.Removed != len(source.IDs)):
				t.Errorf("%v, %+v", err, report.Links)
			case !test.stops:
				return
			case !errors.Is(err, syncer.ErrMassRemoval) || !strings.Contains(err.Error(), adsOrganization):
				t.Errorf("not stopped: %v", err)
			}
			_, again := b.syncer.Preview(t.Context(), source, syncer.Options{}, func(syncer.Difference) {})
			if again == nil || again.Error() != err.Error() {
				t.Errorf("the preview says %v", again)
			}
			if diff := cmp.Diff(before, b.dump()); diff != "" {
				t.Errorf("rows changed:\n%.1000s", diff)
			}
			if report, err := b.attempt(source, syncer.Options{AllowMassRemoval: true}); err != nil || report.Links.Removed != one {
				t.Errorf("allowed: %v, %+v", err, report.Links)
			}
		})
	}
}

// TestAnOrganizationThatATokenNoLongerSeesKeepsItsLinks takes one of two organizations
// from a personal token. Its two links are few, and are asked about by id.
func TestAnOrganizationThatATokenNoLongerSeesKeepsItsLinks(t *testing.T) {
	t.Parallel()
	for name, wanted := range map[string]func(*bench) syncer.Source{"all": (*bench).all, "by id": (*bench).links} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "seed")
			theirs := linksOf(t, "seed-ads")[:2]
			b.polar.Add(theirs...)
			source := wanted(b)
			b.run(source)
			before := b.dump()
			for _, l := range theirs {
				b.polar.Delete(l.ID)
			}
			_, err := b.attempt(source, syncer.Options{})
			if !errors.Is(err, syncer.ErrMassRemoval) || !strings.Contains(err.Error(), adsOrganization) || strings.Contains(err.Error(), seedOrganization) {
				t.Errorf("not stopped: %v", err)
			}
			if diff := cmp.Diff(before, b.dump()); diff != "" {
				t.Errorf("rows changed:\n%.1000s", diff)
			}
		})
	}
}

// TestRowsOfAnotherSourcesOrganizationStay lists links that another source keeps, of an
// organization that this one's token never saw.
func TestRowsOfAnotherSourcesOrganizationStay(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	b, other := benchOn(t, fetchtest.Start(t, "seed"), d), benchOn(t, fetchtest.Start(t, "seed-ads"), d)
	theirs := other.all()
	theirs.Name = "theirs"
	other.run(theirs)
	source := b.links()
	source.IDs = slices.Concat(source.IDs, other.links().IDs[:3])
	slices.SortFunc(source.IDs, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	for range 2 {
		report := b.run(source)
		if report.Links.Removed != 0 || len(report.Links.Unknown) != 3 || report.Status != db.Succeeded {
			t.Errorf("%s, %+v", report.Status, report.Links)
		}
	}
	if report := other.run(theirs); report.Links.Unchanged != 20 {
		t.Errorf("the other source finds %+v", report.Links)
	}
}

// TestAnUnknownLinkIsNoFailure asks for a link that Polar does not know and that was
// never seen: there is nothing to remove, and the report names it.
func TestAnUnknownLinkIsNoFailure(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	source := b.links()
	source.IDs = append(source.IDs, ids(t, "ffffffff-ffff-4fff-bfff-ffffffffffff")...)
	report := b.run(source)
	if diff := cmp.Diff([]string{"ffffffff-ffff-4fff-bfff-ffffffffffff"}, report.Links.Unknown); diff != "" {
		t.Error(diff)
	}
	if report.Status != db.Succeeded || report.Links.Failed != 0 || report.Links.Total != 21 || report.Links.Changed != 20 || report.Links.Unchanged != 0 {
		t.Errorf("report: %+v", report)
	}
}

// TestFailuresAreWhatFailsNow has links fail that never land: they are forgotten when
// they are gone, or wanted no more, and not by a run that was for others.
func TestFailuresAreWhatFailsNow(t *testing.T) {
	t.Parallel()
	for name, wanted := range map[string]func(*bench) syncer.Source{"by id": (*bench).links, "all": (*bench).all} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "seed-ads")
			b.polar.Overlay("3 url -\n4 url -\n5 url -")
			source, bad := wanted(b), b.polar.LinkIDs()[3:6]
			b.run(source)
			fails := func(want ...string) {
				t.Helper()
				slices.Sort(want)
				if got := b.column(`SELECT checkout_link_id::text FROM sync_failures ORDER BY 1`); !slices.Equal(got, want) {
					t.Errorf("on record %q, want %q", got, want)
				}
			}
			fails(bad...)
			picked := b.links()
			picked.IDs, picked.Picked = ids(t, b.polar.LinkIDs()[7]), true
			b.run(picked)
			fails(bad...)
			b.polar.Delete(bad[0])
			b.run(source)
			fails(bad[1:]...)
			b.polar.Delete(bad[1])
			picked.IDs = ids(t, bad[1])
			b.run(picked)
			fails(bad[2:]...)
			other := b.links()
			other.IDs = ids(t, b.polar.LinkIDs()[8:]...)
			b.run(other)
			fails()
		})
	}
}

// TestARefusedTokenStopsAtOnce does not go through all links with a token that
// Polar refuses.
func TestARefusedTokenStopsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, "alpha")
	b.polar.SetToken("another")
	report, err := b.attempt(b.links(), syncer.Options{})
	if !errors.Is(err, fetch.ErrRefused) || report.Status != db.Failed {
		t.Errorf("%v, %+v", err, report)
	}
	if n := b.polar.Requests().Total; n > 10 {
		t.Errorf("%d requests with a refused token", n)
	}
	if got := b.column(`SELECT status || ': ' || error FROM sync_runs`); len(got) != 1 || !strings.HasPrefix(got[0], "failed: Polar refused the token") {
		t.Errorf("on record: %q", got)
	}
}
