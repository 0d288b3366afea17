package db_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/db/query"
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

// TestAScopesLinksGoWithItsLastRun tells the scopes that go from those that stay.
func TestAScopesLinksGoWithItsLastRun(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	exec(t, d, `
		INSERT INTO sync_runs (id, source, trigger, status, started_at, observing_since, finished_at, ended_after, holder, scope)
		SELECT gen_random_uuid(), r.source, '', r.status, now() - r.ago, now() - r.ago, now() - r.ago, 1, '', r.scope
		FROM (VALUES
			('a', 'failed',    interval '20 days', 'old'),
			('b', 'failed',    interval '20 days', 'old'),
			('a', 'failed',    interval '20 days', 'young elsewhere'),
			('b', 'failed',    interval '9 days',  'young elsewhere'),
			('a', 'succeeded', interval '20 days', 'last good'),
			('a', 'failed',    interval '19 days', 'last good')
		) AS r (source, status, ago, scope)`)
	exec(t, d, `INSERT INTO sync_scopes (scope, checkout_link_id)
		SELECT scope, gen_random_uuid() FROM (SELECT DISTINCT scope FROM sync_runs) AS r, generate_series(1, 3)`)
	for range 2 {
		if err := d.PruneRuns(t.Context(), time.Now().Add(-10*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		want := "last good 3, young elsewhere 3; 2 runs"
		got := ask[string](t, d, `
			SELECT string_agg(scope || ' ' || links, ', ' ORDER BY scope) || '; ' || (SELECT count(*) FROM sync_runs) || ' runs'
			FROM (SELECT scope, count(*) AS links FROM sync_scopes GROUP BY scope) AS s`)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("scopes left:\n%s", diff)
		}
	}
}

// TestARunThatBeginsWhileOthersArePrunedKeepsItsLinks prunes the only run of a scope while
// another one begins, which has found the scope's links: the prune waits for it, and sees it.
func TestARunThatBeginsWhileOthersArePrunedKeepsItsLinks(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	start := db.Start{Source: "shop", Trigger: "test", Scope: "2 links", Links: []uuid.UUID{organization(1), organization(2)}}
	first, err := d.StartRun(t.Context(), start)
	if err != nil {
		t.Fatal(err)
	}
	finishWith(t, d, first, db.Result{Status: db.Failed})
	exec(t, d, `UPDATE sync_runs SET finished_at = now() - interval '20 days', ended_after = 0`)

	beginning, err := d.Pool().Begin(t.Context()) // a run, half-way
	if err != nil {
		t.Fatal(err)
	}
	defer beginning.Rollback(t.Context())
	if err := query.New(beginning).LockClaims(t.Context()); err != nil {
		t.Fatal(err)
	}
	pruned := make(chan error, 1)
	go func() { pruned <- d.PruneRuns(t.Context(), time.Now().Add(-10*24*time.Hour)) }()
	const waiting = `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	for ask[int](t, d, waiting) == 0 {
		select {
		case err := <-pruned:
			t.Fatalf("it did not wait: %v", err)
		default:
		}
	}
	if _, err := beginning.Exec(t.Context(), `
		INSERT INTO sync_runs (id, source, trigger, started_at, observing_since, holder, scope)
		VALUES (gen_random_uuid(), 'other', '', now(), now(), '', '2 links')`); err != nil {
		t.Fatal(err)
	}
	if err := beginning.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-pruned; err != nil {
		t.Fatal(err)
	}
	if got := ask[string](t, d, `SELECT (SELECT count(*) FROM sync_runs) || ' run, ' || (SELECT count(*) FROM sync_scopes) || ' links'`); got != "1 run, 2 links" {
		t.Errorf("left: %s", got)
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
