package localpg_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"syncer/internal/localpg"
)

// helperEnv turns the test binary into a parent to kill: it starts a server in
// the folder that the variable names ("temporary" for none).
const helperEnv = "LOCALPG_TEST_HELPER"

func TestMain(m *testing.M) {
	dir := os.Getenv(helperEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	if dir == "temporary" {
		dir = ""
	}
	if err := helper(dir); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// helper prints the server's URL, then a line for every interrupt, and stops
// the server when its input ends.
func helper(dir string) error {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	s, err := localpg.Start(context.Background(), localpg.Options{Dir: dir})
	if err != nil {
		return err
	}
	fmt.Println(s.URL("postgres"))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	for {
		select {
		case <-interrupts:
			fmt.Println("interrupted")
		case <-ended:
			return s.Stop()
		}
	}
}

// parent is a running helper.
type parent struct {
	cmd   *exec.Cmd
	out   *bufio.Scanner
	stdin io.Closer
}

// startParent runs this binary as a helper, the leader of its own process group.
func startParent(tb testing.TB, dir string, env ...string) *parent {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), os.Args[0])
	cmd.Env = append(append(os.Environ(), helperEnv+"="+dir), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	check(tb, err)
	stdout, err := cmd.StdoutPipe()
	check(tb, err)
	check(tb, cmd.Start())
	p := &parent{cmd: cmd, out: bufio.NewScanner(stdout), stdin: stdin}
	tb.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return p
}

// line returns the helper's next line.
func (p *parent) line(tb testing.TB) string {
	tb.Helper()
	if !p.out.Scan() {
		tb.Fatalf("helper ended: %v", p.out.Err())
	}
	return p.out.Text()
}

// start starts a server that stops with the test.
func start(tb testing.TB, opts localpg.Options) *localpg.Server {
	tb.Helper()
	s, err := localpg.Start(tb.Context(), opts)
	check(tb, err)
	tb.Cleanup(func() { _ = s.Stop() })
	return s
}

// ask runs a query that returns one text.
func ask(tb testing.TB, target, query string) string {
	tb.Helper()
	ctx := tb.Context()
	conn, err := pgx.Connect(ctx, target)
	check(tb, err)
	defer conn.Close(ctx)
	var answer string
	check(tb, conn.QueryRow(ctx, query).Scan(&answer))
	return answer
}

// run runs statements without a result.
func run(tb testing.TB, target, statements string) {
	tb.Helper()
	ctx := tb.Context()
	conn, err := pgx.Connect(ctx, target)
	check(tb, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statements)
	check(tb, err)
}

// folderOf returns the server's folder, which is its socket's.
func folderOf(tb testing.TB, target string) string {
	tb.Helper()
	u, err := url.Parse(target)
	check(tb, err)
	return u.Query().Get("host")
}

// pidOf returns the number of postgres's first process.
func pidOf(tb testing.TB, target string) int {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(folderOf(tb, target), "data", "postmaster.pid"))
	check(tb, err)
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	check(tb, err)
	return pid
}

// eventually waits for another process that does not report what it does.
func eventually(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			tb.Fatalf("still waiting: %s", what)
		}
	}
}

func isGone(pid int) bool { return syscall.Kill(pid, 0) == syscall.ESRCH }

func isMissing(path string) bool {
	_, err := os.Lstat(path)
	return os.IsNotExist(err)
}

// folder returns a short, empty folder that every user can reach and write:
// TempDir is private to its owner, and its names are long.
func folder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("/tmp", "localpg-test-") //nolint:usetesting // see above
	check(tb, err)
	tb.Cleanup(func() { check(tb, os.RemoveAll(dir)) })
	check(tb, os.Chmod(dir, 0o777|os.ModeSticky))
	return dir
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// wantError fails unless err's text holds all of the parts.
func wantError(tb testing.TB, err error, parts ...string) {
	tb.Helper()
	if err == nil {
		tb.Fatalf("no error; want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			tb.Errorf("error %q\ndoes not say %q", err, part)
		}
	}
}
