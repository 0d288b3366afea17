package db_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// organization returns one of a few ids.
func organization(n byte) uuid.UUID { return uuid.UUID{0: 0xaa, 6: 0x40, 8: 0x80, 15: n} }

// claim makes a run hold organizations, and returns whether it was overtaken.
func claim(tb testing.TB, d *db.DB, run *db.Run, organizations ...uuid.UUID) (overtaken bool) {
	tb.Helper()
	overtaken, err := d.Claim(tb.Context(), run, organizations)
	if err != nil {
		tb.Fatalf("claim of %s: %v", run.Source, err)
	}
	return overtaken
}

// claimHeld expects that the run must wait for one of source "one" and holds
// nothing any more.
func claimHeld(tb testing.TB, d *db.DB, run *db.Run, organizations ...uuid.UUID) {
	tb.Helper()
	_, err := d.Claim(tb.Context(), run, organizations)
	if held, ok := errors.AsType[*db.HeldError](err); !ok || held.Source != "one" || held.Wanted != run.Source {
		tb.Fatalf("%s need not wait: %v", run.Source, err)
	}
	if n := ask[int](tb, d, "SELECT cardinality(organization_ids) FROM sync_runs WHERE id = $1", run.ID); n != 0 || len(run.Organizations) != 0 {
		tb.Errorf("%s waits and holds %d organizations", run.Source, n)
	}
}

func TestOneRunAtATimeHoldsAnOrganization(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	one, two, three := startRun(t, d, "one"), startRun(t, d, "two"), startRun(t, d, "three")
	show(t, d, one, organization(1))
	claim(t, d, three, organization(3)) // another organization: side by side
	claimHeld(t, d, two, organization(1))
	claim(t, d, two, organization(2))
	claimHeld(t, d, two, organization(1)) // and releases the other
	show(t, d, one, organization(2))
	claimHeld(t, d, three, organization(2))
	if n := ask[int](t, d, "SELECT cardinality(organization_ids) FROM sync_runs WHERE id = $1", one.ID); n != 2 {
		t.Errorf("one holds %d organizations", n)
	}
	finish(t, d, one)
	addLink(t, d, organization(1))
	addLink(t, d, organization(2))
	if !claim(t, d, two, organization(1), organization(2)) {
		t.Error("a run whose organization another one wrote meanwhile is not overtaken")
	}
	err := wantHeld(t, d, "one") // claims at its start what it keeps
	if !strings.Contains(err.Error(), `the organization of "one" is held by source "two", `) {
		t.Error(err)
	}
	finish(t, d, two)
	next := startRun(t, d, "one")
	if len(next.Organizations) != 2 {
		t.Errorf("the next run of one holds %v", next.Organizations)
	}
	claimHeld(t, d, three, organization(2))
}

// TestOvertakenGoesByWhoEndedSinceThisOneBegan begins and ends runs in every order.
func TestOvertakenGoesByWhoEndedSinceThisOneBegan(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		otherBegins, otherEnds, thisBegins int
		organization                       byte
		want                               bool
	}{
		"ended before":                       {1, 2, 3, 1, false},
		"began before, ended since":          {1, 3, 2, 1, true},
		"began and ended since":              {2, 3, 1, 1, true},
		"ended since, of other organization": {2, 3, 1, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dbtest.New(t)
			var this, other *db.Run
			for now := 1; now <= 3; now++ {
				switch now {
				case test.otherBegins:
					other = startRun(t, d, "other")
					claim(t, d, other, organization(test.organization))
				case test.otherEnds:
					finish(t, d, other)
				case test.thisBegins:
					this = startRun(t, d, "this")
				}
			}
			// Wall clocks decide nothing, not even the database's.
			exec(t, d, "UPDATE sync_runs SET started_at = $1, finished_at = $1, heartbeat_at = clock_timestamp() WHERE source = 'other'", noon.Add(24*365*time.Hour))
			if got := claim(t, d, this, organization(1)); got != test.want {
				t.Errorf("overtaken: %v", got)
			}
		})
	}
}

// TestADeadRunLetsGoOfItsOrganization lets a run die with a claim: one of
// another source, or of one no longer configured.
func TestADeadRunLetsGoOfItsOrganization(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	old, dead, fresh := startRun(t, d, "old"), startRun(t, d, "dead"), startRun(t, d, "fresh")
	claim(t, d, old, organization(1))
	claim(t, d, dead, organization(2))
	others(t, d, old)
	silent(t, d, old, "9 seconds")
	exec(t, d, "UPDATE sync_runs SET holder = regexp_replace(holder, 'process .*', 'process 99999999') WHERE id = $1", dead.ID)
	if !claim(t, d, fresh, organization(1), organization(2)) {
		t.Error("what the dead run wrote may be later than what this one has observed")
	}
	for _, run := range []*db.Run{old, dead} {
		if status := statusOf(t, d, run); status != db.Abandoned {
			t.Errorf("%s is %s", run.Source, status)
		}
		wantLost(t, d, run)
	}
	if _, err := d.Claim(t.Context(), old, nil); !errors.Is(err, db.ErrLost) {
		t.Errorf("a claim of a run that was taken over: %v", err)
	}
}

// TestABatchNeedsTheClaimsOfItsRows saves rows of an organization that the run
// does not hold.
func TestABatchNeedsTheClaimsOfItsRows(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	run := startRun(t, d, "shop")
	batch := everyTable()
	batch.Organizations = []uuid.UUID{organization(1)}
	if _, err := d.Save(t.Context(), run, batch); !errors.Is(err, db.ErrLost) {
		t.Errorf("saved without the claim: %v", err)
	}
	if n := ask[int](t, d, "SELECT count(*) FROM products"); n != 0 {
		t.Errorf("%d products were written", n)
	}
	claim(t, d, run, organization(1))
	if _, err := d.Save(t.Context(), run, batch); err != nil {
		t.Error(err)
	}
}

// TestRunsThatWantEachOthersOrganizationsAllEnd lets many runs claim in any
// order, each waiting for the others, and expects no organization to be held twice.
func TestRunsThatWantEachOthersOrganizationsAllEnd(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	var holders [4]sync.Mutex
	var running sync.WaitGroup
	for n := range 6 {
		running.Go(func() {
			random := rand.New(rand.NewPCG(uint64(n), 1))
			for round := range 8 {
				run, err := d.StartRun(t.Context(), db.Start{Source: fmt.Sprintf("%d in round %d", n, round), Trigger: "test", Scope: "all"})
				if err != nil {
					t.Error(err)
					return
				}
				silent(t, d, run, "-7 seconds") // a slow machine is not taken for a dead one
				var wanted []uuid.UUID
				var held []int
				for _, o := range random.Perm(len(holders))[:2] {
					wanted, held = append(wanted, organization(byte(o))), append(held, o)
					for { // one by one, as answers show them
						_, err := d.Claim(t.Context(), run, wanted)
						if err == nil {
							break
						}
						if !errors.Is(err, db.ErrHeld) {
							t.Error(err)
							return
						}
					}
				}
				for _, o := range held {
					if !holders[o].TryLock() {
						t.Errorf("organization %d is held twice", o)
						return
					}
				}
				if err := d.Beat(t.Context(), run, 0, nil); err != nil {
					t.Error(err)
				}
				for _, o := range held {
					holders[o].Unlock()
				}
				if err := d.FinishRun(t.Context(), run, db.Result{Status: db.Succeeded}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
}
