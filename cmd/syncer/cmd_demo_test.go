package main

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// processes lists the command lines of all processes on this machine.
func processes(tb testing.TB) string {
	tb.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		tb.Fatal(err)
	}
	if len(files) == 0 { // not Linux
		out, err := exec.CommandContext(tb.Context(), "ps", "-A", "-o", "args").Output()
		if err != nil {
			tb.Fatal(err)
		}
		return string(out)
	}
	var all strings.Builder
	for _, file := range files {
		line, _ := os.ReadFile(file) // it may have ended meanwhile
		all.Write(append(line, '\n'))
	}
	return all.String()
}

// startDemo starts the demo and returns the folder of its Postgres.
func startDemo(tb testing.TB, env variables, args ...string) (d *process, database, folder string) {
	tb.Helper()
	d = start(tb, env, append([]string{"demo", "--every", "1s"}, args...)...)
	reader := d.awaits(d.stdout, `psql "(postgres://analyst@[^"]+)"`)
	database = d.awaits(d.stdout, `psql "(postgres://syncer@[^"]+)"`)
	if reader != readerOf(database) {
		tb.Errorf("the reader's database is %s, the owner's %s", reader, database)
	}
	u, err := url.Parse(database)
	if err != nil {
		tb.Fatal(err)
	}
	folder = u.Query().Get("host")
	if !strings.Contains(processes(tb), folder) {
		tb.Fatalf("no process of %s is listed: what counts them cannot be right", folder)
	}
	return d, database, folder
}

// readerOf is the reader's way to the demo's database.
func readerOf(database string) string { return strings.Replace(database, "syncer@", "analyst@", 1) }

func wantMissing(tb testing.TB, folder string) {
	tb.Helper()
	if _, err := os.Lstat(folder); !os.IsNotExist(err) {
		tb.Errorf("%s is still there: %v", folder, err)
	}
}

// ctrlC sends what a terminal sends to every process of its foreground job.
func (p *process) ctrlC() {
	p.tb.Helper()
	if err := syscall.Kill(-p.cmd.Process.Pid, interrupt); err != nil {
		p.tb.Fatal(err)
	}
}

func TestDemoPlaysTheCatalogueAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	d, database, folder := startDemo(t, nil)
	d.awaits(d.stdout, `step 0 of 12: initial state\n  succeeded: 120 of 120 links changed, 0 removed, 0 failed; rows \+\d+ ~0 -0;`)
	if n := ask[int](t, database, "SELECT count(*) FROM checkout_links"); n != 120 {
		t.Errorf("%d links in the demo's database", n)
	}
	reader := readerOf(database)
	if n := ask[int](t, reader, "SELECT count(DISTINCT checkout_link_id) FROM polar_bi.link_checkouts WHERE is_sellable"); n == 0 {
		t.Error("the analyst sees no link that sells")
	}
	if may := ask[bool](t, reader, "SELECT has_schema_privilege('polar', 'USAGE')"); may {
		t.Error("the analyst may look into polar")
	}
	d.awaits(d.stdout, `step 1 of 12: price changes .*\n  succeeded: 73 of 120 links changed.*\n  gone     price    0\.01 huf a unit a week of "Add-on API 17"\n`)
	d.awaits(d.stdout, `step 2 of 12: products of links reordered, replaced, added, removed\n`)
	d.ctrlC()
	d.exits(exitSignal + int(interrupt))
	if !strings.HasSuffix(d.stdout.String(), "\nStopped. Nothing is left behind.\n") || strings.Contains(d.String(), "cancel") {
		t.Errorf("its last words:\n%s", d)
	}
	nothingRuns(t, folder)
	wantMissing(t, folder)
}

func TestAKilledDemoLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	d, _, folder := startDemo(t, nil)
	d.awaits(d.stdout, `step 0 of 12`)
	d.signal(syscall.SIGKILL)
	d.exits(-1)
	nothingRuns(t, folder)
	eventually(t, folder+" is gone", func() bool {
		_, err := os.Lstat(folder)
		return os.IsNotExist(err)
	})
}

func TestDemoKeepsTheDatabaseOnRequest(t *testing.T) {
	t.Parallel()
	home := dataFolder(t)
	d, _, folder := startDemo(t, variables{"XDG_DATA_HOME": home}, "--keep")
	d.awaits(d.stdout, `step 0 of 12`)
	d.signal(terminate)
	d.exits(exitSignal + int(terminate))
	if !strings.HasSuffix(d.stdout.String(), "\nStopped. The database is kept in "+folder+"; delete that folder when you are done.\n") {
		t.Errorf("its last words:\n%s", d)
	}
	nothingRuns(t, folder)
	if filepath.Dir(folder) != filepath.Join(home, "syncer") || !strings.HasPrefix(filepath.Base(folder), "demo-") {
		t.Errorf("kept in %s, not under %s", folder, home)
	}
	if _, err := os.Lstat(filepath.Join(folder, "data", "PG_VERSION")); err != nil {
		t.Error(err)
	}
}

func TestDemoEndsWhenItsPostgresEnds(t *testing.T) {
	t.Parallel()
	d, _, folder := startDemo(t, nil)
	d.awaits(d.stdout, `step 0 of 12`)
	file, err := os.ReadFile(filepath.Join(folder, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(file), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil { // someone stops it
		t.Fatal(err)
	}
	d.exits(exitUnexpected).saying("the private Postgres ended")
	wantMissing(t, folder)
}

func TestDemoCanEndByItself(t *testing.T) {
	t.Parallel()
	d, _, folder := startDemo(t, nil, "--end")
	d.awaits(d.stdout, `step 12 of 12: a bit of everything in one step\n`)
	d.exits(exitDone)
	nothingRuns(t, folder)
	wantMissing(t, folder)
}
