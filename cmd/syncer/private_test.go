package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"syncer/internal/fetch/fetchtest"
)

// dataFolder is a short path that the user of a private Postgres can reach; the
// test's own folder is neither.
func dataFolder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "syncer-test-") //nolint:usetesting // see above
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	return dir
}

func TestWithoutADatabaseAPrivateOneIsStartedAndKept(t *testing.T) {
	t.Parallel()
	home := dataFolder(t)
	folder := filepath.Join(home, "syncer", "postgres")
	polar := fetchtest.StartServer(t, fetchtest.NewServer(recording(t, "seed-ads")))
	env := placeFor(t, "postgres://", polar).env.without("DATABASE_URL").with("XDG_DATA_HOME", home)

	first := once(t, env, exitDone, "backfill", "--json").
		saying("No database is configured: using a private Postgres in "+folder+".\n", "Set DATABASE_URL to use your own.\n")
	sameReport(t, decode[backfillReport](t, first.stdout.String()), "default", "succeeded", [5]int{20, 20, 0, 0, 0})
	nothingRuns(t, folder)

	second := once(t, env, exitDone, "backfill", "--json").saying("using a private Postgres in " + folder)
	sameReport(t, decode[backfillReport](t, second.stdout.String()), "default", "succeeded", [5]int{20, 0, 20, 0, 0})

	d := start(t, env, "run") // which a second process shares
	finished(d)
	sameReport(t, backfilled(t, env, exitDone), "default", "succeeded", [5]int{20, 0, 20, 0, 0})
	if got := once(t, env, exitDone, "migrate").stdout.String(); got != "schema polar is up to date\n" {
		t.Errorf("migrate: %q", got)
	}
	d.signal(terminate)
	d.exits(exitSignal + int(terminate))
	nothingRuns(t, folder)
}

func TestWithoutADatabaseAndServerBinariesItIsSaidWhatToDo(t *testing.T) {
	t.Parallel()
	env := nowhere.without("DATABASE_URL").with("XDG_DATA_HOME", dataFolder(t), "PGBIN", "/there/is/no")
	once(t, env, exitUsage, "migrate").saying("no database is configured (DATABASE_URL), and none can be started", "PGBIN=/there/is/no", "install them")
}

// nothingRuns waits until no process is left that works in the folder.
func nothingRuns(tb testing.TB, folder string) {
	tb.Helper()
	eventually(tb, "all processes of "+folder+" are gone", func() bool { return !strings.Contains(processes(tb), folder) })
}
