package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"syncer/internal/db"
)

// database is a copy of the migrated one.
type database struct {
	lab  *lab
	name string
}

func (l *lab) database(ctx context.Context) (*database, error) {
	l.count++
	d := &database{l, fmt.Sprintf("bench_%d", l.count)}
	return d, l.admin(ctx, "CREATE DATABASE "+d.name+" TEMPLATE "+migrated)
}

func (d *database) drop(ctx context.Context) error {
	return d.lab.admin(ctx, "DROP DATABASE "+d.name+" WITH (FORCE)")
}

func (d *database) url() string { return d.lab.postgres.URL(d.name) }

// config connects as syncer does: to its schema.
func (d *database) config() (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(d.url())
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["search_path"], config.RuntimeParams["timezone"] = db.DefaultSchema, "UTC"
	return config, nil
}

// do calls work with its own connection.
func (d *database) do(ctx context.Context, work func(*pgx.Conn) error) error {
	config, err := d.config()
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(work(conn), conn.Close(context.WithoutCancel(ctx)))
}

// catalogue lists the tables of what Polar shows, each after those it refers to.
func catalogue() []string {
	return []string{
		"meters", "products", "prices", "price_tiers", "benefits", "product_benefits", "medias", "product_medias",
		"discounts", "discount_amounts", "checkout_links", "checkout_link_products",
	}
}

// counters are Postgres' counts so far.
type counters struct {
	wal     int64 // bytes, of the whole server
	rows    int64 // row versions inserted, updated and deleted in the catalogue
	changes int64 // the same in its history
	runs    int64 // the same in sync_runs
	scans   int64 // catalogue tables read from end to end
}

func (c counters) since(old counters) counters {
	return counters{c.wal - old.wal, c.rows - old.rows, c.changes - old.changes, c.runs - old.runs, c.scans - old.scans}
}

// counters reads them once they are complete: a session delivers its counts
// when it ends (Postgres 15 and newer; for 14 they come a moment later).
func (d *database) counters(ctx context.Context) (c counters, err error) {
	err = d.do(ctx, func(conn *pgx.Conn) error {
		if err := alone(ctx, conn); err != nil {
			return err
		}
		return conn.QueryRow(ctx, `
			SELECT
				(pg_current_wal_insert_lsn() - '0/0')::bigint,
				sum(n_tup_ins + n_tup_upd + n_tup_del) FILTER (WHERE relname = ANY ($1))::bigint,
				sum(n_tup_ins + n_tup_upd + n_tup_del) FILTER (WHERE relname = 'changes')::bigint,
				sum(n_tup_ins + n_tup_upd + n_tup_del) FILTER (WHERE relname = 'sync_runs')::bigint,
				sum(seq_scan) FILTER (WHERE relname = ANY ($1))::bigint
			FROM pg_stat_user_tables
			WHERE schemaname = current_schema()`, catalogue()).
			Scan(&c.wal, &c.rows, &c.changes, &c.runs, &c.scans)
	})
	return c, err
}

// alone waits until all other sessions of the database have ended. A process
// ends a moment before its session.
func alone(ctx context.Context, conn *pgx.Conn) error {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		var others int
		err := conn.QueryRow(ctx, `
			SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`).Scan(&others)
		if err != nil || others == 0 {
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// settle does what autovacuum and the checkpointer would do sooner or later, so
// that they do not do it during a measurement.
func (d *database) settle(ctx context.Context) error {
	return d.do(ctx, func(conn *pgx.Conn) error {
		for _, sql := range []string{"VACUUM (ANALYZE)", "CHECKPOINT"} {
			if _, err := conn.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}

// withoutHistory disables the triggers that write history. Foreign keys stay.
func (d *database) withoutHistory(ctx context.Context) error {
	return d.do(ctx, func(conn *pgx.Conn) error {
		for _, table := range catalogue() {
			if _, err := conn.Exec(ctx, "ALTER TABLE "+table+" DISABLE TRIGGER USER"); err != nil {
				return err
			}
		}
		return nil
	})
}

// session returns access to the database for what speaks the protocol itself.
func (d *database) session() (*pgconn.Config, error) {
	config, err := d.config()
	if err != nil {
		return nil, err
	}
	return &config.Config, nil
}
