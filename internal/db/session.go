package db

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
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
	// closeWithin bounds the farewell: through a network that swallows packets it
	// would never end.
	closeWithin = 2 * time.Second
)

// session is the query.DBTX of single statements: each is a transaction of its own,
// with a deadline.
type session struct {
	pool   *pgxpool.Pool
	types  *arrayTypes // nil behind a pooler
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
		// Nothing waits for ever: not for somebody's lock, and nobody for a lock of a
		// process of ours that was frozen between two statements.
		"lock_timeout":                        milliseconds(lockTimeout),
		"idle_in_transaction_session_timeout": milliseconds(idleTimeout),
	}
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// keepalive finds out within half a minute that the other side has gone without a
// word, on both sides.
func keepalive(config *pgconn.Config) {
	const idle, interval, count = 15, 5, 3 // seconds, seconds
	config.DialFunc = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: idle * time.Second, Interval: interval * time.Second, Count: count,
	}}).DialContext
	config.RuntimeParams["tcp_keepalives_idle"] = strconv.Itoa(idle)
	config.RuntimeParams["tcp_keepalives_interval"] = strconv.Itoa(interval)
	config.RuntimeParams["tcp_keepalives_count"] = strconv.Itoa(count)
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
	} else {
		maps.Copy(params, wanted)
		keepalive(&pc.ConnConfig.Config)
		d.session.types = new(arrayTypes)
		d.session.types.install(pc)
	}
	pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		addArrays(conn.TypeMap())
		if server.Pooled {
			return nil
		}
		return finds(ctx, conn, schema)
	}
	d.session.within = answerWithin
	d.session.pool, err = pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return d, nil
}

// begin is a batch, with the settings at its front where they are needed.
func (s *session) begin() *pgx.Batch {
	var b pgx.Batch
	if s.first != "" {
		b.Queue(s.first)
	}
	return &b
}

// send sends what fill queues as one transaction, and does what was queued with its
// results. It may do both again, see insist.
func (s *session) send(ctx context.Context, fill func(*pgx.Batch) error) error {
	return s.insist(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, saveWithin)
		defer cancel()
		b := s.begin()
		if err := fill(b); err != nil {
			return err
		}
		return s.pool.SendBatch(ctx, b).Close()
	})
}

// transaction calls do in a transaction at READ COMMITTED, perhaps again, see insist.
func (s *session) transaction(ctx context.Context, do func(*query.Queries) error) error {
	begin := "BEGIN ISOLATION LEVEL READ COMMITTED"
	if s.first != "" {
		begin += "; " + s.first
	}
	return s.insist(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, s.within)
		defer cancel()
		return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{BeginQuery: begin}, func(tx pgx.Tx) error { return do(query.New(tx)) })
	})
}

// close closes all connections, or gives them up.
func (s *session) close() {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.pool.Close()
	}()
	select {
	case <-closed:
	case <-time.After(closeWithin):
	}
}

// Exec implements query.DBTX.
func (s *session) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	found, err := s.Query(ctx, sql, args...)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	return found.CommandTag(), nil
}

// Query implements query.DBTX. The statement has ended when it returns.
func (s *session) Query(ctx context.Context, sql string, args ...any) (found pgx.Rows, err error) {
	err = s.insist(ctx, func(ctx context.Context) error {
		found, err = s.once(ctx, sql, args...) //nolint:sqlclosecheck // they hold nothing that is open
		return err
	})
	return found, err
}

// QueryRow implements query.DBTX.
func (s *session) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	found, err := s.Query(ctx, sql, args...)
	return row{found, err}
}

// once sends one statement, once.
func (s *session) once(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	ctx, cancel := context.WithTimeout(ctx, s.within)
	defer cancel()
	found, b := &rows{}, s.begin()
	b.Queue(sql, args...).Query(found.read)
	return found, s.pool.SendBatch(ctx, b).Close()
}
