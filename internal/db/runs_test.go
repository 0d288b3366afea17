package db_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/db/query"
)

// noon is an arbitrary time.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func startRun(tb testing.TB, d *db.DB, source string) *db.Run {
	tb.Helper()
	run, err := d.StartRun(tb.Context(), db.Start{Source: source, Trigger: "test", Scope: "all"})
	if err != nil {
		tb.Fatal(err)
	}
	return run
}

// wantHeld expects a run of the source to wait.
func wantHeld(tb testing.TB, d *db.DB, source string) *db.HeldError {
	tb.Helper()
	_, err := d.StartRun(tb.Context(), db.Start{Source: source, Trigger: "test", Scope: "all"})
	held, ok := errors.AsType[*db.HeldError](err)
	if !ok || !errors.Is(err, db.ErrHeld) {
		tb.Fatalf("%s need not wait: %v", source, err)
	}
	return held
}

func finish(tb testing.TB, d *db.DB, run *db.Run) {
	tb.Helper()
	if err := d.FinishRun(tb.Context(), run, db.Result{Status: db.Succeeded}); err != nil {
		tb.Fatal(err)
	}
}

func statusOf(tb testing.TB, d *db.DB, run *db.Run) string {
	tb.Helper()
	return ask[string](tb, d, "SELECT status FROM sync_runs WHERE id = $1", run.ID)
}

func TestARunHoldsItsSourceUntilItEnds(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	run := startRun(t, d, "shop")
	if run.ID.Version() != 7 || run.Source != "shop" || run.Kept != nil || run.Checkpoint != nil || run.Organizations != nil {
		t.Errorf("run: %+v", run)
	}
	startRun(t, d, "sandbox") // another source does not matter

	held := wantHeld(t, d, "shop")
	if held.Source != "shop" || held.Wanted != "shop" || held.Trigger != "test" || !strings.HasSuffix(held.Holder, fmt.Sprintf(", process %d", os.Getpid())) {
		t.Errorf("holder: %+v", held)
	}
	if want := fmt.Sprintf("another run holds the source: \"shop\" is held by %s (test) since %s", held.Holder, held.Since.UTC().Format(time.RFC3339)); held.Error() != want {
		t.Errorf("says %q, want %q", held, want)
	}

	finish(t, d, run)
	startRun(t, d, "shop")
	if !held.Since.Equal(run.Since) {
		t.Errorf("it began at %v by the holder's word, want %v", held.Since, run.Since)
	}
}

func TestOfManyThatStartAtOnceOneHoldsTheSource(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	var starting sync.WaitGroup
	results := make(chan error, 8)
	for range cap(results) {
		starting.Go(func() {
			_, err := d.StartRun(t.Context(), db.Start{Source: "shop", Trigger: "test", Scope: "all"})
			results <- err
		})
	}
	starting.Wait()
	close(results)
	holders := 0
	for err := range results {
		switch {
		case err == nil:
			holders++
		case !errors.Is(err, db.ErrHeld):
			t.Error(err)
		}
	}
	if running := ask[int](t, d, "SELECT count(*) FROM sync_runs"); holders != 1 || running != 1 {
		t.Errorf("%d hold it, %d runs", holders, running)
	}
}

func TestAFinishedRunLeavesItsResult(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	run := startRun(t, d, "shop")
	if err := d.Beat(t.Context(), run, 3, nil); err != nil {
		t.Fatal(err)
	}
	if n := ask[int](t, d, "SELECT requests FROM sync_runs"); n != 3 {
		t.Errorf("%d requests so far", n)
	}
	if err := d.FinishRun(t.Context(), run, db.Result{
		Status: "partial", Total: 10, Changed: 1, Unchanged: 2, Gone: 3, Failed: 4, Inserted: 5, Updated: 6, Removed: 7, Requests: 8, Error: "why",
	}); err != nil {
		t.Fatal(err)
	}
	got := ask[string](t, d, `SELECT concat_ws(' ', status, links_total, links_changed, links_unchanged, links_removed, links_failed,
		rows_inserted, rows_updated, rows_removed, requests, error, finished_at IS NOT NULL) FROM sync_runs`)
	if want := "partial 10 1 2 3 4 5 6 7 8 why t"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// others gives a run another holder; nobody here knows whether it lives.
func others(tb testing.TB, d *db.DB, run *db.Run) {
	tb.Helper()
	exec(tb, d, "UPDATE sync_runs SET holder = 'elsewhere (00000000), process 1' WHERE id = $1", run.ID)
}

// silent sets a run's last sign of life to that long ago.
func silent(tb testing.TB, d *db.DB, run *db.Run, ago string) {
	tb.Helper()
	exec(tb, d, "UPDATE sync_runs SET heartbeat_at = clock_timestamp() - $2::text::interval WHERE id = $1", run.ID, ago)
}

func TestASilentRunIsTakenOverAndLost(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	old := startRun(t, d, "shop")
	others(t, d, old)
	silent(t, d, old, "5 seconds") // a beat or two late
	_ = wantHeld(t, d, "shop")
	silent(t, d, old, "8 seconds")
	fresh := startRun(t, d, "shop")
	if a, b := statusOf(t, d, old), statusOf(t, d, fresh); a != "abandoned" || b != "running" {
		t.Errorf("old %s, new %s", a, b)
	}
	if why := ask[string](t, d, "SELECT error FROM sync_runs WHERE id = $1", old.ID); !strings.Contains(why, "no sign of life for ") {
		t.Errorf("why: %s", why)
	}
	wantLost(t, d, old)
	if got := statusOf(t, d, old); got != "abandoned" {
		t.Errorf("in the end: %s", got)
	}
	if err := d.Beat(t.Context(), fresh, 1, nil); err != nil {
		t.Errorf("the new one: %v", err)
	}
}

// wantLost expects every use of the run to fail.
func wantLost(tb testing.TB, d *db.DB, run *db.Run) {
	tb.Helper()
	_, saved := d.Save(tb.Context(), run, &db.Batch{})
	for what, err := range map[string]error{
		"beat": d.Beat(tb.Context(), run, 1, nil), "save": saved, "finish": d.FinishRun(tb.Context(), run, db.Result{Status: db.Succeeded}),
	} {
		if !errors.Is(err, db.ErrLost) {
			tb.Errorf("%s after the takeover: %v", what, err)
		}
	}
}

func TestABeatKeepsASlowRun(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	run := startRun(t, d, "shop")
	others(t, d, run)
	silent(t, d, run, "1 hour")
	if err := d.Beat(t.Context(), run, 0, nil); err != nil {
		t.Fatal(err)
	}
	_ = wantHeld(t, d, "shop")
}

func TestARunOfADeadProcessIsTakenOverAtOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	run := startRun(t, d, "shop")
	exec(t, d, "UPDATE sync_runs SET holder = regexp_replace(holder, 'process .*', 'process 99999999') WHERE id = $1", run.ID) // beyond any real id
	startRun(t, d, "shop")
	if why := ask[string](t, d, "SELECT error FROM sync_runs WHERE id = $1", run.ID); why != "its process died, or has given it up; taken over" {
		t.Errorf("why: %s", why)
	}
	wantLost(t, d, run)
}

func TestAHolderThatCannotBeReadIsNotTakenOver(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	run := startRun(t, d, "shop")
	here, _, _ := strings.Cut(ask[string](t, d, "SELECT holder FROM sync_runs"), ", process ")
	for _, holder := range []string{"", "somebody", here + ", process x", here + ", process 0", here + ", process -1", here + ", process 1", "elsewhere, process 99999999"} {
		exec(t, d, "UPDATE sync_runs SET holder = $2 WHERE id = $1", run.ID, holder)
		_ = wantHeld(t, d, "shop")
	}
}

// TestRunsOfOneScopeKeepItsLinksOnce begins runs of several sources at once.
func TestRunsOfOneScopeKeepItsLinksOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	links := []uuid.UUID{organization(1), organization(2), organization(3)}
	var starting sync.WaitGroup
	results := make(chan error, 8)
	for n := range cap(results) {
		starting.Go(func() {
			_, err := d.StartRun(t.Context(), db.Start{Source: strconv.Itoa(n / 2), Trigger: "test", Scope: "3 links", Links: links})
			results <- err
		})
	}
	starting.Wait()
	close(results)
	for err := range results {
		if err != nil && !errors.Is(err, db.ErrHeld) {
			t.Error(err)
		}
	}
	startRun(t, d, "all")
	want := "4 runs, 3 links, 1 version"
	got := ask[string](t, d, `SELECT (SELECT count(*) FROM sync_runs WHERE scope = '3 links') || ' runs, ' || count(*) || ' links, ' || count(DISTINCT xmin::text) || ' version' FROM sync_scopes`)
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestAStoppedRunIsResumed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status string
		next   db.Start
		age    string
		want   string // checkpoint
	}{
		"abandoned":         {db.Abandoned, db.Start{Scope: "all", Resume: true}, "1 hour", `{"done": 7}`},
		"failed":            {db.Failed, db.Start{Scope: "all", Resume: true}, "23 hours", `{"done": 7}`},
		"not asked for":     {db.Abandoned, db.Start{Scope: "all"}, "0", ""},
		"of another scope":  {db.Abandoned, db.Start{Scope: "1 link", Resume: true}, "0", ""},
		"yet to come":       {db.Abandoned, db.Start{Scope: "all", Resume: true}, "-1 hour", ""},
		"a day later":       {db.Abandoned, db.Start{Scope: "all", Resume: true}, "24 hours", ""},
		"it had not failed": {db.Succeeded, db.Start{Scope: "all", Resume: true}, "0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dbtest.New(t)
			run := startRun(t, d, "shop")
			if err := d.FinishRun(t.Context(), run, db.Result{Status: test.status, Checkpoint: json.RawMessage(`{"done": 7}`)}); err != nil {
				t.Fatal(err)
			}
			exec(t, d, "UPDATE sync_runs SET observing_since = observing_since - $1::text::interval", test.age)
			since := ask[time.Time](t, d, "SELECT observing_since FROM sync_runs")
			test.next.Source, test.next.Trigger = "shop", "backfill"
			next, err := d.StartRun(t.Context(), test.next)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(next.Checkpoint)); diff != "" {
				t.Error(diff)
			}
			if resumed := next.Since.Equal(since); resumed != (test.want != "") {
				t.Errorf("observing since %v, the stopped run since %v", next.Since, since)
			}
		})
	}
}

// TestTheCheckpointIsNotedWithWhatWrites finds the checkpoint in the run's row
// after a beat, and after a batch that wrote, but not after one that wrote nothing.
func TestTheCheckpointIsNotedWithWhatWrites(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	run := startRun(t, d, "shop")
	noted := func(want string) {
		t.Helper()
		if got := ask[string](t, d, "SELECT coalesce(checkpoint ->> 'done', '') FROM sync_runs"); got != want {
			t.Errorf("noted %q, want %q", got, want)
		}
	}
	batch := everyTable()
	batch.Drift, batch.Failures = query.RecordDriftParams{}, query.RecordFailuresParams{} // a batch with these always writes
	for _, test := range []struct{ done, noted string }{{"1", "1"}, {"2", "1"}} {
		batch.Checkpoint = json.RawMessage(`{"done": ` + test.done + `}`)
		if _, err := d.Save(t.Context(), run, batch); err != nil {
			t.Fatal(err)
		}
		noted(test.noted)
	}
	for _, test := range []struct{ done, noted string }{{`{"done": 3}`, "3"}, {"", "3"}} {
		var done json.RawMessage
		if test.done != "" {
			done = json.RawMessage(test.done)
		}
		if err := d.Beat(t.Context(), run, 0, done); err != nil {
			t.Fatal(err)
		}
		noted(test.noted)
	}
}

// TestAClockGoesOnByTheMonotonicClock continues a time of the database's over a
// wall clock that is an hour off.
func TestAClockGoesOnByTheMonotonicClock(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for _, off := range []time.Duration{0, time.Hour, -time.Hour} {
		now := func() time.Time { return time.Now().Add(off) }
		run, err := d.StartRun(t.Context(), db.Start{Source: fmt.Sprint(off), Trigger: "test", Scope: "all", Now: now})
		if err != nil {
			t.Fatal(err)
		}
		before := now()
		there := ask[time.Time](t, d, "SELECT clock_timestamp()")
		after := now()
		if e, l := run.Clock.Earliest(after.Add(time.Hour)).Sub(run.Clock.Earliest(after)), run.Clock.Latest(after.Add(time.Hour)).Sub(run.Clock.Latest(after)); e != time.Hour || l != time.Hour {
			t.Errorf("%v off: in an hour the clock goes on by %v and %v", off, e, l)
		}
		if low, high := run.Clock.Earliest(before), run.Clock.Latest(after); low.After(there) || high.Before(there) || high.Sub(low) > time.Minute {
			t.Errorf("%v off: between %v and %v, and the database's clock said %v", off, low, high, there)
		}
	}
}
