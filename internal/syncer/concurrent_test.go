package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
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

// ended is how a run in the background ended.
type ended struct {
	report syncer.Report
	err    error
}

// begin runs a pass in the background.
func (b *bench) begin(source syncer.Source, options syncer.Options) <-chan ended {
	options.Trigger = "test"
	result := make(chan ended, 1)
	go func() {
		report, err := b.syncer.Run(b.tb.Context(), source, options)
		result <- ended{report, err}
	}()
	return result
}

// waiting is an option that tells when a run has to wait for another.
func waiting() (options syncer.Options, waits <-chan *db.HeldError) {
	held := make(chan *db.HeldError, 10)
	return syncer.Options{Waiting: func(e *db.HeldError) { held <- e }}, held
}

// TestAnswersFromBeforeAnotherRunAreNotWritten lets one run read old answers and
// holds it back while another source of the organization begins and ends: the
// newer answers stay, because the first one reads again.
func TestAnswersFromBeforeAnotherRunAreNotWritten(t *testing.T) {
	t.Parallel()
	for _, steps := range [][2]int{{1, 2}, {1, 0}, {3, 2}, {6, 8}} { // old, new
		for _, all := range []bool{false, true} {
			t.Run(fmt.Sprint(steps, all), func(t *testing.T) {
				t.Parallel()
				rec, err := fetchtest.Load("seed")
				if err != nil {
					t.Fatal(err)
				}
				d := dbtest.New(t)
				old, now := benchOn(t, fetchtest.Start(t, "seed"), d), benchOn(t, fetchtest.Start(t, "seed"), d)
				old.polar.Goto(steps[0] % rec.Len())
				source, last := old.links(), fetchtest.OnLink(slices.Max(old.polar.LinkIDs()))
				if all {
					source, last = old.all(), fetchtest.OnList(1)
				}
				answered, release := make(chan struct{}), make(chan struct{})
				old.polar.Inject(fetchtest.Fault{Match: last, Times: 1, Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
					recorded := httptest.NewRecorder()
					normal.ServeHTTP(recorded, r) // Polar has read by now; the answer takes its time
					close(answered)
					<-release
					maps.Copy(w.Header(), recorded.Header())
					w.WriteHeader(recorded.Code)
					_, _ = w.Write(recorded.Body.Bytes())
				}})
				result := old.begin(source, syncer.Options{})
				<-answered // everything else has been asked for
				now.polar.Goto(steps[1] % rec.Len())
				newer := now.links()
				newer.Name = "newer"
				if _, err := now.syncer.Run(t.Context(), newer, syncer.Options{Trigger: "test"}); err != nil {
					t.Fatal(err)
				}
				old.polar.Goto(steps[1] % rec.Len()) // what the old run sees when it looks again
				close(release)
				if end := <-result; end.err != nil {
					t.Fatal(end.err)
				}
				o := oracle.New()
				if err := o.Observe(now.at(), now.answers(rec)); err != nil {
					t.Fatal(err)
				}
				now.checkWithoutTimes(o)
				if gone := now.column(`SELECT count(*)::text FROM changes WHERE op <> 'insert'`); gone[0] != "0" {
					t.Errorf("%s changes: old answers were written, and put right", gone[0])
				}
			})
		}
	}
}

// TestTwoSourcesOfAnOrganizationFollowEachOther runs both on the same tick: the
// second waits for the first, and both sync all of theirs.
func TestTwoSourcesOfAnOrganizationFollowEachOther(t *testing.T) {
	t.Parallel()
	b := newBench(t, "alpha")
	one, two := b.links(), b.links()
	one.IDs, two.Name, two.IDs = one.IDs[:80], "second", two.IDs[40:]
	for round := range 2 {
		entered, release := b.polar.Hold(fetchtest.OnLink(one.IDs[0].String()))
		first := b.begin(one, syncer.Options{})
		<-entered
		options, waits := waiting()
		second := b.begin(two, options)
		if round > 0 { // both have claimed the organization in the round before
			if held := <-waits; held.Source != "test" || held.Wanted != "second" {
				t.Errorf("waited for %+v", held)
			}
		}
		release()
		for what, result := range map[string]<-chan ended{"first": first, "second": second} {
			if end := <-result; end.err != nil || end.report.Status != db.Succeeded || end.report.Links.Total != 80 {
				t.Errorf("%s, round %d: %v, %+v", what, round, end.err, end.report)
			}
		}
	}
	if got := b.column(`SELECT DISTINCT status FROM sync_runs`); !slices.Equal(got, []string{db.Succeeded}) {
		t.Errorf("runs on record: %q", got)
	}
}

// TestTwoRunsThatWantEachOthersOrganizationBothEnd has two sources, each holding an
// organization from its start, meet links of the other's.
func TestTwoRunsThatWantEachOthersOrganizationBothEnd(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	// Two recordings share nothing; one server shows the links of both.
	b, other := benchOn(t, fetchtest.Start(t, "seed"), d), fetchtest.Start(t, "seed-ads")
	mine := b.links().IDs
	b.polar.Add(other.Links()...)
	theirs := ids(t, other.LinkIDs()...)
	both := slices.Concat(mine, theirs)
	slices.SortFunc(both, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	source := func(name string, ids []uuid.UUID) syncer.Source {
		return syncer.Source{Name: name, Client: b.client, IDs: ids, Strategy: fetch.ByID}
	}
	b.run(source("one", mine))
	b.run(source("two", theirs))
	if got := b.column(`SELECT DISTINCT cardinality(organization_ids)::text FROM sync_runs`); !slices.Equal(got, []string{"1"}) {
		t.Fatalf("each source has claimed %q organizations", got)
	}
	entered, release := b.polar.Hold(fetchtest.OnLink(both[0].String()))
	options, waits := waiting()
	one := b.begin(source("one", both), options)
	<-entered
	two := b.begin(source("two", both), options)
	b.waitFor(t.Context(), `SELECT count(*) = 2 FROM sync_runs WHERE status = 'running'`) // both hold theirs
	release()
	for _, result := range []<-chan ended{one, two} {
		if end := <-result; end.err != nil || end.report.Status != db.Succeeded || end.report.Links.Total != len(both) {
			t.Errorf("%v, %+v", end.err, end.report)
		}
	}
	if len(waits) == 0 {
		t.Error("neither had to wait")
	}
}

// TestARunThatHadToWaitReadsAgain has another run let go of the organization without
// ending: it may have written later answers all the same.
func TestARunThatHadToWaitReadsAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	organization := uuid.MustParse(b.organization())
	start := func(source string, organizations ...uuid.UUID) *db.Run {
		run, err := b.db.StartRun(t.Context(), db.Start{Source: source, Trigger: "test", Scope: "all"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.db.Claim(t.Context(), run, organizations); err != nil {
			t.Fatal(err)
		}
		b.keepAlive(run)
		return run
	}
	another := uuid.UUID{6: 0x40, 8: 0x80, 15: 1}
	holder := start("holder", organization)
	_ = start("third", another)
	options, waits := waiting()
	result := b.begin(b.all(), options)
	if held := <-waits; held.Source != "holder" { // it has read everything, and wants to write
		t.Errorf("waits for %+v", held)
	}
	if _, err := b.db.Claim(t.Context(), holder, []uuid.UUID{another}); !errors.Is(err, db.ErrHeld) {
		t.Fatal(err)
	}
	if end := <-result; end.err != nil || end.report.Requests != 2 || end.report.Links.Total != 20 {
		t.Errorf("%v, %d requests, want the page twice; %+v", end.err, end.report.Requests, end.report.Links)
	}
}

// TestARemovalNeedsTheRowsOrganization has a source remove a link, of which there is no
// answer that tells whose it is.
func TestARemovalNeedsTheRowsOrganization(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	source := b.links()
	source.IDs = source.IDs[:3]
	b.run(source)
	source.Name = "another" // which keeps the organization, too
	b.run(source)
	for _, id := range source.IDs {
		b.polar.Delete(id.String())
	}
	holder, err := b.db.StartRun(t.Context(), db.Start{Source: "test", Trigger: "test", Scope: "all"})
	if err != nil {
		t.Fatal(err)
	}
	b.keepAlive(holder)
	options, waits := waiting()
	result := b.begin(source, options)
	if held := <-waits; held.Source != "test" {
		t.Errorf("waits for %+v", held)
	}
	if got := b.column(`SELECT count(*)::text FROM checkout_links WHERE removed_at IS NOT NULL`); got[0] != "0" {
		t.Errorf("%s links were removed under another run", got[0])
	}
	if err := b.db.FinishRun(t.Context(), holder, db.Result{Status: db.Succeeded}); err != nil {
		t.Fatal(err)
	}
	if end := <-result; end.err != nil || end.report.Links.Removed != 3 || end.report.Links.Total != 3 {
		t.Errorf("%v, %+v", end.err, end.report.Links)
	}
}

// organization is the id of the one whose links Polar shows.
func (b *bench) organization() string {
	b.tb.Helper()
	id := regexp.MustCompile(`"organization_id":"([^"]+)"`).FindSubmatch(b.polar.Links()[0].Body)
	return string(id[1])
}

// TestAWrongClockChangesNothing syncs from two machines in turn, one of them with a
// clock that is an hour off, and finds the same rows as from one.
func TestAWrongClockChangesNothing(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			t.Parallel()
			rec, err := fetchtest.Load("seed")
			if err != nil {
				t.Fatal(err)
			}
			right, o := newBench(t, "seed"), oracle.New()
			wrong := benchOn(t, right.polar, right.db)
			wrong.syncer.Now = func() time.Time { return time.Now().Add(off) }
			wrong.client = skewed(wrong, wrong.syncer.Now)
			previous := time.Time{}
			for step := range rec.Len() {
				b := []*bench{right, wrong}[step%2]
				b.polar.Goto(step)
				report := b.run(b.all())
				if err := o.Observe(b.at(), b.answers(rec)); err != nil {
					t.Fatal(err)
				}
				b.check(o)
				b.checkBounds(report.RunID, previous)
				previous = b.at()
			}
		})
	}
}

// TestOneRunHoldsASource starts a second run while one is under way, and lets the
// first one lose its source.
func TestOneRunHoldsASource(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	b.syncer.BeatEvery = time.Hour // or the sign of life that the test takes away would come back
	source := b.links()
	entered, release := b.polar.Hold(fetchtest.OnLink(source.IDs[len(source.IDs)-1].String()))
	first := b.begin(source, syncer.Options{})
	<-entered
	_, err := b.syncer.Run(t.Context(), source, syncer.Options{Trigger: "second", FailIfRunning: true})
	held, ok := errors.AsType[*db.HeldError](err)
	if !ok || held.Trigger != "test" || held.Holder == "" || held.Since.IsZero() {
		t.Fatalf("the second run was told: %v", err)
	}
	// The first run's process seems dead: no sign of life, from another place.
	b.exec(`UPDATE sync_runs SET heartbeat_at = now() - interval '9 s', holder = 'elsewhere, process 1'`)
	other := b.links()
	other.IDs = other.IDs[:len(other.IDs)-1]
	if report := b.run(other); report.Status != db.Succeeded {
		t.Fatalf("the run that took over: %+v", report)
	}
	before := b.dump()
	release()
	if end := <-first; !errors.Is(end.err, db.ErrLost) || end.report.Status != db.Abandoned {
		t.Errorf("the run that lost its source ended with: %v, %s", end.err, end.report.Status)
	}
	if b.dump() != before {
		t.Error("the run that lost its source wrote")
	}
	got := b.column(`SELECT status FROM sync_runs ORDER BY number`)
	if !slices.Equal(got, []string{db.Abandoned, db.Succeeded}) {
		t.Errorf("runs on record: %q", got)
	}
}

// TestARunThatIsTakenOverEndsWithTheNextBeat takes a run over that waits for Polar
// and has nothing to write.
func TestARunThatIsTakenOverEndsWithTheNextBeat(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	b.syncer.BeatEvery = 5 * time.Millisecond
	entered, release := b.polar.Hold(fetchtest.OnList(1))
	defer release()
	result := b.begin(b.all(), syncer.Options{})
	<-entered
	b.exec(`UPDATE sync_runs SET status = 'abandoned', finished_at = now()`)
	if end := <-result; !errors.Is(end.err, db.ErrLost) {
		t.Errorf("ended with: %v", end.err)
	}
}

// TestALostRunThatChangesNothingDoesNotSucceed takes a run over whose answers are
// what the rows say: the fence stands for batches that write nothing, too.
func TestALostRunThatChangesNothingDoesNotSucceed(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	b.run(b.all())
	b.syncer.BeatEvery = time.Hour
	entered, release := b.polar.Hold(fetchtest.OnList(1))
	result := b.begin(b.all(), syncer.Options{})
	<-entered
	b.exec(`UPDATE sync_runs SET status = 'abandoned', finished_at = now() WHERE status = 'running'`)
	release()
	if end := <-result; !errors.Is(end.err, db.ErrLost) || end.report.Links.Total != 0 {
		t.Errorf("ended with: %v, %+v", end.err, end.report.Links)
	}
}

// TestASaveUnderWayOutlivesTheStop stops a run while its batch waits in the
// database: within the grace period it still commits.
func TestASaveUnderWayOutlivesTheStop(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	lock, err := b.db.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Rollback(context.WithoutCancel(t.Context()))
	if _, err := lock.Exec(t.Context(), `LOCK TABLE products IN SHARE MODE`); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := b.syncer.Run(ctx, b.all(), syncer.Options{Trigger: "test"})
		result <- err
	}()
	b.waitFor(t.Context(), `SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = 'products'::regclass`)
	stop()
	if err := lock.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if n := b.column(`SELECT count(*)::text FROM checkout_links`); n[0] != "20" {
		t.Errorf("%s links are in place, want the whole batch", n[0])
	}
}

// skewed is a client of the bench's Polar on another clock.
func skewed(b *bench, now func() time.Time) *fetch.Client {
	b.tb.Helper()
	config := b.config
	config.Now = now
	client := fetch.New(config)
	b.tb.Cleanup(client.Close)
	return client
}
