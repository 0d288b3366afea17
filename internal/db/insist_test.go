package db_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/secret"
)

// TestConnectionsOlderThanTheServersStateAreReplaced is a failover as a pool sees it:
// its connections are to a server that only reads, new ones are to one that writes.
func TestConnectionsOlderThanTheServersStateAreReplaced(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	owner := dbtest.Open(t, url)
	set := func(value string) {
		exec(t, owner, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = "+value+"', current_database()); END $$")
	}
	set("on")
	d := dbtest.Open(t, url)
	if _, err := d.StartRun(t.Context(), db.Start{Source: "shop", Trigger: "test", Scope: "all"}); !errors.Is(err, db.ErrReadOnly) {
		t.Fatalf("writes to a server that only reads: %v", err)
	}
	if err := d.Ping(t.Context()); err != nil { // and keeps that connection
		t.Fatal(err)
	}
	exec(t, owner, "SET default_transaction_read_only = off")
	set("off")
	startRun(t, d, "shop")
}

// TestASchemaMadeAgainIsWrittenByOldConnections drops everything, types too, under a
// pool that has prepared its statements for them.
func TestASchemaMadeAgainIsWrittenByOldConnections(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	d, other := dbtest.Open(t, url), dbtest.Open(t, url)
	for round := range 3 {
		run := startRun(t, d, "shop")
		if _, err := d.Save(t.Context(), run, everyTable()); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		finish(t, d, run)
		if conn, err := d.Pool().Acquire(t.Context()); err != nil {
			t.Fatal(err)
		} else {
			oid := ask[uint32](t, other, "SELECT 'nuuid[]'::regtype::oid")
			if _, known := conn.Conn().TypeMap().TypeForOID(oid); !known {
				t.Errorf("round %d: the connection does not know the new domains", round)
			}
			conn.Release()
		}
		exec(t, other, "DROP SCHEMA polar CASCADE")
		if _, err := other.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestATerminatedSessionIsNoFailure ends every session again and again while runs
// begin, beat and end.
func TestATerminatedSessionIsNoFailure(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	d := dbtest.Open(t, url+"&application_name=victim")
	killer, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer killer.Close(context.WithoutCancel(t.Context()))
	kill := func() {
		if _, err := killer.Exec(t.Context(), `
			SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
			WHERE application_name = 'victim' AND datname = current_database()`); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		kill()
		run := startRun(t, d, "shop")
		kill()
		if err := d.Beat(t.Context(), run, 1, nil); err != nil {
			t.Fatal(err)
		}
		kill()
		if _, err := d.Save(t.Context(), run, everyTable()); err != nil {
			t.Fatal(err)
		}
		kill()
		finish(t, d, run)
	}
}

// TestWhatMayPassIsToldFromWhatStays opens databases that are not there.
func TestWhatMayPassIsToldFromWhatStays(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	for name, test := range map[string]struct {
		url  string
		want bool
	}{
		"nobody listens":   {"postgres://syncer@127.0.0.1:1/x?sslmode=disable", true},
		"no such socket":   {"postgres://syncer@/x?host=/there/is/no", true},
		"no such name":     {"postgres://syncer@nobody.invalid/x", true},
		"no such role":     {url + "&user=nobody_we_know", false},
		"no such database": {url + "&database=nothing_we_know", false},
		"no such setting":  {url + "&no_such_setting=1", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := db.Open(t.Context(), db.Config{URL: secret.New(test.url)})
			if err == nil {
				d.Close()
				t.Fatal("opened")
			}
			if got := db.Passing(err); got != test.want {
				t.Errorf("passing %v, want %v: %v", got, test.want, err)
			}
		})
	}
}
