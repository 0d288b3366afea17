package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"syncer/internal/db"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer"
	"syncer/internal/syncer/oracle"
)

// way is one way to ask for links: what it is called, its source, and the request
// behind the first batch.
type way struct {
	name   string
	source func(*bench) syncer.Source
	late   func(syncer.Source) func(*http.Request) bool
}

func ways() []way {
	return []way{
		{"by id", (*bench).links, func(s syncer.Source) func(*http.Request) bool {
			return fetchtest.OnLink(s.IDs[len(s.IDs)-1].String())
		}},
		{"all", (*bench).all, func(syncer.Source) func(*http.Request) bool { return fetchtest.OnList(2) }},
	}
}

// stopped runs a backfill and stops it when its first batch is in place.
func (b *bench) stopped(wanted syncer.Source, late func(*http.Request) bool) {
	b.tb.Helper()
	ctx, cancel := context.WithCancel(b.tb.Context())
	fault := b.polar.Inject(fetchtest.Fault{Match: late, Times: 1, Play: func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		b.waitFor(r.Context(), `SELECT checkpoint IS NOT NULL FROM sync_runs WHERE status = 'running'`)
		cancel()
		<-r.Context().Done()
	}})
	defer fault.Stop()
	if _, err := b.syncer.Run(ctx, wanted, syncer.Options{Trigger: "backfill", Resume: true}); !errors.Is(err, context.Canceled) {
		b.tb.Fatal(err)
	}
	if got := b.column(`SELECT status || ' ' || error FROM sync_runs ORDER BY number DESC LIMIT 1`); !slices.Equal(got, []string{"abandoned told to stop"}) {
		b.tb.Errorf("on record: %q", got)
	}
	b.polar.ResetCounts()
}

// resumed runs the next backfill to its end.
func (b *bench) resumed(wanted syncer.Source, restart bool) syncer.Report {
	b.tb.Helper()
	report, err := b.syncer.Run(b.tb.Context(), wanted, syncer.Options{Trigger: "backfill", Resume: true, Restart: restart})
	if err != nil {
		b.tb.Fatal(err)
	}
	return report
}

// TestAStoppedRunIsResumed stops a backfill by its context: what was finished is not
// asked for again, but for the page or link that it is known by.
func TestAStoppedRunIsResumed(t *testing.T) {
	t.Parallel()
	for _, restart := range []bool{false, true} {
		for _, way := range ways() {
			t.Run(fmt.Sprint(way.name, " restart ", restart), func(t *testing.T) {
				t.Parallel()
				rec, err := fetchtest.Load("alpha")
				if err != nil {
					t.Fatal(err)
				}
				b := newBench(t, "alpha")
				wanted := way.source(b)
				b.stopped(wanted, way.late(wanted))
				report := b.resumed(wanted, restart)
				asked := b.polar.Requests()
				whole := map[string]int{"by id": 120, "all": 2}[way.name]
				most := map[string]int{"by id": 21, "all": 2}[way.name] // the rest, and one
				if restart && asked.Total < whole || !restart && asked.Total > most || report.Status != db.Succeeded {
					t.Errorf("%d requests, %+v", asked.Total, report)
				}
				if finished := report.Links.Total; restart != (finished == 120) {
					t.Errorf("%d links in the second run", finished)
				}
				o := oracle.New()
				if err := o.Observe(b.at(), b.answers(rec)); err != nil {
					t.Fatal(err)
				}
				b.checkWithoutTimes(o)
			})
		}
	}
}

// TestARunThatChangesNothingIsResumed stops a backfill whose batches write nothing: how
// far it is comes with the beat, and with its end.
func TestARunThatChangesNothingIsResumed(t *testing.T) {
	t.Parallel()
	for _, beat := range []time.Duration{time.Millisecond, time.Hour} {
		for _, way := range ways() {
			t.Run(fmt.Sprint(way.name, beat), func(t *testing.T) {
				t.Parallel()
				b := newBench(t, "alpha")
				wanted := way.source(b)
				b.run(wanted)
				b.syncer.BeatEvery = beat
				ctx, cancel := context.WithCancel(t.Context())
				written := make(chan struct{})
				var once sync.Once
				options := syncer.Options{Trigger: "backfill", Resume: true, Progress: func(syncer.Progress) { once.Do(func() { close(written) }) }}
				late := b.polar.Inject(fetchtest.Fault{Match: way.late(wanted), Times: 1, Play: func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
					<-written // the first batch, which changed nothing
					if beat < time.Second {
						b.waitFor(r.Context(), `SELECT checkpoint IS NOT NULL FROM sync_runs WHERE status = 'running'`)
					}
					cancel()
					<-r.Context().Done()
				}})
				if _, err := b.syncer.Run(ctx, wanted, options); !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				late.Stop()
				b.polar.ResetCounts()
				report := b.resumed(wanted, false)
				if whole := 120; report.Links.Total == whole || report.Status != db.Succeeded {
					t.Errorf("not resumed: %+v", report)
				}
			})
		}
	}
}

// TestAGoneLinkIsNotForgottenOverAStop stops a backfill behind a link that Polar says
// is gone: the next one removes it.
func TestAGoneLinkIsNotForgottenOverAStop(t *testing.T) {
	t.Parallel()
	b := newBench(t, "alpha")
	wanted := b.links()
	b.run(wanted)
	gone := wanted.IDs[5].String()
	b.polar.Delete(gone)
	b.syncer.BeatEvery = time.Millisecond
	b.stopped(wanted, fetchtest.OnLink(wanted.IDs[119].String()))
	report := b.resumed(wanted, false)
	if report.Links.Removed != 1 || b.column(`SELECT (removed_at IS NOT NULL)::text FROM checkout_links WHERE id = $1::uuid`, gone)[0] != "true" {
		t.Errorf("not removed: %+v", report.Links)
	}
	if n := b.polar.Requests().Total; n > 30 {
		t.Errorf("not resumed: %d requests", n)
	}
}

// TestAResumedRunClaimsOnlyWhatItHas changes something between the stop and the next
// run that makes the checkpoint untrue: in the end every link is in place, or said to
// fail.
func TestAResumedRunClaimsOnlyWhatItHas(t *testing.T) {
	t.Parallel()
	first := func(b *bench, n int) string { // the n-th link in the order that the way asks in
		return b.column(`SELECT id::text FROM checkout_links ORDER BY id OFFSET ` + strconv.Itoa(n) + ` LIMIT 1`)[0]
	}
	for name, test := range map[string]struct {
		before func(*bench) // the first run
		after  func(*bench) // it was stopped
		anew   bool
		want   string // status
	}{
		"nothing": {want: db.Succeeded},
		"a link of the finished part could not be read": {
			before: func(b *bench) {
				b.polar.Overlay(`5 url -`)
			},
			want: db.Partial,
		},
		"a link of the finished part that has a row could not be read": {
			before: func(b *bench) {
				b.run(b.all())
				b.exec(`DELETE FROM sync_runs`)
				b.polar.Overlay(first(b, 5) + ` url -`)
			},
			want: db.Partial,
		},
		"Postgres refused a link of the finished part": {
			before: func(b *bench) {
				b.polar.Overlay(`5 label "poison"`)
				b.exec(`ALTER TABLE checkout_links ADD CHECK (label <> 'poison')`)
			},
			want: db.Partial,
		},
		"a row of the finished part was deleted": {
			after: func(b *bench) {
				id := first(b, 7)
				for _, sql := range []string{`DELETE FROM checkout_link_products WHERE checkout_link_id = $1`, `DELETE FROM checkout_links WHERE id = $1`} {
					b.exec(sql, id)
				}
			},
			want: db.Succeeded,
		},
		"the marked link belongs to another organization": {
			after: func(b *bench) {
				checkpoint := b.column(`SELECT coalesce(checkpoint -> 'page' ->> 'id', checkpoint -> 'link' ->> 'id') FROM sync_runs`)
				b.polar.Overlay(checkpoint[0] + ` organization_id "0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a"`)
			},
			anew: true, want: db.Succeeded,
		},
		"the marked link is gone": {
			after: func(b *bench) {
				checkpoint := b.column(`SELECT coalesce(checkpoint -> 'page' ->> 'id', checkpoint -> 'link' ->> 'id') FROM sync_runs`)
				b.polar.Delete(checkpoint[0])
			},
			anew: true, want: db.Succeeded,
		},
		"it was another server": {
			after: func(b *bench) {
				b.exec(`UPDATE sync_runs SET checkpoint = jsonb_set(checkpoint, '{server}', '"https://api.polar.sh"')`)
			},
			anew: true, want: db.Succeeded,
		},
	} {
		for _, way := range ways() {
			t.Run(name+" "+way.name, func(t *testing.T) {
				t.Parallel()
				b := newBench(t, "alpha")
				wanted := way.source(b)
				if test.before != nil {
					test.before(b)
				}
				b.stopped(wanted, way.late(wanted))
				if test.after != nil {
					test.after(b)
				}
				report := b.resumed(wanted, false)
				if report.Status != test.want {
					t.Errorf("%s, %+v", report.Status, report.Failures)
				}
				if anew := report.Links.Total >= 119; anew != test.anew && (name == "nothing" || test.anew) {
					t.Errorf("began anew: %v, %d links", anew, report.Links.Total)
				}
				missing := b.column(`SELECT w.id::text FROM unnest($1::uuid[]) AS w (id)
					WHERE NOT EXISTS (SELECT FROM checkout_links AS l WHERE l.id = w.id) AND NOT EXISTS (SELECT FROM sync_failures AS f WHERE f.checkout_link_id = w.id)`,
					ids(t, b.polar.LinkIDs()...))
				if missing != nil {
					t.Errorf("%s over links that are neither in place nor failing: %s", report.Status, strings.Join(missing, " "))
				}
				if again := b.run(wanted); again.Links.Changed != 0 && name != "the marked link is gone" {
					t.Errorf("the next run finds %d links changed", again.Links.Changed)
				}
			})
		}
	}
}

// TestALinkThatListCannotShowIsNotForgottenOverAStop stops a backfill behind a page with
// a link that LIST cannot show. What becomes of it only that page tells, or GET by id
// if the page named it: so the next run reads all pages.
func TestALinkThatListCannotShowIsNotForgottenOverAStop(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		play   fetchtest.Play
		status string
	}{
		"nor name": {fetchtest.Status(http.StatusInternalServerError, ""), db.Partial},
		"but name": {fetchtest.Mangle(func(page []byte) []byte { return append(page, 'x') }), db.Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "alpha")
			b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnPlace(5), Play: test.play})
			b.stopped(b.all(), func(r *http.Request) bool { // and not a part of page 1
				return fetchtest.OnList(2)(r) && r.URL.Query().Get("limit") == "100"
			})
			report := b.resumed(b.all(), false)
			if report.Status != test.status || report.Links.Total != 120 {
				t.Errorf("%s, %+v", report.Status, report.Links)
			}
		})
	}
}
