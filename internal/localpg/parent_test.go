package localpg_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"syncer/internal/localpg"
)

func TestAKilledParentTakesItsServerAlong(t *testing.T) {
	t.Parallel()
	p := startParent(t, "temporary")
	target := p.line(t)
	root, pid := folderOf(t, target), pidOf(t, target)
	dog := parentOf(t, pid)
	if got := ask(t, target, "SELECT 'yes'"); got != "yes" {
		t.Fatal(got)
	}
	check(t, p.cmd.Process.Kill())
	eventually(t, "postgres is gone", func() bool { return isGone(pid) })
	eventually(t, "the folder is gone", func() bool { return isMissing(root) })
	eventually(t, "the watchdog is gone", func() bool { return isGone(dog) })
}

func TestAParentKilledDuringInitdbLeavesNothing(t *testing.T) {
	t.Parallel()
	temp, bin := folder(t), fakeInstall(t, "99.1")
	p := startParent(t, "temporary", "TMPDIR="+temp, "PGBIN="+bin)
	eventually(t, "initdb runs", func() bool {
		match, err := filepath.Glob(filepath.Join(temp, "*", "new", "pid"))
		check(t, err)
		return len(match) == 1
	})
	check(t, p.cmd.Process.Kill())
	eventually(t, "the folder is empty", func() bool {
		entries, err := os.ReadDir(temp)
		check(t, err)
		return len(entries) == 0
	})
}

func TestAnInterruptIsTheParentsToHandle(t *testing.T) {
	t.Parallel()
	p := startParent(t, "temporary")
	target := p.line(t)
	root := folderOf(t, target)
	check(t, syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT)) // what a terminal's Ctrl-C does
	if got := p.line(t); got != "interrupted" {
		t.Fatal(got)
	}
	if got := ask(t, target, "SELECT 'yes'"); got != "yes" {
		t.Fatal(got)
	}
	check(t, p.stdin.Close())
	check(t, p.cmd.Wait())
	if !isMissing(root) {
		t.Error("the folder is still there")
	}
}

func TestAKilledParentsKeptClusterStays(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "pg")
	p := startParent(t, dir)
	target := p.line(t)
	pid := pidOf(t, target)
	run(t, target, "CREATE TABLE kept AS SELECT 'still here' AS text")
	check(t, p.cmd.Process.Kill())
	eventually(t, "postgres is gone", func() bool { return isGone(pid) })
	s := start(t, localpg.Options{Dir: dir})
	if got := ask(t, s.URL("postgres"), "SELECT text FROM kept"); got != "still here" {
		t.Error(got)
	}
}

// parentOf returns the process that started pid: for postgres, the watchdog.
func parentOf(tb testing.TB, pid int) int {
	tb.Helper()
	out, err := exec.CommandContext(tb.Context(), "ps", "-o", "ppid=", "-p", strconv.Itoa(pid)).Output()
	check(tb, err)
	parent, err := strconv.Atoi(strings.TrimSpace(string(out)))
	check(tb, err)
	return parent
}
