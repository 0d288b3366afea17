package syncer_test

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/db"
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

// TestAnUnknownLinkIsNoFailure asks for a link that Polar does not know and that was
// never seen: there is nothing to remove, and the report names it.
func TestAnUnknownLinkIsNoFailure(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	source := b.links()
	source.IDs = append(source.IDs, ids(t, "ffffffff-ffff-4fff-bfff-ffffffffffff")...)
	report := b.run(source)
	if diff := cmp.Diff([]string{"ffffffff-ffff-4fff-bfff-ffffffffffff"}, report.Unknown); diff != "" {
		t.Error(diff)
	}
	if report.Status != db.Succeeded || report.Links.Failed != 0 {
		t.Errorf("report: %+v", report)
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
