package db_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// TestAStampThatLiesAheadHoldsNobody restores a dump of a database whose clock was
// ahead: a running run of another machine, whose process nobody here can see.
func TestAStampThatLiesAheadHoldsNobody(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	run := startRun(t, d, "shop")
	claim(t, d, run, organization(1))
	others(t, d, run)
	exec(t, d, "UPDATE sync_runs SET heartbeat_at = clock_timestamp() + interval '5 seconds'") // a clock set back by a little
	_ = wantHeld(t, d, "shop")
	if holder, err := d.FindHolder(t.Context(), "shop"); err != nil || holder.Dead {
		t.Errorf("%+v, %v", holder, err)
	}

	const years = "interval '5 years'"
	exec(t, d, "UPDATE sync_runs SET heartbeat_at = heartbeat_at + "+years+", started_at = started_at + "+years+", observing_since = observing_since + "+years)
	if holder, err := d.FindHolder(t.Context(), "shop"); err != nil || !holder.Dead {
		t.Errorf("%+v, %v", holder, err)
	}
	other := startRun(t, d, "other")
	claim(t, d, other, organization(1)) // its organization is free
	finish(t, d, other)
	next := startRun(t, d, "shop") // and its source
	if got := ask[string](t, d, "SELECT error FROM sync_runs WHERE id = $1", run.ID); !strings.Contains(got, "its last sign of life lies 4") || !strings.Contains(got, "h0m") {
		t.Errorf("the run's error: %s", got)
	}
	if time.Since(next.Since).Abs() > time.Minute {
		t.Errorf("observing since %v", next.Since)
	}
}

// TestARunWhoseTimeLiesAheadIsNoBound finishes one run, and then one that seems to
// come from the future.
func TestARunWhoseTimeLiesAheadIsNoBound(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	first := startRun(t, d, "shop")
	show(t, d, first, organization(1))
	saw := db.Result{Status: db.Succeeded, Seen: first.KeptIDs()}
	finishWith(t, d, first, saw)
	second := startRun(t, d, "shop")
	finishWith(t, d, second, saw)
	exec(t, d, "UPDATE sync_runs SET observing_since = observing_since + interval '5 years' WHERE id = $1", second.ID)
	third := startRun(t, d, "shop")
	if len(third.Kept) != 1 || !third.Kept[0].Previous.Equal(first.Since) {
		t.Errorf("the previous run began at %v, want %v", third.Kept, first.Since)
	}
	// One that was stopped after them is not resumed instead of it.
	if err := d.FinishRun(t.Context(), third, db.Result{Status: db.Abandoned, Checkpoint: json.RawMessage(`{}`)}); err != nil {
		t.Fatal(err)
	}
	fourth := startRun(t, d, "shop")
	finish(t, d, fourth)
	exec(t, d, "UPDATE sync_runs SET observing_since = observing_since + interval '5 years' WHERE id = $1", fourth.ID)
	fifth, err := d.StartRun(t.Context(), db.Start{Source: "shop", Trigger: "backfill", Scope: "all", Resume: true})
	if err != nil || fifth.Checkpoint != nil {
		t.Errorf("resumes the run before the last one: %s, %v", fifth.Checkpoint, err)
	}
}

func TestStampsAheadAreNamed(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	run := startRun(t, d, "shop")
	if _, err := d.Save(t.Context(), run, everyTable()); err != nil {
		t.Fatal(err)
	}
	show(t, d, run, organization(1))
	ahead := func() map[string]int {
		t.Helper()
		all, err := d.StampsAhead(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]int{}
		for _, a := range all {
			found[a.Column] = a.Rows
			if time.Until(a.Latest) < time.Hour {
				t.Errorf("%+v", a)
			}
		}
		return found
	}
	if got := ahead(); len(got) != 0 {
		t.Errorf("ahead: %v", got)
	}
	// Every column that holds a time of ours.
	columns := strings.Fields(ask[string](t, d, `SELECT string_agg(table_name || '.' || column_name, ' ') FROM information_schema.columns
		WHERE table_schema = 'polar' AND column_name IN ('started_at', 'observing_since', 'heartbeat_at', 'finished_at', 'last_at', 'first_seen_at', 'changed_at')
			AND table_name <> 'drift'`))
	for _, c := range columns {
		table, column, _ := strings.Cut(c, ".")
		exec(t, d, "UPDATE "+table+" SET "+column+" = clock_timestamp() + interval '1 year'")
	}
	got := ahead()
	for _, c := range columns {
		if got[c] == 0 {
			t.Errorf("%s is not named", c)
		}
	}
}
