package syncer_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/secret"
	"syncer/internal/syncer"
)

// TestAPreviewSaysWhatARunWouldDoAndWritesNothing previews every step with a role
// that may only read, runs it, and compares what was said with what was done.
func TestAPreviewSaysWhatARunWouldDoAndWritesNothing(t *testing.T) {
	t.Parallel()
	for _, scenario := range fetchtest.Scenarios() {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			url := dbtest.URL(t)
			b := benchOn(t, fetchtest.Start(t, scenario), dbtest.Open(t, url))
			reader := readOnly(t, b, url)
			for step := range b.polar.Steps() {
				b.polar.Goto(step)
				before := b.dump() + strings.Join(b.column(`SELECT c::text FROM changes AS c ORDER BY id`), "\n") +
					strings.Join(b.column(`SELECT r::text FROM sync_runs AS r ORDER BY id`), "\n")
				said := map[string]bool{}
				preview, err := reader.Preview(t.Context(), b.all(), syncer.Options{}, func(d syncer.Difference) {
					for _, c := range d.Changes {
						said[line(t, c)] = true
					}
				})
				if err != nil {
					t.Fatalf("step %d: %v", step, err)
				}
				after := b.dump() + strings.Join(b.column(`SELECT c::text FROM changes AS c ORDER BY id`), "\n") +
					strings.Join(b.column(`SELECT r::text FROM sync_runs AS r ORDER BY id`), "\n")
				if before != after {
					t.Fatalf("step %d: the preview wrote", step)
				}
				report := b.run(b.all())
				if diff := cmp.Diff(report.Links, preview.Links) + cmp.Diff(report.Rows, preview.Rows); diff != "" {
					t.Errorf("step %d: done and previewed differ:\n%s", step, diff)
				}
				done := map[string]bool{}
				for _, l := range b.column(`SELECT entity || ' ' || entity_id || ' ' || op FROM changes WHERE run_id = $1::uuid`, report.RunID) {
					done[l] = true
				}
				if diff := cmp.Diff(done, said); diff != "" {
					t.Errorf("step %d: previewed and done differ:\n%.2000s", step, diff)
				}
			}
		})
	}
}

// TestAPreviewLosesOneLinkToAValueThatPostgresRefuses, as the run does, and says the
// same of all others.
func TestAPreviewLosesOneLinkToAValueThatPostgresRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, "alpha")
	b.polar.Overlay("3 metadata {\"n\":1e200000}\n119 metadata {\"n\":1e200000}")
	told := 0
	preview, err := b.syncer.Preview(t.Context(), b.all(), syncer.Options{}, func(syncer.Difference) { told++ })
	if err != nil || preview.Status != db.Partial || told != 118 {
		t.Errorf("%s, %d links told, %v", preview.Status, told, err)
	}
	report := b.run(b.all())
	if !cmp.Equal(preview.Links, report.Links) || preview.Rows != report.Rows || report.Links.Failed != 2 {
		t.Errorf("previewed %+v %+v, done %+v %+v", preview.Links, preview.Rows, report.Links, report.Rows)
	}
	if diff := cmp.Diff(report.Failures, preview.Failures, cmpopts.IgnoreFields(syncer.Failure{}, "Message")); diff != "" {
		t.Errorf("done and previewed: %s", diff)
	}
}

func line(tb testing.TB, c db.Change) string {
	tb.Helper()
	if c.Op == "update" && (!json.Valid(c.Before) || !json.Valid(c.After)) {
		tb.Errorf("an update without values: %+v", c)
	}
	return fmt.Sprintf("%s %s %s", c.Entity, c.EntityID, c.Op)
}

// readOnly is a syncer whose role may only read.
func readOnly(tb testing.TB, b *bench, url string) *syncer.Syncer {
	tb.Helper()
	role := "reader_" + strings.ReplaceAll(strings.ToLower(tb.Name()[strings.LastIndexByte(tb.Name(), '/')+1:]), "-", "_")
	for _, sql := range []string{
		`CREATE ROLE ` + role + ` LOGIN`, `GRANT USAGE ON SCHEMA polar TO ` + role, `GRANT SELECT ON ALL TABLES IN SCHEMA polar TO ` + role,
	} {
		b.exec(sql)
	}
	d, err := db.Open(tb.Context(), db.Config{URL: secret.New(strings.Replace(url, "syncer@", role+"@", 1)), App: "test"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	reader := *b.syncer
	reader.DB = d
	return &reader
}

// TestHistoryIsKeptAsLongAsConfigured forgets what is older, and nothing unless
// that is asked for.
func TestHistoryIsKeptAsLongAsConfigured(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed")
	b.run(b.links())
	b.polar.Goto(1)
	second := b.run(b.links())
	runs := func() []string { return b.column(`SELECT DISTINCT run_id::text FROM changes ORDER BY 1`) }
	if got := runs(); len(got) != 2 {
		t.Fatalf("changes of %d runs, and nothing should be forgotten", len(got))
	}
	b.exec(`UPDATE changes SET not_after = not_after - interval '30 minutes' WHERE run_id <> $1::uuid`, second.RunID)
	b.syncer.KeepChanges = 20 * time.Minute
	b.run(b.links())
	if diff := cmp.Diff([]string{second.RunID}, runs()); diff != "" {
		t.Errorf("changes of which runs are left:\n%s", diff)
	}
}

func TestOldRunsAreForgotten(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	old := b.run(b.all())
	b.run(b.all())
	b.exec(`UPDATE sync_runs SET finished_at = finished_at - interval '3 days'`)
	kept := func() bool { return slices.Contains(b.column(`SELECT id::text FROM sync_runs`), old.RunID) }
	if b.run(b.all()); !kept() {
		t.Fatal("forgotten, and nothing should be")
	}
	b.syncer.KeepRuns = 48 * time.Hour
	if b.run(b.all()); kept() {
		t.Error("an old run is still on record")
	}
}
