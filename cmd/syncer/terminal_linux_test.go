package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"syncer/internal/fetch/fetchtest"
)

// openTerminal returns both ends of a terminal: the process's, and what a person sees.
func openTerminal(tb testing.TB) (process, person *os.File) {
	tb.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = person.Close() })
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		tb.Fatalf("unlock the terminal: %v", err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		tb.Fatalf("terminal's number: %v", err)
	}
	process, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		tb.Fatal(err)
	}
	return process, person
}

// startOnTerminal starts the command with a terminal as its stderr; its output
// arrives in p.stderr.
func startOnTerminal(tb testing.TB, env variables, args ...string) *process {
	tb.Helper()
	terminal, person := openTerminal(tb)
	p := &process{tb: tb, cmd: newCommand(tb, env, args), stdout: newStream(), stderr: newStream()}
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, terminal
	shown := make(chan struct{})
	p.begin(shown)
	_ = terminal.Close() // the process has its own by now
	go func() {
		defer close(shown)
		_, _ = io.Copy(p.stderr, person) // ends with EIO once the process has
	}()
	return p
}

func TestBackfillDrawsItsProgressOnATerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	p.polar.Goto(7)                                                                   // one of the links is poisoned
	entered, release := p.polar.Hold(fetchtest.OnLink(slices.Max(p.polar.LinkIDs()))) // asked for last
	t.Cleanup(release)
	q := startOnTerminal(t, p.env, "backfill")
	await(t, "the last request", entered)
	line := q.awaits(q.stderr, `\r\x1b\[K(default \[#+ +\] [1-9]\d*/120 links  \d+/s  \d+s left  [01] failed)`)
	release()
	q.exits(exitPartial)
	screen := q.stderr.String()
	if !strings.HasSuffix(screen, "\r\x1b[K") {
		t.Errorf("the line %q was not wiped: %q", line, screen)
	}
	if strings.Contains(screen, "run started") || strings.Contains(screen, "\n") {
		t.Errorf("the log breaks the line: %q", screen)
	}
	if !strings.Contains(q.stdout.String(), "default: partial, 120 links in ") {
		t.Errorf("no summary: %s", q.stdout)
	}
}

func TestALogOnATerminalIsTame(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	p.polar.Inject(fetchtest.Fault{Play: fetchtest.Status(401, `{"error":"invalid_token","error_description":`+evil+`}`, "Content-Type: application/json")})
	q := startOnTerminal(t, p.env.with("SYNCER_CONFIG", writeFile(t, "syncer.yaml", `sources: [{name: `+evil+`}]`)), "run")
	q.awaits(q.stderr, `run stopped early`)
	q.signal(terminate)
	q.exits(exitSignal + int(terminate))
	screen := strings.ReplaceAll(q.stderr.String(), "\r\n", "\n") // the terminal's own
	wantTame(t, "run", regexp.MustCompile(`\x1b\[[\d;]*m`).ReplaceAllString(screen, ""))
	if !strings.Contains(screen, "\x1b[") || strings.Count(screen, `\u001b[2J`) < 2 {
		t.Errorf("neither colours nor escapes: %q", screen)
	}
}
