//go:build faults

package db_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"syncer/internal/db"
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

// TestViewsWaitForNoAnalystForEver replaces views of which a transaction that does not
// end has read one.
func TestViewsWaitForNoAnalystForEver(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	mustMake(t, d, view("a", "SELECT 1 AS x"), view("b", "SELECT 1 AS x"))
	analyst, err := pgx.Connect(t.Context(), d.Pool().Config().ConnString()+"&application_name=metabase")
	if err != nil {
		t.Fatal(err)
	}
	defer analyst.Close(context.WithoutCancel(t.Context()))
	if _, err := analyst.Exec(t.Context(), "BEGIN; DECLARE c CURSOR FOR SELECT * FROM polar_bi.b; FETCH c"); err != nil {
		t.Fatal(err)
	}
	refuses(t, d, []string{fmt.Sprintf("process id %d, application %q, of role syncer", analyst.PgConn().PID(), "metabase")},
		view("a", "SELECT 2 AS x"), view("b", "SELECT 2 AS x"))
	if _, err := makes(t, d, view("a", "SELECT 2 AS x"), view("b", "SELECT 2 AS x")); !errors.Is(err, db.ErrLocked) || !strings.Contains(err.Error(), "pg_terminate_backend") {
		t.Error(err)
	}
	if _, err := makes(t, d, view("a", "SELECT 2 AS x"), view("b", "SELECT 1 AS x")); err != nil { // which nobody reads
		t.Error(err)
	}
	if _, err := analyst.Exec(t.Context(), "FETCH c; COMMIT"); err != nil {
		t.Errorf("the analyst's transaction: %v", err)
	}
	mustMake(t, d, view("a", "SELECT 2 AS x"), view("b", "SELECT 2 AS x"))
}
