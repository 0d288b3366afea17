package db_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/db/query"
)

// saveBatch does what a run does.
func saveBatch(tb testing.TB, d *db.DB) {
	tb.Helper()
	run, batch := startRun(tb, d, "shop"), everyTable()
	if _, err := d.Save(tb.Context(), run, batch); err != nil {
		tb.Fatal(err)
	}
	if err := d.Beat(tb.Context(), run, 1, nil); err != nil {
		tb.Error(err)
	}
	if err := d.FinishRun(tb.Context(), run, db.Result{Status: db.Succeeded, Total: 3}); err != nil {
		tb.Error(err)
	}
}

// readEverything reads all that commands read, after saveBatch.
func readEverything(tb testing.TB, d *db.DB) {
	tb.Helper()
	ctx, id := tb.Context(), rowID(0)
	check := func(what string, ok bool, err error) {
		tb.Helper()
		if err != nil || !ok {
			tb.Errorf("%s: as expected %v, %v", what, ok, err)
		}
	}
	check("ping", true, d.Ping(ctx))
	check("schema", true, d.CheckSchema(ctx))
	runs, err := d.Runs(ctx, "shop", 9)
	check("runs", len(runs) == 1, err)
	failing, err := d.FailingLinks(ctx, "shop", 9)
	check("failing links", len(failing) == 3, err)
	failures, _, err := d.CountFailures(ctx, "shop")
	check("failures", failures == 3, err)
	since, err := d.FailuresSince(ctx, "shop", time.Time{})
	check("failures since", len(since) == 3, err)
	story, err := d.Story(ctx, id, 9)
	check("story", story != nil && story.Link != nil && len(story.Offers) == 1, err)
	dictionary, err := d.Dictionary(ctx)
	check("dictionary", len(dictionary.Tables) > 0 && len(dictionary.Views) > 0 && len(dictionary.References) > 0, err)
	drift, err := d.Drift(ctx)
	check("drift", len(drift) == 3, err)
	changed, err := d.ChangedSince(ctx, time.Time{})
	check("changed", len(changed) > 0, err)
	states, err := d.LinkStates(ctx, []uuid.UUID{id})
	check("states", len(states) == 1, err)
	_, err = d.LiveLinks(ctx, []uuid.UUID{id})
	check("live links", true, err)
	_, unseen, err := d.DoubtfulLinks(ctx, "shop", []uuid.UUID{id, {}})
	check("doubtful links", len(unseen) == 1, err)
	_, _, err = d.Clock(ctx, time.Now)
	check("clock", true, err)
	holder, err := d.FindHolder(ctx, "shop")
	check("holder", holder == nil, err)
	lacks, err := d.MissingRights(ctx, "changes", "sync_runs")
	check("rights", len(lacks) == 0, err)
	filtered, err := d.FilteredTables(ctx)
	check("row level security", len(filtered) == 0, err)
	changes, err := d.Compare(ctx, everyTable())
	check("compare", len(changes) == 0, err)
}

// TestAPoolerMakesTheSameRows is a first run through PgBouncer, with one connection.
func TestAPoolerMakesTheSameRows(t *testing.T) {
	t.Parallel()
	direct := dbtest.New(t)
	saveBatch(t, direct)
	url := dbtest.URL(t)
	d := dbtest.Open(t, dbtest.Pooler(t, url, 1, nil))
	if s := d.Server(); !s.Pooled {
		t.Errorf("not recognised: %+v", s)
	}
	saveBatch(t, d)
	readEverything(t, d)
	if diff := cmp.Diff(contents(t, direct), contents(t, dbtest.Open(t, url))); diff != "" {
		t.Error(diff)
	}
}

// TestNothingLandsInAnothersSchema lets two schemas and a stranger use one connection
// in turns. What one transaction sets, no other may find.
func TestNothingLandsInAnothersSchema(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	pooled := dbtest.Pooler(t, url, 1, nil)
	stranger, err := pgx.Connect(t.Context(), pooled+"&default_query_exec_mode=exec")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stranger.Close(t.Context()) })
	var untouched string
	strangers := func() {
		t.Helper()
		var got string
		if err := stranger.QueryRow(t.Context(), `SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings
			WHERE name <> 'application_name' AND source <> 'override' AND name NOT LIKE 'transaction%' AND name NOT LIKE '%.%'`).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if untouched == "" {
			untouched = got
		}
		if diff := cmp.Diff(strings.Split(untouched, " "), strings.Split(got, " ")); diff != "" {
			t.Errorf("a stranger's session has changed:\n%s", diff)
		}
	}
	strangers()
	var open []*db.DB
	for _, schema := range []string{"one", "two"} {
		if _, err := openSchema(t, url, schema).Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		open = append(open, openSchema(t, pooled, schema))
	}
	runs := []*db.Run{startRun(t, open[0], "shop"), startRun(t, open[1], "shop")}
	// Rows of one kind in one schema, and of another in the other, by turns and at once.
	save := func(i int, id byte) {
		b := &db.Batch{NotAfter: noon}
		b.Meters = query.UpsertMetersParams{
			ID: []uuid.UUID{{15: id}}, Name: []string{open[i].Schema()}, Unit: []string{"scalar"}, CustomLabel: []*string{nil},
			CustomMultiplier: []*int64{nil}, Extra: []json.RawMessage{[]byte("{}")}, SeenAt: []time.Time{noon},
		}
		if _, err := open[i].Save(t.Context(), runs[i], b); err != nil {
			t.Error(err)
		}
	}
	for id := range byte(5) {
		save(0, id)
		strangers()
		save(1, id)
		strangers()
	}
	var saving sync.WaitGroup
	for i := range open {
		saving.Go(func() {
			for id := range byte(50) {
				save(i, 100+id)
			}
		})
	}
	saving.Wait()
	strangers()
	for i, d := range open {
		if err := d.FinishRun(t.Context(), runs[i], db.Result{Status: db.Succeeded}); err != nil {
			t.Error(err)
		}
		direct := openSchema(t, url, d.Schema())
		if got := ask[string](t, direct, "SELECT string_agg(DISTINCT name, ' ') || count(*) FROM meters"); got != d.Schema()+"55" {
			t.Errorf("%s holds %s", d.Schema(), got)
		}
		if n := ask[int](t, direct, "SELECT count(*) FROM changes WHERE run_id IS NOT NULL"); n != 55 {
			t.Errorf("%s: %d changes are on record", d.Schema(), n)
		}
	}
	if n := ask[int](t, openSchema(t, url, "one"), "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"); n != 0 {
		t.Errorf("%d relations in public", n)
	}
}

// TestAPoolerOfStatementsIsRefused: a batch cannot be one transaction there.
func TestAPoolerOfStatementsIsRefused(t *testing.T) {
	t.Parallel()
	err := openOnce(t, dbtest.Pooler(t, dbtest.URL(t), 1, nil, "pool_mode = statement"))
	if !errors.Is(err, db.ErrUnfit) || !strings.Contains(err.Error(), "works in statement mode, which has no transactions; set its pool_mode to transaction") {
		t.Error(err)
	}
}

// TestAPoolerOfSessionsWorks: it is taken for one of transactions, which is no harm.
func TestAPoolerOfSessionsWorks(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Pooler(t, dbtest.URL(t), 9, nil, "pool_mode = session"))
	saveBatch(t, d)
	readEverything(t, d)
}

func TestMigrateRefusesAPooler(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	d := dbtest.Open(t, dbtest.Pooler(t, url, 2, nil))
	if _, err := d.Migrate(t.Context()); !errors.Is(err, db.ErrConfig) || !strings.Contains(err.Error(), "set SYNCER_MIGRATE_DATABASE_URL to the server's own address") {
		t.Error(err)
	}
	if n := ask[int](t, dbtest.Open(t, url), "SELECT count(*) FROM pg_namespace WHERE nspname = 'polar'"); n != 0 {
		t.Error("it has begun")
	}
	if all, err := d.Migrations(t.Context()); err != nil || len(all) == 0 || !all[0].AppliedAt.IsZero() { // that only reads
		t.Errorf("%+v, %v", all, err)
	}
}

func TestAPoolerNamesTheParameterThatItRefuses(t *testing.T) {
	t.Parallel()
	err := openOnce(t, dbtest.Pooler(t, dbtest.URL(t), 1, nil)+"&statement_timeout=1000")
	if !errors.Is(err, db.ErrConfig) || !strings.Contains(err.Error(), `the server refuses the parameter "statement_timeout"; correct or remove it`) {
		t.Error(err)
	}
}
