package db_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/secret"
	"syncer/migrations"
)

func openSchema(tb testing.TB, url, schema string) *db.DB {
	tb.Helper()
	d, err := db.Open(tb.Context(), db.Config{URL: secret.New(url), Schema: schema, App: "test"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	return d
}

func exec(tb testing.TB, d *db.DB, sql string, args ...any) {
	tb.Helper()
	if _, err := d.Pool().Exec(tb.Context(), sql, args...); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

func ask[T any](tb testing.TB, d *db.DB, sql string, args ...any) T {
	tb.Helper()
	var answer T
	if err := d.Pool().QueryRow(tb.Context(), sql, args...).Scan(&answer); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return answer
}

func TestMigrateAppliesEverythingOnce(t *testing.T) {
	t.Parallel()
	d := openSchema(t, dbtest.Empty(t), "")
	before, err := d.Migrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.CheckSchema(t.Context()); !errors.Is(err, db.ErrSchema) || !strings.Contains(err.Error(), "holds no tables yet; run `syncer migrate`") {
		t.Errorf("empty: %v", err)
	}
	done, err := d.Migrate(t.Context())
	applied := done.Applied
	if err != nil || len(applied) != len(before) || len(applied) == 0 {
		t.Fatalf("applied %d of %d: %v", len(applied), len(before), err)
	}
	for i, m := range applied {
		if m.Version != before[i].Version || m.Name != before[i].Name || m.AppliedAt.IsZero() || !before[i].AppliedAt.IsZero() {
			t.Errorf("before %+v, applied %+v", before[i], m)
		}
	}
	if again, err := d.Migrate(t.Context()); err != nil || len(again.Applied) != 0 || len(again.Did) != 0 {
		t.Errorf("again: %v, %v", again, err)
	}
	if err := d.CheckSchema(t.Context()); err != nil {
		t.Error(err)
	}
	after, err := d.Migrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range after {
		if m.AppliedAt.IsZero() {
			t.Errorf("after: %+v", m)
		}
	}
}

func TestManyMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	var running sync.WaitGroup
	applied := make([]int, 6)
	for i := range applied {
		d := openSchema(t, url, "")
		running.Go(func() {
			done, err := d.Migrate(t.Context())
			if err != nil {
				t.Error(err)
			}
			applied[i] = len(done.Applied)
		})
	}
	running.Wait()
	sum := 0
	for _, n := range applied {
		sum += n
	}
	d := openSchema(t, url, "")
	all, err := d.Migrations(t.Context())
	if err != nil || sum != len(all) {
		t.Errorf("%v were applied of %d, %v", applied, len(all), err)
	}
}

func TestASchemaOfAnotherVersionDoesNotFit(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	exec(t, d, "INSERT INTO syncer_migrations (version_id, is_applied) VALUES (99999, true)")
	for what, check := range map[string]func() error{
		"check":   func() error { return d.CheckSchema(t.Context()) },
		"migrate": func() error { _, err := d.Migrate(t.Context()); return err },
	} {
		if err := check(); !errors.Is(err, db.ErrSchema) || !strings.Contains(err.Error(), "use the newer syncer") {
			t.Errorf("newer, %s: %v", what, err)
		}
	}
	exec(t, d, "DELETE FROM syncer_migrations WHERE version_id > 1")
	if err := d.CheckSchema(t.Context()); !errors.Is(err, db.ErrSchema) || !strings.Contains(err.Error(), "is at version 1, this program needs") {
		t.Errorf("older: %v", err)
	}
}

// TestASchemaMayBeMadeByAnAdministrator migrates as a role that may not create
// schemas, into one made for it.
func TestASchemaMayBeMadeByAnAdministrator(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	role := "migrator_of_" + ask[string](t, d, "SELECT current_database()") // roles belong to the whole server
	exec(t, d, "CREATE ROLE "+role+" LOGIN; GRANT ALL ON SCHEMA polar TO "+role+"; GRANT ALL ON ALL TABLES IN SCHEMA polar TO "+role)
	as := openSchema(t, strings.Replace(d.Pool().Config().ConnString(), "syncer@", role+"@", 1), "")
	if _, err := as.Migrate(t.Context()); err != nil {
		t.Error(err)
	}
	exec(t, d, "REVOKE ALL ON SCHEMA polar FROM "+role)
	err := as.CheckSchema(t.Context())
	if err == nil || errors.Is(err, db.ErrSchema) || !strings.Contains(err.Error(), "permission denied for schema polar") {
		t.Errorf("a schema that may not be looked at: %v", err)
	}
}

// provider goes to any version.
func provider(tb testing.TB, d *db.DB) *goose.Provider {
	tb.Helper()
	p, err := goose.NewProvider(goose.DialectPostgres, stdlib.OpenDBFromPool(d.Pool()), migrations.FS,
		goose.WithTableName("syncer_migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = p.Close() })
	return p
}

// TestMigrationsGoDownAndUpAgain leaves nothing behind on the way down, and
// ends where it began.
func TestMigrationsGoDownAndUpAgain(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	before := attributes(t, d)
	p := provider(t, d)
	if _, err := p.DownTo(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	rows, err := d.Pool().Query(t.Context(), `
		SELECT 'relation ' || relname FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relname NOT LIKE 'syncer_migrations%'
		UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = to_regnamespace($1)
		UNION ALL SELECT 'domain ' || typname FROM pg_type WHERE typnamespace = to_regnamespace($1) AND typtype = 'd'`, d.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if left, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(left) > 0 {
		t.Errorf("left at version 0: %v, %v", left, err)
	}
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, attributes(t, d)); diff != "" {
		t.Errorf("down and up again made another schema:\n%s", diff)
	}
}

// TestFailuresOfAnOlderVersionGetNames has failures from before places were told apart,
// and goes back to them.
func TestFailuresOfAnOlderVersionGetNames(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	p := provider(t, d)
	failures := func(column string) []string {
		rows, err := d.Pool().Query(t.Context(), `SELECT `+column+` FROM sync_failures ORDER BY 1`)
		if err != nil {
			t.Fatal(err)
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	if _, err := p.DownTo(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	named := rowID(1).String()
	exec(t, d, `INSERT INTO sync_failures (source, checkout_link_id, since, last_at, kind, message, run_id)
		SELECT 'shop', id, now(), now(), 'unavailable', '', gen_random_uuid() FROM unnest($1::uuid[]) AS id`, []string{named, uuid.Nil.String()})
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{named}, failures("link")); diff != "" {
		t.Errorf("up: %s", diff)
	}
	exec(t, d, `INSERT INTO sync_failures (source, place, since, last_at, kind, message, run_id) VALUES ('shop', 151, now(), now(), 'unavailable', '', gen_random_uuid())`)
	if diff := cmp.Diff([]string{named, "link 151 of the organization's list"}, failures("link")); diff != "" {
		t.Errorf("a place: %s", diff)
	}
	if _, err := p.DownTo(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{named}, failures("checkout_link_id::text")); diff != "" {
		t.Errorf("down: %s", diff)
	}
}

// TestTwoSchemasLiveSideBySide migrates two in one database, and takes one down.
func TestTwoSchemasLiveSideBySide(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	a, b := openSchema(t, url, "polar_sandbox"), openSchema(t, url, "shop_2")
	for _, d := range []*db.DB{a, b} {
		if err := d.CheckSchema(t.Context()); !errors.Is(err, db.ErrSchema) {
			t.Errorf("%s before: %v", d.Schema(), err)
		}
		if _, err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(attributes(t, a), attributes(t, b)); diff != "" {
		t.Errorf("they differ:\n%s", diff)
	}
	exec(t, a, "INSERT INTO meters (id, name, unit, first_seen_at, changed_at) VALUES (gen_random_uuid(), 'x', 'scalar', now(), now())")
	if n := ask[int](t, b, "SELECT count(*) FROM meters"); n != 0 {
		t.Errorf("a row of one shows in the other")
	}
	exec(t, a, "DROP SCHEMA polar_sandbox CASCADE")
	if err := b.CheckSchema(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestAnotherProgramsVersionsAreNotOurs puts goose's own tables of somebody else where
// ours could be taken for them.
func TestAnotherProgramsVersionsAreNotOurs(t *testing.T) {
	t.Parallel()
	d := openSchema(t, dbtest.Empty(t), "")
	exec(t, d, "CREATE SCHEMA polar")
	for _, schema := range []string{"public", "polar"} {
		exec(t, d, "CREATE TABLE "+schema+".goose_db_version (id integer PRIMARY KEY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp NOT NULL DEFAULT now())")
		exec(t, d, "INSERT INTO "+schema+".goose_db_version VALUES (1, 0, true), (2, 4, true), (3, 99999, true)")
	}
	if err := d.CheckSchema(t.Context()); !errors.Is(err, db.ErrSchema) || !strings.Contains(err.Error(), "holds no tables yet") {
		t.Error(err)
	}
	for _, wantApplied := range []bool{true, false} {
		if done, err := d.Migrate(t.Context()); err != nil || (len(done.Applied) > 0) != wantApplied {
			t.Errorf("%d applied, %v", len(done.Applied), err)
		}
	}
	if n := ask[int](t, d, "SELECT (SELECT count(*) FROM public.goose_db_version) + (SELECT count(*) FROM polar.goose_db_version)"); n != 6 {
		t.Errorf("the other's tables have %d rows, want 6", n)
	}
}

// TestAnOlderVersionTableIsTakenOver migrates where goose's tables still have goose's
// names, with several at once.
func TestAnOlderVersionTableIsTakenOver(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	saveBatch(t, d)
	exec(t, d, "ALTER TABLE syncer_migrations RENAME TO goose_db_version; ALTER TABLE syncer_migrations_lock RENAME TO goose_lock")
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			if done, err := d.Migrate(t.Context()); err != nil || len(done.Applied) > 0 {
				t.Errorf("applied %v, %v", done.Applied, err)
			}
		})
	}
	running.Wait()
	readEverything(t, d)
	if n := ask[int](t, d, "SELECT count(*) FROM pg_class WHERE relname IN ('goose_db_version', 'goose_lock')"); n != 0 {
		t.Errorf("%d old tables are left", n)
	}
}

func TestATableThatIsMissingIsALack(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	exec(t, d, "DROP TABLE price_tiers, drift CASCADE")
	for what, check := range map[string]func() error{
		"check":   func() error { return d.CheckSchema(t.Context()) },
		"migrate": func() error { _, err := d.Migrate(t.Context()); return err },
	} {
		if err := check(); !errors.Is(err, db.ErrSchema) || !strings.Contains(err.Error(), "but lacks drift, price_tiers; restore what was dropped from a backup") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestLookingAtMigrationsWritesNothing: no lock, no table, in a session that only reads.
func TestLookingAtMigrationsWritesNothing(t *testing.T) {
	t.Parallel()
	for what, url := range map[string]string{"empty": dbtest.Empty(t), "migrated": dbtest.URL(t)} {
		d := dbtest.Open(t, url+"&default_transaction_read_only=on")
		all, err := d.Migrations(t.Context())
		if err != nil || len(all) == 0 || all[0].AppliedAt.IsZero() != (what == "empty") {
			t.Errorf("%s: %+v, %v", what, all, err)
		}
		if err := d.CheckSchema(t.Context()); errors.Is(err, db.ErrSchema) != (what == "empty") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
