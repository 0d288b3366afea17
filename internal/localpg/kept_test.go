package localpg_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func TestAKeptServerBelongsToOneProcess(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "pg")
	p := startParent(t, dir)
	target := p.line(t)

	_, err := localpg.Start(t.Context(), localpg.Options{Dir: dir})
	got, ok := errors.AsType[*localpg.InUseError](err)
	if !ok || !errors.Is(err, localpg.ErrInUse) {
		t.Fatalf("second: %v", err)
	}
	want := localpg.InUseError{Dir: dir, Owner: p.cmd.Process.Pid, Postgres: pidOf(t, target), URL: target}
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Error(diff)
	}
	wantError(t, err, fmt.Sprintf("start postgres: the private Postgres is in use: process %d runs it in %s (Postgres itself is process %d)",
		want.Owner, dir, want.Postgres))
	if got := ask(t, target, "SELECT 'yes'"); got != "yes" {
		t.Error(got)
	}

	check(t, p.stdin.Close())
	check(t, p.cmd.Wait())
	check(t, start(t, localpg.Options{Dir: dir}).Stop())
}

func TestOfManyStartsOnAFreshFolderOneHasIt(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "pg")
	servers := make(chan *localpg.Server, 4)
	var starts sync.WaitGroup
	for range cap(servers) {
		starts.Go(func() {
			s, err := localpg.Start(t.Context(), localpg.Options{Dir: dir})
			if err == nil {
				servers <- s
			} else if !errors.Is(err, localpg.ErrInUse) {
				t.Error(err)
			}
		})
	}
	starts.Wait()
	close(servers)
	if n := len(servers); n != 1 {
		t.Errorf("%d have it", n)
	}
	for s := range servers {
		check(t, s.Stop())
	}
}

func TestTheServerOfAKilledParentIsWaitedFor(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "pg")
	p := startParent(t, dir)
	target := p.line(t)
	run(t, target, "CREATE TABLE kept AS SELECT 'still here' AS text")
	postgres := pidOf(t, target)
	check(t, syscall.Kill(postgres, syscall.SIGSTOP)) // frozen, so that it does not end at once
	check(t, p.cmd.Process.Kill())
	_ = p.cmd.Wait() // reports that it was killed

	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := localpg.Start(ctx, localpg.Options{Dir: dir})
		failed <- err
	}()
	eventually(t, "the folder is this process's", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "owner"))
		check(t, err)
		return string(text) == fmt.Sprintln(os.Getpid())
	})
	cancel()
	wantError(t, <-failed, "the last server in "+dir+" has not ended yet: "+context.Canceled.Error())

	check(t, syscall.Kill(postgres, syscall.SIGCONT))
	s := start(t, localpg.Options{Dir: dir})
	if got := ask(t, s.URL("postgres"), "SELECT text FROM kept"); got != "still here" {
		t.Error(got)
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

	// The worst case: another process of the same user has the number now.
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

	// Root can enter the private folder, but postgres, which it starts, cannot;
	// anyone else is stopped at the door.
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
