package db_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/db/dbtest"
)

// TestMissingRightsKnowsEveryTable fails when there is a table that MissingRights
// does not ask about.
func TestMissingRightsKnowsEveryTable(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	owner := dbtest.Open(t, url)
	if lacks, err := owner.MissingRights(t.Context(), true); err != nil || lacks != nil {
		t.Errorf("the owner lacks %v, %v", lacks, err)
	}
	lacks, err := dbtest.Open(t, url+"&role=pg_monitor").MissingRights(t.Context(), true) // a role that may nothing here
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for _, l := range lacks {
		tables = append(tables, l.On...)
	}
	slices.Sort(tables)
	want := ask[string](t, owner, "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'polar' AND tablename <> 'goose_lock'")
	if diff := cmp.Diff(strings.Fields(want), slices.Compact(tables)); diff != "" {
		t.Errorf("tables there are, and those whose rights are looked up:\n%s", diff)
	}
}

func TestClockSaysHowFarTheServerIsAhead(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for _, off := range []time.Duration{0, time.Hour, -5 * time.Second} {
		ahead, margin, err := d.Clock(t.Context(), func() time.Time { return time.Now().Add(-off) })
		if err != nil || (ahead-off).Abs() > margin+time.Millisecond || margin > time.Second {
			t.Errorf("%v ahead, give or take %v, %v; want %v", ahead, margin, err, off)
		}
	}
}

func TestFindHolderTellsTheDeadFromTheLiving(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	wants := func(when, process string, dead bool) {
		t.Helper()
		holder, err := d.FindHolder(t.Context(), "shop")
		if err != nil || holder == nil || holder.Dead != dead || !strings.Contains(holder.Process, process) {
			t.Fatalf("%s: %+v, %v", when, holder, err)
		}
	}
	if holder, err := d.FindHolder(t.Context(), "shop"); holder != nil || err != nil {
		t.Errorf("nobody: %+v, %v", holder, err)
	}
	run := startRun(t, d, "shop")
	wants("this process", ", process ", false)
	silent(t, d, run, "9 seconds")
	wants("silent", ", process ", true)
	exec(t, d, "UPDATE sync_runs SET holder = 'elsewhere', heartbeat_at = clock_timestamp()")
	wants("elsewhere", "elsewhere", false)
}
