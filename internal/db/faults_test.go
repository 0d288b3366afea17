//go:build faults

package db_test

import (
	"testing"

	"syncer/internal/db/dbtest"
)

// TestAFrozenProcessHoldsNobodyUp leaves a transaction of a session like ours in the
// middle, as a process does that is stopped there, with the lock that all claims take.
func TestAFrozenProcessHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	frozen, err := dbtest.Open(t, url).Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := frozen.Exec(t.Context(), `SELECT pg_advisory_xact_lock(hashtextextended('syncer claims ' || current_schema(), 0))`); err != nil {
		t.Fatal(err)
	}
	startRun(t, dbtest.Open(t, url), "shop")
}
