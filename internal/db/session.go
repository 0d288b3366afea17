package db

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"syncer/internal/db/query"
)

// This file opens sessions and gives each what its statements rely on.
//
// A server of our own gets it with the connection, for good. A pooler hands each
// transaction to any of its connections, refuses most start parameters, and keeps no
// prepared statements: there every transaction begins with the settings, and nothing
// is prepared.

const (
	// connectWithin bounds one try to connect.
	connectWithin = 10 * time.Second
	// answerWithin bounds one statement that reads, and one that notes something.
	answerWithin = 30 * time.Second
	// saveWithin bounds one batch.
	saveWithin = 2 * time.Minute
)

// session is the query.DBTX of single statements: each is a transaction of its own,
// with a deadline.
type session struct {
	pool   *pgxpool.Pool
	within time.Duration
	// first begins every transaction, behind a pooler; "": the connection has it all.
	first string
}

// settings are what every statement relies on.
func settings(schema string) map[string]string {
	return map[string]string{
		"search_path": schema,
		"timezone":    "UTC", // history keeps times as text
	}
}

// setLocal makes the settings those of a transaction, in one statement that is no
// SET, so that it can be part of a pipeline.
func setLocal(settings map[string]string) string {
	var calls []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		calls = append(calls, fmt.Sprintf("pg_catalog.set_config('%s', '%s', true)", name, settings[name]))
	}
	return "SELECT " + strings.Join(calls, ", ")
}

// connect tries a connection, and opens a pool of those that it takes.
func connect(ctx context.Context, pc *pgxpool.Config, schema string) (*DB, error) {
	params := pc.ConnConfig.RuntimeParams
	params["client_encoding"] = "UTF8" // whatever PGCLIENTENCODING says
	params["timezone"] = "UTC"
	if pc.ConnConfig.ConnectTimeout == 0 {
		pc.ConnConfig.ConnectTimeout = connectWithin
	}
	d := &DB{schema: schema}
	pooled, err := behindPooler(ctx, pc.ConnConfig)
	if err != nil {
		return nil, err
	}
	if pooled {
		d.session.first = setLocal(settings(schema))
		pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
		pc.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
			addArrays(conn.TypeMap())
			return nil
		}
	} else {
		maps.Copy(params, settings(schema))
		new(arrayTypes).install(pc)
	}
	d.session.within = answerWithin
	d.session.pool, err = pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return d, nil
}

// behindPooler reports whether somebody between here and the server hands out its
// connections: the process that answers is not the one that was connected to.
func behindPooler(ctx context.Context, config *pgx.ConnConfig) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, err
	}
	defer conn.Close(ctx)
	var pid uint32
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&pid); err != nil {
		return false, err
	}
	return pid != conn.PgConn().PID(), nil
}

// begin is a batch, with the settings at its front where they are needed.
func (s *session) begin() *pgx.Batch {
	var b pgx.Batch
	if s.first != "" {
		b.Queue(s.first)
	}
	return &b
}

// send sends a batch as one transaction, and does what was queued with its results.
func (s *session) send(ctx context.Context, b *pgx.Batch) error {
	ctx, cancel := context.WithTimeout(ctx, saveWithin)
	defer cancel()
	return s.pool.SendBatch(ctx, b).Close()
}

// transaction calls do in a transaction at READ COMMITTED.
func (s *session) transaction(ctx context.Context, do func(*query.Queries) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.within)
	defer cancel()
	begin := "BEGIN ISOLATION LEVEL READ COMMITTED"
	if s.first != "" {
		begin += "; " + s.first
	}
	return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{BeginQuery: begin}, func(tx pgx.Tx) error { return do(query.New(tx)) })
}

// Exec implements query.DBTX.
func (s *session) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	found, err := s.Query(ctx, sql, args...)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	found.Close()
	return found.CommandTag(), found.Err()
}

// Query implements query.DBTX. The caller closes the rows.
func (s *session) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	ctx, cancel := context.WithTimeout(ctx, s.within)
	b := s.begin()
	b.Queue(sql, args...)
	results := s.pool.SendBatch(ctx, b)
	var err error
	for range b.Len() - 1 {
		_, err = results.Exec()
	}
	var found pgx.Rows
	if err == nil {
		found, err = results.Query()
	}
	if err != nil {
		_ = results.Close() // the same error
		cancel()
		return nil, err
	}
	return &rows{Rows: found, end: func() error { defer cancel(); return results.Close() }}, nil
}

// QueryRow implements query.DBTX.
func (s *session) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	found, err := s.Query(ctx, sql, args...)
	return row{found, err}
}

// rows are the rows of a statement that is a transaction, which ends with them.
type rows struct {
	pgx.Rows

	end func() error // nil: ended
	err error
}

// Next implements pgx.Rows. Like pgx's own it closes them after the last.
func (r *rows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Close implements pgx.Rows.
func (r *rows) Close() {
	r.Rows.Close()
	if r.end != nil {
		r.err = r.end()
		r.end = nil
	}
}

// Err implements pgx.Rows.
func (r *rows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return err
	}
	return r.err
}

// row is the only row of a statement.
type row struct {
	rows pgx.Rows
	err  error
}

// Scan implements pgx.Row.
func (r row) Scan(to ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(to...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}
