package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"syncer/migrations"
)

// Migration is one step of the schema.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time // zero: not yet
}

// Migrate brings the schema up to date and returns what it applied. Several may
// start at once: a lock table lets one work while the others wait. It leaves a
// schema newer than this program alone and returns ErrSchema.
func (d *DB) Migrate(ctx context.Context) ([]Migration, error) {
	if err := d.createSchema(ctx); err != nil {
		return nil, fmt.Errorf("create schema %s: %w", d.schema, classify(err))
	}
	p, closeProvider, err := d.provider()
	if err != nil {
		return nil, err
	}
	defer closeProvider()
	results, err := p.Up(ctx)
	var applied []Migration
	for _, r := range results {
		applied = append(applied, Migration{Version: r.Source.Version, Name: r.Source.Path, AppliedAt: time.Now()})
	}
	if err != nil {
		return applied, fmt.Errorf("migrate: %w", classify(err))
	}
	return applied, d.CheckSchema(ctx)
}

// Migrations lists all steps and when each was applied.
func (d *DB) Migrations(ctx context.Context) ([]Migration, error) {
	p, closeProvider, err := d.provider()
	if err != nil {
		return nil, err
	}
	defer closeProvider()
	var all []Migration
	migrated, err := d.hasVersionTable(ctx)
	if err != nil {
		return nil, fmt.Errorf("migration status: %w", err)
	}
	if !migrated {
		for _, s := range p.ListSources() {
			all = append(all, Migration{Version: s.Version, Name: s.Path})
		}
		return all, nil
	}
	statuses, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("migration status: %w", classify(err))
	}
	for _, s := range statuses {
		all = append(all, Migration{Version: s.Source.Version, Name: s.Source.Path, AppliedAt: s.AppliedAt})
	}
	return all, nil
}

// CheckSchema returns an ErrSchema, with advice, if the schema is older or
// newer than this program.
func (d *DB) CheckSchema(ctx context.Context) error {
	p, closeProvider, err := d.provider()
	if err != nil {
		return err
	}
	defer closeProvider()
	sources := p.ListSources()
	want := sources[len(sources)-1].Version
	var have int64
	migrated, err := d.hasVersionTable(ctx)
	if err != nil {
		return fmt.Errorf("look for the schema's version: %w", err)
	}
	if migrated {
		if err := d.session.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&have); err != nil {
			return classify(err)
		}
	}
	switch {
	case have == 0:
		return fmt.Errorf("%w: schema %q holds no tables yet; run `syncer migrate`", ErrSchema, d.schema)
	case have < want:
		return fmt.Errorf("%w: schema %q is at version %d, this program needs %d; run `syncer migrate`", ErrSchema, d.schema, have, want)
	case have > want:
		return fmt.Errorf("%w: schema %q is at version %d, this program knows %d at most; use the newer syncer", ErrSchema, d.schema, have, want)
	}
	return nil
}

// hasVersionTable reports whether anything was ever migrated here.
func (d *DB) hasVersionTable(ctx context.Context) (there bool, err error) {
	err = d.session.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, d.schema+".goose_db_version").Scan(&there)
	return there, classify(err)
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
	return err
}

func (d *DB) provider() (*goose.Provider, func(), error) {
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableLockTimeout(200*time.Millisecond, 1500), // wait five minutes for another migrator
		lock.WithTableLeaseDuration(15*time.Second),
		lock.WithTableHeartbeatInterval(3*time.Second),
	)
	if err != nil {
		return nil, nil, fmt.Errorf("migration lock: %w", err)
	}
	handle := stdlib.OpenDBFromPool(d.session.pool)
	p, err := goose.NewProvider(goose.DialectPostgres, handle, migrations.FS,
		goose.WithLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		_ = handle.Close()
		return nil, nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, func() { _ = handle.Close() }, nil
}
