package db_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// TestMissingRightsKnowsEveryTable fails if MissingRights ignores a table.
func TestMissingRightsKnowsEveryTable(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	owner := dbtest.Open(t, url)
	if lacks, err := owner.MissingRights(t.Context(), "changes"); err != nil || lacks != nil {
		t.Errorf("the owner lacks %v, %v", lacks, err)
	}
	lacks, err := dbtest.Open(t, url+"&role=pg_monitor").MissingRights(t.Context(), "changes") // a role without rights here
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for _, l := range lacks {
		tables = append(tables, l.On...)
	}
	slices.Sort(tables)
	want := ask[string](t, owner, "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'polar' AND tablename <> 'syncer_migrations_lock'")
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

func TestServerSaysWhatItIsAndWhoAsks(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	s := d.Server()
	if s.Host == "" || s.VersionNumber < db.OldestServer || !strings.Contains(s.Version, ".") || s.Standby || s.ReadOnly || s.Pooled {
		t.Errorf("%+v", s)
	}
	if want := ask[string](t, d, "SELECT current_database() || ' ' || current_user"); s.Database+" "+s.Role != want {
		t.Errorf("%+v, want %s", s, want)
	}
	exec(t, d, `CREATE SCHEMA `+db.Quoted(`a"; b`))
	if ask[int](t, d, "SELECT count(*) FROM pg_namespace WHERE nspname = $1", `a"; b`) != 1 {
		t.Error("a name with a quote in it was not taken as it is")
	}
}

func TestDoubtfulLinksAreGoneOrUnknown(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	gone, strange := addLink(t, d, organization(1)), addLink(t, d, organization(2)) // 2 is another source's
	failing, unseen := uuid.New(), uuid.New()
	ids := []uuid.UUID{addLink(t, d, organization(1)), gone, strange, failing, unseen}
	exec(t, d, `UPDATE checkout_links SET removed_at = $2 WHERE id = $1`, gone, noon)
	exec(t, d, `INSERT INTO source_organizations (source, organization_id, server, first_seen_at)
		VALUES ('shop', $1, '', $3), ('other', $2, '', $3)`, organization(1), organization(2), noon)
	exec(t, d, `INSERT INTO sync_failures (source, checkout_link_id, since, last_at, kind, message, run_id)
		VALUES ('shop', $1, $2, $2, 'status', 'no', gen_random_uuid())`, failing, noon)
	gotGone, gotUnknown, err := d.DoubtfulLinks(t.Context(), "shop", ids)
	if err != nil {
		t.Fatal(err)
	}
	sorted := cmpopts.SortSlices(func(a, b uuid.UUID) bool { return a.String() < b.String() })
	if diff := cmp.Diff([][]uuid.UUID{{gone}, {strange, unseen}}, [][]uuid.UUID{gotGone, gotUnknown}, sorted); diff != "" {
		t.Error(diff)
	}
}
