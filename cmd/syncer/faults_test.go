//go:build faults

package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"syncer/internal/db/dbtest"
)

// underWay starts a command whose way to the database is a relay, and returns once it
// saves a batch, which cannot end, or has saved one and reads a link, which never comes.
func underWay(tb testing.TB, command string, saving bool) (*dbtest.Relay, *process) {
	tb.Helper()
	p := newPlace(tb, "alpha")
	arrived := stuckOnTheLast(p)
	relay := dbtest.NewRelay(tb, p.database, "")
	if saving {
		lockLinks(tb, p) // until the test ends
	}
	d := start(tb, p.env.with("DATABASE_URL", relay.URL()), command)
	if saving {
		writing(tb, p)
	} else {
		await(tb, "the last request", arrived)
		eventually(tb, "a batch has landed", func() bool { return live(tb, p) > 0 })
	}
	return relay, d
}

// TestAStopHoldsItsTimeThroughASilentNetwork stops a daemon whose network swallows
// what it and its database say.
func TestAStopHoldsItsTimeThroughASilentNetwork(t *testing.T) {
	t.Parallel()
	for _, saving := range []bool{true, false} {
		t.Run(fmt.Sprint("saving ", saving), func(t *testing.T) {
			t.Parallel()
			relay, d := underWay(t, "run", saving)
			relay.Silence()
			began := time.Now()
			d.signal(terminate)
			d.exits(exitSignal + int(terminate))
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// TestARunWithoutASignOfLifeEnds lets the network fall silent under a backfill that
// would read for ever, and under one that saves.
func TestARunWithoutASignOfLifeEnds(t *testing.T) {
	t.Parallel()
	for _, saving := range []bool{false, true} {
		t.Run(fmt.Sprint("saving ", saving), func(t *testing.T) {
			t.Parallel()
			relay, d := underWay(t, "backfill", saving)
			relay.Silence()
			d.exits(exitDatabase).saying("no sign of life for 8s: database unreachable")
		})
	}
}

// TestAReadingCommandEndsThroughASilentNetwork asks for the status, and for the
// migrations, of a database that does not answer any more.
func TestAReadingCommandEndsThroughASilentNetwork(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"status", "migrate status", "migrate", "doctor", "explain 01234567-89ab-4cde-8f01-23456789abcd"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, "seed-ads")
			relay := dbtest.NewRelay(t, p.database, "")
			relay.Silence()
			once(t, p.env.with("DATABASE_URL", relay.URL()), exitDatabase, strings.Fields(command)...)
		})
	}
}

// TestAHandHeldLockEndsTheBatchWithItsHolder locks a table, and then a row, by hand.
func TestAHandHeldLockEndsTheBatchWithItsHolder(t *testing.T) {
	t.Parallel()
	for _, lock := range []string{"LOCK TABLE products", "UPDATE products SET name = 'mine' WHERE id = (SELECT max(id::text)::uuid FROM products)"} {
		t.Run(lock, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, "alpha")
			backfilled(t, p.env, exitDone)
			p.polar.Goto(p.polar.Steps() - 1)
			p.polar.Overlay(`* products[*].name "another"`)
			psql, err := pgx.Connect(t.Context(), p.database+"&application_name=psql&search_path=polar")
			if err != nil {
				t.Fatal(err)
			}
			defer psql.Close(context.WithoutCancel(t.Context()))
			if _, err := psql.Exec(t.Context(), "BEGIN; "+lock); err != nil {
				t.Fatal(err)
			}
			q := once(t, p.env, exitDatabase, "backfill", "--allow-mass-removal").saying(
				"a lock in the database is not to be had", `application "psql", of role syncer, in a transaction since 20`,
				"SELECT pg_terminate_backend(", "Somebody works in the database")
			if _, err := psql.Exec(t.Context(), "ROLLBACK"); err != nil {
				t.Fatal(err)
			}
			if got := runs(t, p); !strings.HasSuffix(got, "backfill failed") {
				t.Errorf("sync_runs: %s\n%s", got, q)
			}
			if code, said := inside(t, p.env, "backfill", "--allow-mass-removal"); code != exitDone && code != exitPartial {
				t.Errorf("afterwards: exit %d\n%s", code, said)
			}
		})
	}
}
