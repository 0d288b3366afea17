package main

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience limits the wait for something that should come at once.
const patience = 3 * time.Minute

// variables are a process's environment, on top of what every process has.
type variables map[string]string

// with returns a copy with some variables replaced. An empty one counts as set.
func (v variables) with(pairs ...string) variables {
	changed := variables{}
	maps.Copy(changed, v)
	for i := 0; i < len(pairs); i += 2 {
		changed[pairs[i]] = pairs[i+1]
	}
	return changed
}

// without returns a copy that lacks some variables.
func (v variables) without(names ...string) variables {
	changed := v.with()
	for _, name := range names {
		delete(changed, name)
	}
	return changed
}

// process is one start of the command.
type process struct {
	tb             testing.TB
	cmd            *exec.Cmd
	stdout, stderr *stream
	ended          chan struct{}
	err            error // of Wait, once ended is closed
}

// start starts the command, the leader of its own process group, as a shell does.
func start(tb testing.TB, env variables, args ...string) *process {
	tb.Helper()
	p := &process{tb: tb, cmd: newCommand(tb, env, args), stdout: newStream(), stderr: newStream()}
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	p.begin()
	return p
}

func newCommand(tb testing.TB, env variables, args []string) *exec.Cmd {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), self, args...)
	cmd.Args[0] = "syncer" // see TestMain
	// None of the machine's own settings, such as PGHOST, reaches the process.
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + tb.TempDir(),
		"GORACE=atexit_sleep_ms=0", // else each process takes a second to end under -race
	}
	if bin := os.Getenv("PGBIN"); bin != "" {
		cmd.Env = append(cmd.Env, "PGBIN="+bin)
	}
	if testing.CoverMode() != "" { // what processes run counts too
		cmd.Env = append(cmd.Env, "GOCOVERDIR="+cmp.Or(flag.Lookup("test.gocoverdir").Value.String(), tb.TempDir()))
	}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = patience // after that, somebody else holds its output open
	return cmd
}

// begin starts the prepared command and waits for its end, and for that of the
// given channels.
func (p *process) begin(also ...<-chan struct{}) {
	p.tb.Helper()
	if err := p.cmd.Start(); err != nil {
		p.tb.Fatal(err)
	}
	p.ended = make(chan struct{})
	go func() {
		p.err = p.cmd.Wait()
		for _, ended := range also {
			<-ended
		}
		p.stdout.end()
		p.stderr.end()
		close(p.ended)
	}()
	p.tb.Cleanup(func() {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.ended
		noSecrets(p.tb, p.String())
	})
}

// String returns all that helps to find out what went wrong.
func (p *process) String() string {
	return "syncer " + strings.Join(p.cmd.Args[1:], " ") + "\n--- stdout\n" + p.stdout.String() + "--- stderr\n" + p.stderr.String()
}

// signal sends a signal to the process alone.
func (p *process) signal(s syscall.Signal) {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.tb.Fatalf("%v: %v\n%s", s, err, p)
	}
}

// wait returns the exit code of the process once it has ended; -1 if a signal ended it.
func (p *process) wait() int {
	p.tb.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.tb.Fatalf("still running:\n%s", p)
	}
	if _, ok := errors.AsType[*exec.ExitError](p.err); !ok && p.err != nil {
		p.tb.Fatalf("%v:\n%s", p.err, p)
	}
	return p.cmd.ProcessState.ExitCode()
}

// exits expects the process to end with that code.
func (p *process) exits(code int) *process {
	p.tb.Helper()
	if got := p.wait(); got != code {
		p.tb.Fatalf("exit %d (%v), want %d:\n%s", got, p.cmd.ProcessState, code, p)
	}
	return p
}

// saying expects all of the texts on stderr.
func (p *process) saying(texts ...string) *process {
	p.tb.Helper()
	for _, text := range texts {
		if !strings.Contains(p.stderr.String(), text) {
			p.tb.Errorf("stderr does not say %q:\n%s", text, p)
		}
	}
	return p
}

// printing expects all of the texts on stdout.
func (p *process) printing(texts ...string) {
	p.tb.Helper()
	for _, text := range texts {
		if !strings.Contains(p.stdout.String(), text) {
			p.tb.Errorf("stdout does not say %q:\n%s", text, p)
		}
	}
}

// awaits waits for the expression in the part of the stream that no earlier
// call has seen, and returns its last group.
func (p *process) awaits(s *stream, expression string) string {
	p.tb.Helper()
	pattern, late := regexp.MustCompile(expression), time.After(patience)
	for {
		match, more := s.next(pattern)
		if match != "" {
			return match
		}
		select {
		case <-more:
		case <-late:
			p.tb.Fatalf("still waiting for %q:\n%s", expression, p)
		}
		if more == nil {
			p.tb.Fatalf("ended without %q:\n%s", expression, p)
		}
	}
}

// stream keeps what a process writes.
type stream struct {
	mu   sync.Mutex
	text bytes.Buffer
	seen int           // where next resumes
	more chan struct{} // closed when there is more; nil after the end
}

func newStream() *stream { return &stream{more: make(chan struct{})} }

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.more)
	s.more = make(chan struct{})
	return s.text.Write(p)
}

func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.more)
	s.more = nil
}

func (s *stream) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *stream) next(pattern *regexp.Regexp) (match string, more <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	unseen := s.text.Bytes()[s.seen:]
	at := pattern.FindSubmatchIndex(unseen)
	if at == nil {
		return "", s.more
	}
	s.seen += at[1]
	return string(unseen[at[len(at)-2]:at[len(at)-1]]), nil
}
