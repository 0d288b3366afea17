package dbtest

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"syncer/internal/localpg"
)

// Standby starts a hot standby of the tests' server, and returns the libpq URL of the
// database at databaseURL on it, with all that had been committed before. It takes
// about a second.
func Standby(tb testing.TB, databaseURL string) string {
	tb.Helper()
	primary, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatal(err)
	}
	bin, err := localpg.Find()
	if err != nil {
		tb.Fatal(err)
	}
	folder := serverFolder(tb)
	slot := fmt.Sprintf("standby_%d", server.count.Add(1)) // keeps what the standby has yet to read
	cmd, err := localpg.Command(tb.Context(), filepath.Join(bin, "pg_basebackup"),
		"--pgdata", filepath.Join(folder, "data"), "--write-recovery-conf", "--checkpoint", "fast", "--no-sync",
		"--create-slot", "--slot", slot,
		"--host", primary.Query().Get("host"), "--port", primary.Query().Get("port"), "--username", "syncer")
	if err != nil {
		tb.Fatal(err)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("pg_basebackup: %v\n%s", err, out)
	}
	standby, err := localpg.Start(context.WithoutCancel(tb.Context()), localpg.Options{
		Dir: folder, Settings: map[string]string{"max_connections": maxConnections, "fsync": "off"},
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := standby.Stop(); err != nil {
			tb.Error(err)
		}
		admin(context.WithoutCancel(tb.Context()), tb, start(tb), "SELECT pg_drop_replication_slot('"+slot+"')")
	})
	replica := standby.URL(primary.Path[1:])
	catchUp(tb, databaseURL, replica)
	return replica
}

// catchUp waits until the standby shows all that the primary has committed.
func catchUp(tb testing.TB, primary, standby string) {
	tb.Helper()
	ask := func(url, sql string, args ...any) (answer string) {
		tb.Helper()
		conn, err := pgx.Connect(tb.Context(), url)
		if err == nil {
			defer conn.Close(tb.Context())
			err = conn.QueryRow(tb.Context(), sql, args...).Scan(&answer)
		}
		if err != nil {
			tb.Fatal(err)
		}
		return answer
	}
	written := ask(primary, "SELECT pg_current_wal_flush_lsn()::text")
	for late := time.Now().Add(time.Minute); ask(standby, "SELECT (pg_last_wal_replay_lsn() >= $1::text::pg_lsn)::text", written) != "true"; {
		if time.Now().After(late) {
			tb.Fatal("the standby lags behind")
		}
		select { // the server tells nobody when
		case <-tb.Context().Done():
			tb.Fatal(tb.Context().Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}
