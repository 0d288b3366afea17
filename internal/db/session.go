package db

import (
	"context"
	"errors"
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
		"search_path":  schema,
		"timezone":     "UTC", // history keeps times as text
		"row_security": "off", // a policy that would hide rows is an error: hidden rows would look missing
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

// connect tries a connection, and opens a pool of those that it takes. The error is
// ErrUnfit if the server will not do.
func connect(ctx context.Context, pc *pgxpool.Config, schema string) (*DB, error) {
	params, wanted := pc.ConnConfig.RuntimeParams, settings(schema)
	maps.DeleteFunc(params, func(name, _ string) bool { // ours count, however the URL or the environment spells theirs
		name = strings.ToLower(name)
		return name == "client_encoding" || wanted[name] != ""
	})
	// A pooler takes these two, and gives them to whatever connection it hands out.
	params["client_encoding"], params["timezone"] = "UTF8", wanted["timezone"]
	if pc.ConnConfig.ConnectTimeout == 0 {
		pc.ConnConfig.ConnectTimeout = connectWithin
	}
	server, err := probe(ctx, pc.ConnConfig)
	if err != nil {
		return nil, err
	}
	d := &DB{schema: schema, server: server}
	if server.Pooled {
		d.session.first = setLocal(wanted)
		pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
		pc.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
			addArrays(conn.TypeMap())
			return nil
		}
	} else {
		maps.Copy(params, wanted)
		new(arrayTypes).install(pc)
		pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			addArrays(conn.TypeMap())
			return finds(ctx, conn, schema)
		}
	}
	d.session.within = answerWithin
	d.session.pool, err = pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return d, nil
}

// probe asks the server about itself, in a transaction as all that follows. The error
// is ErrUnfit if it cannot serve any command.
func probe(ctx context.Context, config *pgx.ConnConfig) (Server, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	config = config.Copy()
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // it may be a pooler
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return Server{}, err
	}
	defer conn.Close(ctx)
	var row query.GetServerRow
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		row, err = query.New(tx).GetServer(ctx)
		return err
	})
	if err != nil {
		return Server{}, statementPooling(err)
	}
	if row.Encoding != "UTF8" {
		return Server{}, wrongEncoding(row)
	}
	return Server{
		Host: config.Host, Version: row.Version, VersionNumber: int(row.VersionNumber),
		Database: row.Database, Role: row.Role, Standby: row.Standby, ReadOnly: row.ReadOnly,
		Superuser: row.Superuser, Unverified: unverified(config),
		// The process that answers is not the one that was connected to.
		Pooled: uint32(row.Pid) != conn.PgConn().PID(), //nolint:gosec // its bits, whatever they mean
	}, nil
}

// statementPooling names a pooler's mode that allows no transaction.
func statementPooling(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && strings.Contains(e.Message, "statement pooling") {
		return fmt.Errorf("%w: the pooler at DATABASE_URL works in statement mode, which has no transactions; set its pool_mode to transaction or session", ErrUnfit)
	}
	return err
}

// wrongEncoding says how to make a database that can hold any text.
func wrongEncoding(row query.GetServerRow) error {
	locale := ""
	if !strings.Contains(row.Locale, "UTF") && !strings.Contains(row.Locale, "utf") && row.Locale != "C" && row.Locale != "POSIX" {
		locale = " LOCALE 'C'" // the server's own is for another encoding
	}
	return fmt.Errorf("%w: the encoding of database %q is %s, but only UTF8 holds all that Polar sends; make another with CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'%s and use that",
		ErrUnfit, row.Database, row.Encoding, Quoted(row.Database+"_utf8"), locale)
}

// finds checks that a new connection finds the schema's tables and no others: somebody
// on the way may drop what a connection asks for.
func finds(ctx context.Context, conn *pgx.Conn, schema string) error {
	var path string
	if err := conn.QueryRow(ctx, "SELECT current_setting('search_path')", pgx.QueryExecModeExec).Scan(&path); err != nil {
		return err
	}
	if path != schema {
		return fmt.Errorf("%w: a connection has the search_path %q instead of %q: something between here and the server drops what it is asked for; use the server's own address", ErrUnfit, path, schema)
	}
	return nil
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
