package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"syncer/internal/fetch/fetchtest"
	"syncer/internal/localpg"
)

// dataFolder returns a short path that the user of a private Postgres can
// reach; the test's own folder is neither.
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

	if got := once(t, env, exitDone, "migrate").stdout.String(); got != "schema polar is up to date\n" {
		t.Errorf("migrate: %q", got)
	}
	nothingRuns(t, folder)
}

// TestAPrivateDatabaseIsUsedWithoutItsViews takes a name for itself.
func TestAPrivateDatabaseIsUsedWithoutItsViews(t *testing.T) {
	t.Parallel()
	home := dataFolder(t)
	polar := fetchtest.StartServer(t, fetchtest.NewServer(recording(t, "seed-ads")))
	env := placeFor(t, "postgres://", polar).env.without("DATABASE_URL").with("XDG_DATA_HOME", home)
	once(t, env, exitDone, "migrate")
	private, err := localpg.Start(t.Context(), localpg.Options{Dir: filepath.Join(home, "syncer", "postgres")})
	if err != nil {
		t.Fatal(err)
	}
	do(t, private.URL("postgres"), "DROP VIEW polar_bi.data_dictionary; CREATE TABLE polar_bi.data_dictionary ()")
	if err := private.Stop(); err != nil {
		t.Fatal(err)
	}
	once(t, env, exitDone, "backfill").saying("Warning: the tables are up to date, the views are not: polar_bi.data_dictionary is not a view that syncer has made")
	once(t, env, exitUnexpected, "migrate")
}

func TestAPrivateDatabaseBelongsToOneProcess(t *testing.T) {
	t.Parallel()
	home := dataFolder(t)
	folder := filepath.Join(home, "syncer", "postgres")
	polar := fetchtest.StartServer(t, fetchtest.NewServer(recording(t, "seed-ads")))
	env := placeFor(t, "postgres://", polar).env.without("DATABASE_URL").with("XDG_DATA_HOME", home)

	first := start(t, env, "run")
	finished(first)
	inUse := fmt.Sprintf("the private Postgres is in use: process %d runs it in %s (Postgres itself is process ", first.cmd.Process.Pid, folder)
	second := once(t, env, exitDatabase, "backfill").saying(
		inUse, "Wait for that, or set DATABASE_URL to a Postgres of your own.")
	line := regexp.MustCompile(`(?m)^To look into it meanwhile: (psql .*)$`).FindStringSubmatch(second.stderr.String())
	if line == nil {
		t.Fatalf("no line for psql:\n%s", second)
	}
	bin, err := localpg.Find() // psql is there too
	if err != nil {
		t.Fatal(err)
	}
	psql := exec.CommandContext(t.Context(), "sh", "-c", line[1]+` -c "SELECT status FROM polar.sync_runs"`)
	psql.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	out, err := psql.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "succeeded") {
		t.Errorf("%s: %v\n%s", line[1], err, out)
	}
	diagnosed(t, env, exitDatabase).wants("database", "problem", inUse, "Wait for that, or set DATABASE_URL")

	first.signal(syscall.SIGKILL)
	first.exits(-1)
	sameReport(t, backfilled(t, env, exitDone), "default", "succeeded", [5]int{20, 0, 20, 0, 0})
	nothingRuns(t, folder)
}

func TestWithoutADatabaseAndServerBinariesItIsSaidWhatToDo(t *testing.T) {
	t.Parallel()
	env := nowhere.without("DATABASE_URL").with("XDG_DATA_HOME", dataFolder(t), "PGBIN", "/there/is/no")
	once(t, env, exitUsage, "migrate").saying("no database is configured (DATABASE_URL), and none can be started", "PGBIN=/there/is/no", "install them")
}

// nothingRuns waits until no process works in the folder.
func nothingRuns(tb testing.TB, folder string) {
	tb.Helper()
	eventually(tb, "all processes of "+folder+" are gone", func() bool { return !strings.Contains(processes(tb), folder) })
}
