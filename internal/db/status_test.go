package db_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

func TestRunsAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	first := startRun(t, d, "shop")
	if last, err := d.LastFinishedRun(t.Context(), "shop", "all"); last != nil || err != nil {
		t.Errorf("before the first end: %+v, %v", last, err)
	}
	if err := d.FinishRun(t.Context(), first, db.Result{Status: "partial", Total: 120, Changed: 3, Gone: 2, Failed: 1, Requests: 9, Error: "x"}); err != nil {
		t.Fatal(err)
	}
	second := startRun(t, d, "shop")
	startRun(t, d, "another")

	runs, err := d.Runs(t.Context(), "shop", 5)
	if err != nil || len(runs) != 2 || runs[0].ID != second.ID || runs[0].FinishedAt != nil || runs[0].Status != "running" {
		t.Fatalf("%+v, %v", runs, err)
	}
	got := runs[1]
	want := db.PastRun{
		ID: first.ID, Trigger: "test", Status: "partial", Holder: got.Holder, StartedAt: first.Since, FinishedAt: got.FinishedAt,
		Links: 120, Changed: 3, Removed: 2, Failed: 1, Requests: 9, Error: new("x"),
	}
	if diff := cmp.Diff(want, got); diff != "" || got.Holder == "" || got.FinishedAt == nil {
		t.Errorf("%+v\n%s", got, diff)
	}
	if runs, err := d.Runs(t.Context(), "shop", 1); err != nil || len(runs) != 1 {
		t.Errorf("one: %+v, %v", runs, err)
	}
	last, err := d.LastFinishedRun(t.Context(), "shop", "all")
	if err != nil || last == nil || last.Status != "partial" || last.Links != 120 || !last.FinishedAt.Equal(*got.FinishedAt) {
		t.Errorf("last: %+v, %v", last, err)
	}
	if last, err := d.LastFinishedRun(t.Context(), "shop", "1 link"); last != nil || err != nil {
		t.Errorf("of another scope: %+v, %v", last, err)
	}
}

func TestFailingLinksAreListedTheLongestFirst(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	if n, _, err := d.CountFailures(t.Context(), "shop"); n != 0 || err != nil {
		t.Errorf("none: %d, %v", n, err)
	}
	exec(t, d, `INSERT INTO sync_failures (source, checkout_link_id, since, last_at, attempts, kind, message, path, run_id)
		SELECT 'shop', ('00000000-0000-4000-8000-00000000000' || n)::uuid, $1::timestamptz - n * interval '1 hour', $1, n, 'status', 'no', '$.id', gen_random_uuid()
		FROM generate_series(1, 3) AS n`, noon)
	failing, err := d.FailingLinks(t.Context(), "shop", 2)
	if err != nil || len(failing) != 2 {
		t.Fatalf("%+v, %v", failing, err)
	}
	if f := failing[0]; f.Source != "shop" || f.Link != "00000000-0000-4000-8000-000000000003" || f.Attempts != 3 || f.Kind != "status" || f.Message != "no" || *f.Path != "$.id" || f.Label != nil {
		t.Errorf("the longest: %+v", f)
	}
	if n, since, err := d.CountFailures(t.Context(), "shop"); n != 3 || !since.Equal(failing[0].Since) || err != nil {
		t.Errorf("%d since %v, %v", n, since, err)
	}
}

// TestReadsSayOfWhichKindTheirErrorIs takes the tables away from all reads.
func TestReadsSayOfWhichKindTheirErrorIs(t *testing.T) {
	t.Parallel()
	d := openSchema(t, dbtest.Empty(t), "")
	_, runs := d.Runs(t.Context(), "shop", 1)
	_, last := d.LastFinishedRun(t.Context(), "shop", "all")
	_, failing := d.FailingLinks(t.Context(), "shop", 1)
	_, _, count := d.CountFailures(t.Context(), "shop")
	_, story := d.Story(t.Context(), uuid.New(), 1)
	_, drift := d.Drift(t.Context())
	_, dictionary := d.Dictionary(t.Context())
	_, _, doubtful := d.DoubtfulLinks(t.Context(), "shop", nil)
	_, changed := d.ChangedSince(t.Context(), noon)
	for what, err := range map[string]error{
		"runs": runs, "last": last, "failing": failing, "count": count, "story": story, "drift": drift,
		"dictionary": dictionary, "doubtful": doubtful, "changed": changed,
	} {
		if !errors.Is(err, db.ErrSchema) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
