package db_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// kinds are all kinds that Classify assigns.
var kinds = []error{db.ErrUnreachable, db.ErrSchema, db.ErrRejected, db.ErrHeld, db.ErrLost}

// wantKind expects err to be of that kind only; nil is none of them.
func wantKind(tb testing.TB, what string, err, kind error) {
	tb.Helper()
	if err == nil {
		tb.Errorf("%s: no error", what)
	}
	for _, k := range kinds {
		if errors.Is(err, k) != (kind != nil && errors.Is(kind, k)) {
			tb.Errorf("%s: %q is of kind %q; want %v", what, err, k, kind)
		}
	}
}

func TestClassifyTellsWhatPostgresMeans(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	exec(t, d, "CREATE TABLE narrow (a smallint PRIMARY KEY CHECK (a > 0), b text)")
	const lost = "SELECT end_batch(gen_random_uuid(), '{}', NULL)"
	for sql, kind := range map[string]error{
		"SELECT * FROM no_table":             db.ErrSchema,
		"SELECT no_column FROM narrow":       db.ErrSchema,
		"SELECT no_function()":               db.ErrSchema,
		"SELECT 1::no_type":                  db.ErrSchema,
		"CREATE TABLE no_schema.a (b text)":  db.ErrSchema,
		"INSERT INTO narrow VALUES (70000)":  db.ErrRejected,
		"INSERT INTO narrow VALUES (0)":      db.ErrRejected,
		"INSERT INTO narrow VALUES (NULL)":   db.ErrRejected,
		"INSERT INTO narrow VALUES (1), (1)": db.ErrRejected,
		"INSERT INTO narrow VALUES (1), (1) ON CONFLICT (a) DO UPDATE SET b = ''": db.ErrRejected,
		`SELECT '{"a": "\u0000"}'::jsonb`:                                         db.ErrRejected,
		"SELECT 'x'::uuid":                                                        db.ErrRejected,
		"SELECT repeat('[', 100000)::jsonb":                                       db.ErrRejected,
		lost:                                                                      db.ErrLost,
		"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '53300'; END $$": db.ErrUnreachable,
		"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '57P03'; END $$": db.ErrUnreachable,
		"SELECT pg_terminate_backend(pg_backend_pid())":                   db.ErrUnreachable,
		"SELEC 1": nil,
		"SET statement_timeout = 1; SELECT pg_sleep(60)": nil,
	} {
		_, err := d.Pool().Exec(t.Context(), sql)
		wantKind(t, sql, db.Classify(err), kind)
	}
	if err := db.Classify(nil); err != nil {
		t.Errorf("nothing: %v", err)
	}
}

func TestClassifyTellsAStopFromAnOutage(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := d.Ping(ctx)
	wantKind(t, "canceled", err, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	wantKind(t, "too slow", db.Classify(fmt.Errorf("x: %w", context.DeadlineExceeded)), db.ErrUnreachable)
}

// TestALostDatabaseIsUnreachable takes the database away while it is in use.
func TestALostDatabaseIsUnreachable(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	d, other := dbtest.Open(t, url), dbtest.Open(t, dbtest.Empty(t))
	name := ask[string](t, d, "SELECT current_database()")
	exec(t, other, "ALTER DATABASE "+name+" ALLOW_CONNECTIONS false")
	exec(t, other, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
	run := &db.Run{}
	_, started := d.StartRun(t.Context(), db.Start{Source: "shop", Trigger: "test"})
	_, saved := d.Save(t.Context(), run, &db.Batch{})
	_, migrated := d.Migrate(t.Context())
	_, listed := d.Migrations(t.Context())
	for what, err := range map[string]error{
		"start": started, "save": saved, "migrate": migrated, "list": listed, "ping": d.Ping(t.Context()), "beat": d.Beat(t.Context(), run, 0, nil),
		"finish": d.FinishRun(t.Context(), run, db.Result{}), "check": d.CheckSchema(t.Context()),
	} {
		if !strings.Contains(fmt.Sprint(err), "database unreachable") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
