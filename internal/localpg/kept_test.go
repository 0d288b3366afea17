package localpg_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"syncer/internal/localpg"
)

func TestAKeptClusterKeepsItsData(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "new", "pg")
	s := start(t, localpg.Options{Dir: dir})
	run(t, s.URL("postgres"), "CREATE TABLE kept AS SELECT 'still here' AS text")
	check(t, s.Stop())

	s = start(t, localpg.Options{Dir: dir})
	if got := ask(t, s.URL("postgres"), "SELECT text || current_setting('fsync') FROM kept"); got != "still hereon" {
		t.Error(got)
	}
	check(t, s.Stop())
	if !isMissing(filepath.Join(dir, "data", "postmaster.pid")) {
		t.Error("the pid file is still there")
	}
}

func TestARunningKeptServerIsShared(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "pg")
	p := startParent(t, dir)
	target := p.line(t)

	guest := start(t, localpg.Options{Dir: dir})
	if guest.URL("postgres") != target {
		t.Errorf("guest is at %s, the server at %s", guest.URL("postgres"), target)
	}
	check(t, guest.Stop())
	<-guest.Done()

	again := start(t, localpg.Options{Dir: dir})
	if got := ask(t, again.URL("postgres"), "SELECT 'yes'"); got != "yes" {
		t.Error(got)
	}
	check(t, p.stdin.Close())
	check(t, p.cmd.Wait())
	<-again.Done()
	check(t, again.Stop())
}

func TestTwoStartsOnAFreshFolderShareOneServer(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "pg")
	servers := make([]*localpg.Server, 4)
	var starts sync.WaitGroup
	for i := range servers {
		starts.Go(func() {
			s, err := localpg.Start(t.Context(), localpg.Options{Dir: dir})
			if err != nil {
				t.Error(err)
				return
			}
			servers[i] = s
		})
	}
	starts.Wait()
	for _, s := range servers {
		if s == nil {
			continue
		}
		if got := ask(t, s.URL("postgres"), "SELECT 'yes'"); got != "yes" {
			t.Error(got)
		}
	}
	for _, s := range servers {
		if s != nil {
			check(t, s.Stop())
		}
	}
}

func TestAKilledServersPidFileIsNoObstacle(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "pg")
	s := start(t, localpg.Options{Dir: dir})
	pidFile := filepath.Join(dir, "data", "postmaster.pid")
	text, err := os.ReadFile(pidFile)
	check(t, err)
	check(t, syscall.Kill(pidOf(t, s.URL("postgres")), syscall.SIGKILL))
	<-s.Done()

	// The worst case: the number now is another process's of the same user.
	other := start(t, localpg.Options{})
	_, rest, _ := strings.Cut(string(text), "\n")
	check(t, os.WriteFile(pidFile, fmt.Appendf(nil, "%d\n%s", pidOf(t, other.URL("postgres")), rest), 0o600))

	again := start(t, localpg.Options{Dir: dir})
	if got := ask(t, again.URL("postgres"), "SELECT 'yes'"); got != "yes" {
		t.Error(got)
	}
}

func TestAnotherVersionsClusterIsRefused(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "pg")
	check(t, start(t, localpg.Options{Dir: dir}).Stop())
	check(t, os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9.6\n"), 0o600))
	_, err := localpg.Start(t.Context(), localpg.Options{Dir: dir})
	wantError(t, err, "start postgres: ", dir+" needs Postgres 9.6, found ", "choose another folder")
}

func TestAFolderThatCannotServeIsRefused(t *testing.T) {
	t.Parallel()
	base := folder(t)

	full := filepath.Join(base, "full")
	check(t, os.Mkdir(full, 0o700))
	check(t, os.WriteFile(filepath.Join(full, "letter.txt"), nil, 0o600))

	// Root gets past the private folder, but not postgres, which it starts;
	// everybody else gets stuck at the door.
	private := filepath.Join(base, "private")
	check(t, os.Mkdir(private, 0o500))

	for name, test := range map[string]struct {
		dir  string
		says []string
	}{
		"with other files": {full, []string{full + " holds other files"}},
		"not reachable":    {filepath.Join(private, "pg"), []string{filepath.Join(private, "pg")}},
		"with a long path": {filepath.Join(base, strings.Repeat("x", 90)), []string{"too long", "at most 103"}},
		"with a comma":     {filepath.Join(base, "a,b"), []string{"comma"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := localpg.Start(t.Context(), localpg.Options{Dir: test.dir})
			wantError(t, err, append(test.says, "start postgres: ")...)
			if errors.Is(err, localpg.ErrNotFound) {
				t.Errorf("%v is an ErrNotFound", err)
			}
		})
	}
	info, err := os.Stat(full)
	check(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Error("the refused folder was changed")
	}
}
