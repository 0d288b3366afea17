package localpg_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/localpg"
)

func TestATemporaryServerAnswersAndLeavesNothing(t *testing.T) {
	t.Parallel()
	s := start(t, localpg.Options{})
	target := s.URL("postgres")
	root, pid := folderOf(t, target), pidOf(t, target)

	got := map[string]string{}
	for _, name := range []string{"server_encoding", "lc_collate", "timezone", "listen_addresses", "fsync", "autovacuum"} {
		got[name] = ask(t, target, "SELECT current_setting('"+name+"')")
	}
	want := map[string]string{
		"server_encoding": "UTF8", "lc_collate": "C", "timezone": "UTC",
		"listen_addresses": "", "fsync": "off", "autovacuum": "on",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if super := ask(t, target, "SELECT current_user || usesuper FROM pg_user WHERE usename = current_user"); super != "syncertrue" {
		t.Errorf("connected as %s", super)
	}
	info, err := os.Stat(root)
	check(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("folder has mode %v", info.Mode())
	}

	check(t, s.Stop())
	if !isGone(pid) {
		t.Error("postgres still runs")
	}
	if !isMissing(root) {
		t.Error("the folder is still there")
	}
}

func TestTheURLServesPgxAndPsql(t *testing.T) {
	t.Parallel()
	const odd = `we?ird&na/me+50% ü`
	s := start(t, localpg.Options{Dir: filepath.Join(folder(t), `a b+c"d"&e`)})
	run(t, s.URL("postgres"), `CREATE DATABASE "`+odd+`"`)
	if got := ask(t, s.URL(odd), "SELECT current_database()"); got != odd {
		t.Errorf("pgx is in %q", got)
	}
	psql := psql(t, s.URL(odd), "-XAtc", "SELECT current_database()")
	psql.Env = append(os.Environ(), "PGPORT=1", "PGUSER=nobody")
	out, err := psql.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != odd {
		t.Errorf("psql: %v: %s", err, out)
	}
}

func TestStopIsTheSameForEveryCaller(t *testing.T) {
	t.Parallel()
	s := start(t, localpg.Options{})
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	check(t, s.Stop())
	<-s.Done()
}

func TestStopCutsSessionsOff(t *testing.T) {
	t.Parallel()
	s := start(t, localpg.Options{})
	target := s.URL("postgres")
	psql := psql(t, target, "-Xc", "SELECT pg_sleep(1000)")
	check(t, psql.Start())
	eventually(t, "the session sleeps", func() bool {
		return ask(t, target, "SELECT count(*)::text FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "1"
	})
	check(t, s.Stop())
	if err := psql.Wait(); err == nil {
		t.Error("the session ended well")
	}
}

func TestSettingsWinOverTuning(t *testing.T) {
	t.Parallel()
	s := start(t, localpg.Options{Settings: map[string]string{"max_connections": "23", "work_mem": "5MB", "port": "1"}})
	if got := ask(t, s.URL("postgres"), "SELECT current_setting('max_connections') || current_setting('work_mem')"); got != "235MB" {
		t.Errorf("settings are %s", got)
	}
}

func TestAFailedStartTellsTheServersReason(t *testing.T) {
	t.Parallel()
	_, err := localpg.Start(t.Context(), localpg.Options{Settings: map[string]string{"no_such_setting": "1"}})
	wantError(t, err, "start postgres: ", "exit status 1", `unrecognized configuration parameter "no_such_setting"`)
}

func TestAServerThatEndsByItselfIsNoticed(t *testing.T) {
	t.Parallel()
	for name, victim := range map[string]func(pid int) int{
		"postgres": func(pid int) int { return pid },
		"watchdog": func(pid int) int { return parentOf(t, pid) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, localpg.Options{})
			target := s.URL("postgres")
			root, pid := folderOf(t, target), pidOf(t, target)
			check(t, syscall.Kill(victim(pid), syscall.SIGKILL))
			<-s.Done()
			wantError(t, s.Stop(), "server ended by itself", "ready to accept connections")
			eventually(t, "postgres is gone", func() bool { return isGone(pid) })
			if !isMissing(root) {
				t.Error("the folder is still there")
			}
		})
	}
}

func TestACancelledStartLeavesNothing(t *testing.T) { // not parallel: changes the environment
	temp := folder(t)
	t.Setenv("TMPDIR", temp)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := localpg.Start(ctx, localpg.Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}

	t.Setenv("PGBIN", fakeInstall(t, "99.1")) // its initdb never ends
	ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = localpg.Start(ctx, localpg.Options{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	wantError(t, err, "start postgres: not ready yet", "initdb hangs")
	wantEmpty(t, temp)
}

func TestALongTMPDIRIsNotUsed(t *testing.T) { // not parallel: changes the environment
	long := filepath.Join(folder(t), strings.Repeat("x", 100))
	check(t, os.Mkdir(long, 0o777))
	t.Setenv("TMPDIR", long)
	s := start(t, localpg.Options{})
	if root := folderOf(t, s.URL("postgres")); filepath.Dir(root) != "/tmp" {
		t.Errorf("folder is %s", root)
	}
}

// psql is the client that came with the server.
func psql(tb testing.TB, args ...string) *exec.Cmd {
	tb.Helper()
	bin, err := localpg.Find()
	check(tb, err)
	return exec.CommandContext(tb.Context(), filepath.Join(bin, "psql"), args...)
}

// wantEmpty fails if the folder holds anything.
func wantEmpty(tb testing.TB, dir string) {
	tb.Helper()
	entries, err := os.ReadDir(dir)
	check(tb, err)
	if len(entries) > 0 {
		tb.Errorf("%s still holds %v", dir, entries)
	}
}
