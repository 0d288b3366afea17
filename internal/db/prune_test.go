package db_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/db/dbtest"
)

// TestOldRunsGoButForThoseThatLaterOnesGoBy tells the runs that go from those that stay.
func TestOldRunsGoButForThoseThatLaterOnesGoBy(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	exec(t, d, `
		INSERT INTO sync_runs (id, source, trigger, status, seen_organization_ids, started_at, observing_since, finished_at, ended_after, holder, scope)
		SELECT gen_random_uuid(), r.source, r.name, r.status, r.seen::uuid[], now() - r.ago, now() - r.ago,
			CASE WHEN r.status <> 'running' THEN now() - r.ago END, CASE WHEN r.status <> 'running' THEN r.ended_after END, 'x', r.scope
		FROM (VALUES
			('saw it long ago',           'a', 'succeeded', '{aa000000-0000-4000-8000-000000000001}', interval '20 days', 'all', 1),
			('last to see it',            'a', 'partial',   '{aa000000-0000-4000-8000-000000000001}', interval '19 days', 'all', 2),
			('old',                       'a', 'succeeded', '{}', interval '18 days', 'all', 3),
			('last good',                 'a', 'partial',   '{}', interval '17 days', 'all', 4),
			('last good of its scope',    'a', 'succeeded', '{}', interval '16 days', 'two links', 5),
			('failed since',              'a', 'failed',    '{}', interval '15 days', 'all', 6),
			('tried a link last',         'a', 'abandoned', '{}', interval '14 days', 'all', 7),
			('young',                     'a', 'failed',    '{}', interval '9 days', 'all', 8),
			('last good of its source',   'b', 'succeeded', '{}', interval '20 days', 'all', 9),
			('running',                   'c', 'running',   '{}', interval '20 days', 'all', 0),
			('ended beside a running one','b', 'failed',    '{}', interval '12 days', 'all', 10)
		) AS r (name, source, status, seen, ago, scope, ended_after)`)
	exec(t, d, `INSERT INTO sync_failures (source, checkout_link_id, since, last_at, kind, message, run_id)
		SELECT 'a', gen_random_uuid(), now(), now(), 'unavailable', '', id FROM sync_runs WHERE trigger = 'tried a link last'`)
	before := time.Now().Add(-10 * 24 * time.Hour)
	for range 2 {
		if err := d.PruneRuns(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		want := "last to see it, last good, last good of its scope, tried a link last, young, last good of its source, running, ended beside a running one"
		if diff := cmp.Diff(want, ask[string](t, d, `SELECT string_agg(trigger, ', ' ORDER BY number) FROM sync_runs`)); diff != "" {
			t.Errorf("runs left:\n%s", diff)
		}
	}
}

// TestPruningGoesOnUntilNothingOldIsLeft has more than one piece to delete, and writes
// nothing when it is done.
func TestPruningGoesOnUntilNothingOldIsLeft(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	exec(t, d, `
		INSERT INTO sync_runs (id, source, trigger, status, started_at, observing_since, finished_at, ended_after, holder, scope)
		SELECT gen_random_uuid(), 'a', '', 'failed', now() - interval '20 days', now(), now() - interval '20 days', 1, '', '' FROM generate_series(1, 12000)`)
	exec(t, d, `INSERT INTO changes (entity, entity_id, op, not_after) SELECT 'x', gen_random_uuid(), 'insert', now() - interval '20 days' FROM generate_series(1, 12000)`)
	before := time.Now().Add(-10 * 24 * time.Hour)
	prune := func() {
		if err := d.PruneRuns(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		if err := d.PruneChanges(t.Context(), before); err != nil {
			t.Fatal(err)
		}
	}
	prune()
	if n := ask[int](t, d, `SELECT (SELECT count(*) FROM sync_runs) + (SELECT count(*) FROM changes)`); n != 0 {
		t.Errorf("%d old rows are left", n)
	}
}
