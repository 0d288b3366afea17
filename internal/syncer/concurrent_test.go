package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer"
	"syncer/internal/syncer/oracle"
)

// TestOlderAnswersNeverWin lets one run fetch old answers and holds it back while
// another source, in the same schema, sees newer ones: whichever writes last, the
// newer ones stay.
func TestOlderAnswersNeverWin(t *testing.T) {
	t.Parallel()
	for _, steps := range [][3]int{{0, 1, 2}, {0, 1, 0}, {2, 3, 2}, {5, 6, 8}} { // stored, old, new
		t.Run(fmt.Sprint(steps), func(t *testing.T) {
			t.Parallel()
			rec, err := fetchtest.Load("alpha")
			if err != nil {
				t.Fatal(err)
			}
			d := dbtest.New(t)
			old := benchOn(t, fetchtest.Start(t, "alpha"), d)
			now := benchOn(t, fetchtest.Start(t, "alpha"), d)
			now.clock = old.clock // one time for both
			now = rebind(now)
			old.polar.Goto(steps[0])
			source := old.links()
			old.run(source)

			old.polar.Goto(steps[1])
			last := source.IDs[len(source.IDs)-1].String()
			entered, release := old.polar.Hold(fetchtest.OnLink(last))
			old.clock.advance()
			ended := make(chan error, 1)
			go func() {
				_, err := old.syncer.Run(t.Context(), source, syncer.Options{Trigger: "test"})
				ended <- err
			}()
			<-entered // everything else has been asked for
			now.polar.Goto(steps[2])
			newer := now.links()
			newer.Name = "newer"
			now.run(newer)
			old.polar.Goto(steps[2]) // what the old run sees when it looks again
			release()
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			o := oracle.New()
			for _, step := range []int{steps[0], steps[2]} {
				now.polar.Goto(step)
				if err := o.Observe(now.clock.Now(), now.answers(rec)); err != nil {
					t.Fatal(err)
				}
			}
			now.checkWithoutTimes(o)
		})
	}
}

// rebind makes the bench's client and syncer use its clock.
func rebind(b *bench) *bench {
	fresh := benchOn(b.tb, b.polar, b.db)
	fresh.client = withClock(fresh, b.clock)
	fresh.clock = b.clock
	fresh.syncer.Now = b.clock.Now
	return fresh
}

// TestTwoWritersConverge lets two sources sync overlapping links of a catalogue
// that moves on, two hundred times: no deadlock, and the end is what Polar shows.
func TestTwoWritersConverge(t *testing.T) {
	t.Parallel()
	rec, err := fetchtest.Load("seed")
	if err != nil {
		t.Fatal(err)
	}
	d, polar := dbtest.New(t), fetchtest.Start(t, "seed")
	random := rand.New(rand.NewPCG(3, 4))
	one, two := benchOn(t, polar, d), benchOn(t, polar, d)
	for _, b := range []*bench{one, two} {
		b.syncer.Now = time.Now
		b.client = withClock(b, nil)
	}
	all := one.links().IDs
	for range 200 {
		polar.Goto(random.IntN(rec.Len()))
		move := random.IntN(rec.Len())
		at := int32(random.IntN(30))
		var count int32
		var mu sync.Mutex
		fault := polar.Inject(fetchtest.Fault{Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
			mu.Lock()
			if count++; count == at {
				polar.Goto(move)
			}
			mu.Unlock()
			normal.ServeHTTP(w, r)
		}})
		var running sync.WaitGroup
		for i, b := range []*bench{one, two} {
			ids := slices.Clone(all)
			random.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
			ids = ids[:15]
			slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
			source := syncer.Source{Name: fmt.Sprint("writer ", i), Client: b.client, IDs: ids, Way: fetch.ByID}
			running.Go(func() {
				if _, err := b.syncer.Run(t.Context(), source, syncer.Options{Trigger: "test", AllowMassRemoval: true}); err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
			})
		}
		running.Wait()
		fault.Stop()
	}
	last := one.links()
	last.IDs = ids(t, polar.LinkIDs()...)
	if _, err := one.syncer.Run(t.Context(), last, syncer.Options{Trigger: "test", AllowMassRemoval: true}); err != nil {
		t.Fatal(err)
	}
	live := one.column(`SELECT id::text FROM checkout_links WHERE removed_at IS NULL ORDER BY 1`)
	var want []string
	for _, a := range one.answers(rec) {
		if a.Status == 200 {
			want = append(want, a.ID)
		}
	}
	slices.Sort(want)
	for _, id := range want {
		if !slices.Contains(live, id) {
			t.Errorf("link %s is not live", id)
		}
	}
	if report, err := two.syncer.Run(t.Context(), last, syncer.Options{Trigger: "test"}); err != nil || report.Links.Changed != 0 {
		t.Errorf("not converged: %v, %+v", err, report.Links)
	}
}

// TestOneRunHoldsASource starts a second run while one is under way, and lets the
// first one lose its source.
func TestOneRunHoldsASource(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	source := b.links()
	entered, release := b.polar.Hold(fetchtest.OnLink(source.IDs[len(source.IDs)-1].String()))
	ended := make(chan error, 1)
	go func() {
		_, err := b.syncer.Run(t.Context(), source, syncer.Options{Trigger: "test"})
		ended <- err
	}()
	<-entered
	_, err := b.syncer.Run(t.Context(), source, syncer.Options{Trigger: "second"})
	held, ok := errors.AsType[*db.HeldError](err)
	if !ok || held.Trigger != "test" || held.Holder == "" || held.Since.IsZero() {
		t.Fatalf("the second run was told: %v", err)
	}
	// The first run's process seems dead: no sign of life, from another place.
	if _, err := b.db.Pool().Exec(t.Context(), `UPDATE sync_runs SET heartbeat_at = now() - interval '9 s', holder = 'elsewhere, process 1'`); err != nil {
		t.Fatal(err)
	}
	other := b.links()
	other.IDs = other.IDs[:len(other.IDs)-1]
	if report := b.run(other); report.Status != syncer.Succeeded {
		t.Fatalf("the run that took over: %+v", report)
	}
	before := b.dump()
	b.polar.Mutate(source.IDs[0].String(), func(body []byte) []byte { return body })
	release()
	if err := <-ended; !errors.Is(err, db.ErrLost) {
		t.Errorf("the run that lost its source ended with: %v", err)
	}
	if b.dump() != before {
		t.Error("the run that lost its source wrote")
	}
	got := b.column(`SELECT status FROM sync_runs ORDER BY started_at`)
	if !slices.Equal(got, []string{"abandoned", "succeeded"}) {
		t.Errorf("runs on record: %q", got)
	}
}

// TestAStoppedRunIsAbandonedAndGoneOnWith stops a backfill by its context: what
// was finished is not asked for again, unless that is asked for.
func TestAStoppedRunIsAbandonedAndGoneOnWith(t *testing.T) {
	t.Parallel()
	for _, restart := range []bool{false, true} {
		for name, source := range map[string]func(*bench) syncer.Source{"by id": (*bench).links, "all": (*bench).all} {
			t.Run(fmt.Sprint(name, " restart ", restart), func(t *testing.T) {
				t.Parallel()
				rec, err := fetchtest.Load("alpha")
				if err != nil {
					t.Fatal(err)
				}
				b := newBench(t, "alpha")
				wanted := source(b)
				late := fetchtest.OnList(2)
				if !wanted.All {
					late = fetchtest.OnLink(wanted.IDs[len(wanted.IDs)-1].String())
				}
				ctx, cancel := context.WithCancel(t.Context())
				b.polar.Inject(fetchtest.Fault{Match: late, Times: 1, Play: func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
					b.waitFor(r.Context(), `SELECT checkpoint IS NOT NULL FROM sync_runs`)
					cancel()
					<-r.Context().Done()
				}})
				b.clock.advance()
				_, err = b.syncer.Run(ctx, wanted, syncer.Options{Trigger: "backfill", Resume: true})
				if !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				if got := b.column(`SELECT status || ' ' || error FROM sync_runs`); !slices.Equal(got, []string{"abandoned told to stop"}) {
					t.Errorf("on record: %q", got)
				}
				b.polar.ResetCounts()
				b.clock.advance()
				report, err := b.syncer.Run(t.Context(), wanted, syncer.Options{Trigger: "backfill", Resume: true, Restart: restart})
				if err != nil || report.Status != syncer.Succeeded {
					t.Fatalf("%v, %+v", err, report)
				}
				asked := b.polar.Requests()
				fewer := asked.Total < 2 || !wanted.All && asked.Total <= 70
				if fewer == restart {
					t.Errorf("%d requests", asked.Total)
				}
				o := oracle.New()
				if err := o.Observe(b.clock.Now(), b.answers(rec)); err != nil {
					t.Fatal(err)
				}
				b.checkWithoutTimes(o)
			})
		}
	}
}
