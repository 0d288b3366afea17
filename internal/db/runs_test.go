package db_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// noon is when runs begin that have no reason to begin at another time.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func startRun(tb testing.TB, d *db.DB, source string) db.Run {
	tb.Helper()
	run, err := d.StartRun(tb.Context(), db.Start{Source: source, Trigger: "test", Scope: "all", At: noon})
	if err != nil {
		tb.Fatal(err)
	}
	return run
}

func statusOf(tb testing.TB, d *db.DB, run db.Run) string {
	tb.Helper()
	return ask[string](tb, d, "SELECT status FROM sync_runs WHERE id = $1", run.ID)
}

func TestARunHoldsItsSourceUntilItEnds(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	run := startRun(t, d, "shop")
	if run.ID.Version() != 7 || run.Source != "shop" || !run.Previous.IsZero() || run.Checkpoint != nil {
		t.Errorf("run: %+v", run)
	}
	startRun(t, d, "sandbox") // another source is nobody's business

	_, err := d.StartRun(t.Context(), db.Start{Source: "shop", Trigger: "backfill", Scope: "1 link", At: noon})
	held, ok := errors.AsType[*db.HeldError](err)
	if !ok || !errors.Is(err, db.ErrHeld) {
		t.Fatalf("second: %v", err)
	}
	if held.Source != "shop" || held.Trigger != "test" || !held.Since.Equal(noon) || !strings.HasSuffix(held.Holder, fmt.Sprintf(", process %d", os.Getpid())) {
		t.Errorf("holder: %+v", held)
	}
	if want := fmt.Sprintf("another run holds the source: \"shop\" is held by %s (test) since 2026-11-22T12:00:00Z", held.Holder); err.Error() != want {
		t.Errorf("says %q, want %q", err, want)
	}

	if err := d.FinishRun(t.Context(), run, db.Result{Status: "succeeded"}); err != nil {
		t.Fatal(err)
	}
	if next := startRun(t, d, "shop"); !next.Previous.Equal(noon) {
		t.Errorf("previous began at %v", next.Previous)
	}
}

func TestOfManyThatStartAtOnceOneHoldsTheSource(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	var starting sync.WaitGroup
	results := make(chan error, 8)
	for range cap(results) {
		starting.Go(func() {
			_, err := d.StartRun(t.Context(), db.Start{Source: "shop", Trigger: "test", Scope: "all", At: noon})
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
	if err := d.Beat(t.Context(), run, 3); err != nil {
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

// others gives a run another holder, of which nobody here knows whether it lives.
func others(tb testing.TB, d *db.DB, run db.Run) {
	tb.Helper()
	exec(tb, d, "UPDATE sync_runs SET holder = 'elsewhere (00000000), process 1' WHERE id = $1", run.ID)
}

// silent makes a run look as if its last sign of life was that long ago.
func silent(tb testing.TB, d *db.DB, run db.Run, ago string) {
	tb.Helper()
	exec(tb, d, "UPDATE sync_runs SET heartbeat_at = clock_timestamp() - $2::text::interval WHERE id = $1", run.ID, ago)
}

func TestASilentRunIsTakenOverAndLost(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	old := startRun(t, d, "shop")
	others(t, d, old)
	silent(t, d, old, "5 seconds") // a beat or two too late
	if _, err := d.StartRun(t.Context(), db.Start{Source: "shop", Trigger: "test", Scope: "all", At: noon}); !errors.Is(err, db.ErrHeld) {
		t.Fatalf("too early: %v", err)
	}
	silent(t, d, old, "8 seconds")
	fresh := startRun(t, d, "shop")
	if a, b := statusOf(t, d, old), statusOf(t, d, fresh); a != "abandoned" || b != "running" {
		t.Errorf("old %s, new %s", a, b)
	}
	if why := ask[string](t, d, "SELECT error FROM sync_runs WHERE id = $1", old.ID); !strings.Contains(why, "no heartbeat since ") {
		t.Errorf("why: %s", why)
	}
	wantLost(t, d, old)
	if got := statusOf(t, d, old); got != "abandoned" {
		t.Errorf("in the end: %s", got)
	}
	if err := d.Beat(t.Context(), fresh, 1); err != nil {
		t.Errorf("the new one: %v", err)
	}
}

// wantLost fails the test unless nothing can be done any more with the run.
func wantLost(tb testing.TB, d *db.DB, run db.Run) {
	tb.Helper()
	_, saved := d.Save(tb.Context(), run, &db.Batch{SeenAt: noon})
	for what, err := range map[string]error{
		"beat": d.Beat(tb.Context(), run, 1), "save": saved, "finish": d.FinishRun(tb.Context(), run, db.Result{Status: "succeeded"}),
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
	if err := d.Beat(t.Context(), run, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := d.StartRun(t.Context(), db.Start{Source: "shop", Trigger: "test", Scope: "all", At: noon}); !errors.Is(err, db.ErrHeld) {
		t.Errorf("taken over although it lives: %v", err)
	}
}

func TestARunOfADeadProcessIsTakenOverAtOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	run := startRun(t, d, "shop")
	exec(t, d, "UPDATE sync_runs SET holder = regexp_replace(holder, 'process .*', 'process 99999999') WHERE id = $1", run.ID) // beyond any id there is
	startRun(t, d, "shop")
	if why := ask[string](t, d, "SELECT error FROM sync_runs WHERE id = $1", run.ID); why != "its process died, taken over" {
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
		if _, err := d.StartRun(t.Context(), db.Start{Source: "shop", Trigger: "test", Scope: "all", At: noon}); !errors.Is(err, db.ErrHeld) {
			t.Errorf("%q: %v", holder, err)
		}
	}
}

func TestAStoppedRunIsGoneOnWith(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status string
		next   db.Start
		want   string // checkpoint
	}{
		"abandoned":         {"abandoned", db.Start{Scope: "all", At: noon.Add(time.Hour), Resume: true}, `{"done": 7}`},
		"failed":            {"failed", db.Start{Scope: "all", At: noon.Add(time.Hour), Resume: true}, `{"done": 7}`},
		"not asked for":     {"abandoned", db.Start{Scope: "all", At: noon.Add(time.Hour)}, ""},
		"of another scope":  {"abandoned", db.Start{Scope: "1 link", At: noon.Add(time.Hour), Resume: true}, ""},
		"a day later":       {"abandoned", db.Start{Scope: "all", At: noon.Add(24 * time.Hour), Resume: true}, ""},
		"it had not failed": {"succeeded", db.Start{Scope: "all", At: noon.Add(time.Hour), Resume: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dbtest.New(t)
			run := startRun(t, d, "shop")
			if _, err := d.Save(t.Context(), run, &db.Batch{SeenAt: noon, Checkpoint: json.RawMessage(`{"done": 7}`)}); err != nil {
				t.Fatal(err)
			}
			if err := d.FinishRun(t.Context(), run, db.Result{Status: test.status}); err != nil {
				t.Fatal(err)
			}
			test.next.Source, test.next.Trigger = "shop", "backfill"
			next, err := d.StartRun(t.Context(), test.next)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(next.Checkpoint)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
