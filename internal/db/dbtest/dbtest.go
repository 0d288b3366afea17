// Package dbtest gives every test its own migrated database, on a real Postgres
// that the test binary starts from the machine's own server binaries and that
// never outlives it. Without server binaries a test fails; it never skips.
package dbtest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"syncer/internal/db"
	"syncer/internal/localpg"
	"syncer/internal/secret"
)

// server is the one Postgres of a test binary. It ends with the process.
//
//nolint:gochecknoglobals // starting a server per test would cost seconds each
var server struct {
	sync.Mutex

	started  *localpg.Server
	err      error
	template bool
	count    atomic.Int64
}

const (
	template       = "syncer_template"
	maxConnections = "300" // a standby needs as many
)

// New returns a migrated database, whose views db.DefaultReader may read, cloned from a template in some 40 ms.
func New(tb testing.TB) *db.DB {
	tb.Helper()
	return Open(tb, URL(tb))
}

// Open opens the database at url in the default schema, until the test ends.
func Open(tb testing.TB, url string) *db.DB {
	tb.Helper()
	d, err := db.Open(tb.Context(), db.Config{URL: secret.New(url), App: "test"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	return d
}

// URL returns a migrated database as a libpq URL, for another process.
func URL(tb testing.TB) string {
	tb.Helper()
	pg := start(tb)
	server.Lock()
	if !server.template {
		create(tb, pg, template, "template0")
		d, err := db.Open(tb.Context(), db.Config{URL: secret.New(pg.URL(template)), App: "test", Reader: db.DefaultReader})
		if err == nil {
			_, err = d.Migrate(tb.Context())
			d.Close()
		}
		if err != nil {
			server.Unlock()
			tb.Fatal(err)
		}
		server.template = true
	}
	server.Unlock()
	return clone(tb, pg, template)
}

// Empty returns an empty database as a libpq URL.
func Empty(tb testing.TB) string {
	tb.Helper()
	return clone(tb, start(tb), "template0")
}

// Encoded returns an empty database in another encoding, such as LATIN1.
func Encoded(tb testing.TB, encoding string) string {
	tb.Helper()
	return clone(tb, start(tb), "template0 ENCODING '"+encoding+"'")
}

func start(tb testing.TB) *localpg.Server {
	tb.Helper()
	server.Lock()
	defer server.Unlock()
	if server.started == nil && server.err == nil {
		server.started, server.err = localpg.Start(context.WithoutCancel(tb.Context()), localpg.Options{
			Settings: map[string]string{"max_connections": maxConnections},
		})
	}
	if server.err != nil {
		tb.Fatal(server.err)
	}
	return server.started
}

func clone(tb testing.TB, pg *localpg.Server, from string) string {
	tb.Helper()
	name := fmt.Sprintf("test_%d", server.count.Add(1))
	create(tb, pg, name, from)
	tb.Cleanup(func() {
		admin(context.WithoutCancel(tb.Context()), tb, pg, "DROP DATABASE "+name+" WITH (FORCE)")
	})
	return pg.URL(name)
}

func create(tb testing.TB, pg *localpg.Server, name, from string) {
	tb.Helper()
	admin(tb.Context(), tb, pg, "CREATE DATABASE "+name+" TEMPLATE "+from)
}

func admin(ctx context.Context, tb testing.TB, pg *localpg.Server, sql string) {
	tb.Helper()
	conn, err := pgx.Connect(ctx, pg.URL("postgres"))
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		tb.Fatal(err)
	}
}
