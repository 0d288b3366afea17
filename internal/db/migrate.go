package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"syncer/internal/db/query"
	"syncer/migrations"
	"syncer/views"
)

// Migration is one step of the schema.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time // zero: not yet
}

// The names of goose's tables are ours: other programs in a schema use its own.
const (
	versionTable = "syncer_migrations"
	lockTable    = "syncer_migrations_lock"
)

// migrateWithin bounds all steps together, which may build indexes on large tables.
const migrateWithin = time.Hour

// Migrated is what Migrate did.
type Migrated struct {
	Applied  []Migration
	Did      []string // beside them, about views and their reader: a sentence each
	Warnings []string // what others have to do, and how
}

// Migrate brings the schema up to date, then the analysts' views and their reader's
// rights. Several may start at once: a lock table lets one work while the others wait.
// It leaves a schema newer than this program alone and returns ErrSchema. After ErrViews
// the tables are up to date. Behind a pooler it is ErrConfig: migrations and their lock
// need a session.
func (d *DB) Migrate(ctx context.Context) (m Migrated, err error) {
	if d.server.Pooled {
		return m, fmt.Errorf("%w: migrate needs the server itself, and this is a pooler; set SYNCER_MIGRATE_DATABASE_URL to the server's own address", ErrConfig)
	}
	if err := d.Writable(); err != nil {
		return m, err
	}
	ctx, cancel := context.WithTimeout(ctx, migrateWithin)
	defer cancel()
	if err := d.createSchema(ctx); err != nil {
		return m, fmt.Errorf("create schema %s: %w", d.schema, classify(err))
	}
	if err := d.adopt(ctx); err != nil {
		return m, fmt.Errorf("rename goose_db_version: %w", classify(err))
	}
	p, closeProvider, err := d.provider()
	if err != nil {
		return m, err
	}
	defer closeProvider()
	results, err := p.Up(ctx)
	for _, r := range results {
		m.Applied = append(m.Applied, Migration{Version: r.Source.Version, Name: r.Source.Path, AppliedAt: time.Now()})
	}
	if err == nil {
		_, err = d.session.Exec(ctx, describe)
	}
	if err != nil {
		return m, fmt.Errorf("migrate: %w", classify(err))
	}
	if err := d.CheckSchema(ctx); err != nil { // a newer program's views are not touched
		return m, err
	}
	all, err := views.For(d.schema)
	if err == nil {
		m.Did, err = d.makeViews(ctx, all)
	}
	if err == nil {
		var did []string
		did, m.Warnings, err = d.admitReader(ctx)
		m.Did = append(m.Did, did...)
	}
	if err != nil {
		return m, fmt.Errorf("%w: %w", ErrViews, classify(err))
	}
	return m, nil
}

// Migrations lists all steps and when each was applied. It only reads.
func (d *DB) Migrations(ctx context.Context) ([]Migration, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	all, err := steps()
	if err != nil {
		return nil, err
	}
	applied, err := d.applied(ctx)
	if err != nil {
		return nil, fmt.Errorf("migration status: %w", err)
	}
	for i := range all {
		all[i].AppliedAt = applied[all[i].Version]
	}
	return all, nil
}

// CheckSchema returns an ErrSchema, with advice, if the schema is older or
// newer than this program, or lacks tables. It only reads.
func (d *DB) CheckSchema(ctx context.Context) error {
	all, err := steps()
	if err != nil {
		return err
	}
	applied, err := d.applied(ctx)
	if err != nil {
		return fmt.Errorf("look for the schema's version: %w", err)
	}
	want, have := all[len(all)-1].Version, int64(0)
	for version := range applied {
		have = max(have, version)
	}
	switch {
	case have == 0:
		return fmt.Errorf("%w: schema %q holds no tables yet; run `syncer migrate`", ErrSchema, d.schema)
	case have < want:
		return fmt.Errorf("%w: schema %q is at version %d, this program needs %d; run `syncer migrate`", ErrSchema, d.schema, have, want)
	case have > want:
		return fmt.Errorf("%w: schema %q is at version %d, this program knows %d at most; use the newer syncer", ErrSchema, d.schema, have, want)
	}
	missing, err := d.queries().ListMissingTables(ctx, query.ListMissingTablesParams{Schema: d.schema, TableNames: tableNames()})
	if err != nil {
		return fmt.Errorf("look for the tables: %w", classify(err))
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: schema %q is at version %d, but lacks %s; restore what was dropped from a backup, or drop the schema and run `syncer migrate` and `syncer backfill`",
			ErrSchema, d.schema, have, strings.Join(missing, ", "))
	}
	return nil
}

// steps lists the migrations that this program knows, none applied, in order.
func steps() ([]Migration, error) {
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	var all []Migration
	for _, name := range names { // sorted
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, fmt.Errorf("read migrations: %w", err)
		}
		all = append(all, Migration{Version: version, Name: name})
	}
	return all, nil
}

// applied returns when each migration was applied; nil: nothing was ever migrated here.
func (d *DB) applied(ctx context.Context) (map[int64]time.Time, error) {
	there, err := d.has(ctx, versionTable)
	if err != nil || !there {
		return nil, err
	}
	rows, err := d.session.Query(ctx, "SELECT version_id, max(tstamp AT TIME ZONE 'UTC') FROM "+versionTable+" WHERE is_applied AND version_id > 0 GROUP BY 1")
	if err != nil {
		return nil, classify(err)
	}
	all := map[int64]time.Time{}
	var version int64
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&version, &at}, func() error { all[version] = at; return nil })
	return all, classify(err)
}

// has reports whether the schema holds a table.
func (d *DB) has(ctx context.Context, table string) (there bool, err error) {
	err = d.session.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", d.schema+"."+table).Scan(&there)
	return there, classify(err)
}

// adopt renames the version table of those who migrated before it had a name of ours.
// It is ours if our tables are beside it.
func (d *DB) adopt(ctx context.Context) error {
	for table, want := range map[string]bool{versionTable: false, "goose_db_version": true, "sync_runs": true} {
		if there, err := d.has(ctx, table); err != nil || there != want {
			return err
		}
	}
	_, err := d.session.Exec(ctx, "ALTER TABLE IF EXISTS goose_db_version RENAME TO "+versionTable)
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "42P07" {
		return nil // another process has just done it
	}
	if err != nil {
		return err
	}
	_, err = d.session.Exec(ctx, "DROP TABLE IF EXISTS goose_lock")
	return err
}

// describe finishes what goose has made, once: comments, and only its owner may write
// it, whomever default privileges let write all tables of that owner.
const describe = `
	DO $$
	DECLARE
		one record;
	BEGIN
		IF obj_description('` + versionTable + `'::regclass) IS NOT NULL THEN
			RETURN;
		END IF;
		LOCK TABLE ` + versionTable + ` IN SHARE ROW EXCLUSIVE MODE; -- several may migrate at once
		COMMENT ON TABLE ` + versionTable + ` IS 'migrations that were applied to this schema, by syncer migrate';
		COMMENT ON COLUMN ` + versionTable + `.id IS 'order in which they were applied';
		COMMENT ON COLUMN ` + versionTable + `.version_id IS 'number of the migration; 0: the table was made';
		COMMENT ON COLUMN ` + versionTable + `.is_applied IS 'always true';
		COMMENT ON COLUMN ` + versionTable + `.tstamp IS 'when it was applied, UTC';
		COMMENT ON TABLE ` + lockTable + ` IS 'lets one syncer migrate work while others wait';
		COMMENT ON COLUMN ` + lockTable + `.lock_id IS 'name of the lock';
		COMMENT ON COLUMN ` + lockTable + `.locked IS 'whether somebody holds it';
		COMMENT ON COLUMN ` + lockTable + `.locked_at IS 'since when';
		COMMENT ON COLUMN ` + lockTable + `.locked_by IS 'who holds it';
		COMMENT ON COLUMN ` + lockTable + `.lease_expires_at IS 'when another one may take it over';
		COMMENT ON COLUMN ` + lockTable + `.updated_at IS 'last sign of life of the holder';
		FOR one IN
			SELECT DISTINCT c.oid::regclass AS table_name, r.rolname
			FROM pg_class AS c, aclexplode(c.relacl) AS a
			JOIN pg_roles AS r ON r.oid = a.grantee
			WHERE c.oid IN ('` + versionTable + `'::regclass, '` + lockTable + `'::regclass) AND a.grantee <> c.relowner
		LOOP
			EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON %s FROM %I', one.table_name, one.rolname);
		END LOOP;
	END $$`

// tableNames lists all that the migrations make.
func tableNames() []string {
	var all []string
	for name := range rights(nil) {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// createSchema makes the schema if it is missing. It checks first, because even
// IF NOT EXISTS requires the right to create one. It is safe when several start
// at once, which IF NOT EXISTS alone is not.
func (d *DB) createSchema(ctx context.Context) error {
	var there bool
	err := d.session.QueryRow(ctx, `SELECT to_regnamespace($1) IS NOT NULL`, d.schema).Scan(&there)
	if err != nil || there {
		return err
	}
	_, err = d.session.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+Quoted(d.schema))
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && (e.Code == "23505" || e.Code == "42P06") {
		return nil // another process has just made it
	}
	return d.adviseSchema(d.schema, err)
}

func (d *DB) provider() (*goose.Provider, func(), error) {
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableName(lockTable),
		lock.WithTableLockTimeout(200*time.Millisecond, 1500), // wait five minutes for another migrator
		lock.WithTableLeaseDuration(15*time.Second),
		lock.WithTableHeartbeatInterval(3*time.Second),
	)
	if err != nil {
		return nil, nil, fmt.Errorf("migration lock: %w", err)
	}
	handle := stdlib.OpenDBFromPool(d.session.pool)
	p, err := goose.NewProvider(goose.DialectPostgres, handle, migrations.FS,
		goose.WithTableName(versionTable), goose.WithLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		_ = handle.Close()
		return nil, nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, func() { _ = handle.Close() }, nil
}
