package db

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// HeldError says who holds what a run wants. It is an ErrHeld.
type HeldError struct {
	Wanted  string    // source of the run that wants it
	Source  string    // of the run that holds it: another one when they want the same organization
	Holder  string    // its process
	Trigger string    // what called it
	Since   time.Time // when it began
}

func (e *HeldError) Error() string {
	wanted := fmt.Sprintf("%q is held by", e.Wanted)
	if e.Source != e.Wanted {
		wanted = fmt.Sprintf("the organization of %q is held by source %q,", e.Wanted, e.Source)
	}
	return fmt.Sprintf("%v: %s %s (%s) since %s", ErrHeld, wanted, e.Holder, e.Trigger, e.Since.UTC().Format(time.RFC3339))
}

// Unwrap makes it an ErrHeld.
func (e *HeldError) Unwrap() error { return ErrHeld }

// holder names this process, for people and for other processes of the same
// place, which can see whether it lives.
func holder() string { return fmt.Sprintf("%s, process %d", place(), os.Getpid()) }

// place is where process ids mean the same: this host since it was started, and
// in it this container.
func place() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	sum := fnv.New32a()
	for _, read := range []func() (string, error){
		func() (string, error) {
			id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
			return string(id), err
		},
		func() (string, error) { return os.Readlink("/proc/self/ns/pid") },
	} {
		part, err := read()
		if err != nil { // not Linux: nothing to go by
			return host
		}
		_, _ = sum.Write([]byte(part))
	}
	return fmt.Sprintf("%s (%08x)", host, sum.Sum32())
}

// atWork holds the ids of the runs that this process is at work on, through whatever
// DB. A running row that names this process, but none of them, is of a run that died
// by itself, or of a process that had the same id before a container was restarted.
//
//nolint:gochecknoglobals // like its id a fact about the process, which others ask about
var atWork sync.Map

// alive reports whether a run's holder may still be at work on it. It knows only of
// processes in this very place that they are dead; others give signs of life, or fall
// silent.
func alive(holder string, run uuid.UUID) bool {
	where, process, ok := strings.Cut(holder, ", process ")
	here := place()
	if !ok || where != here || !strings.HasSuffix(here, ")") {
		return true
	}
	var pid int
	if _, err := fmt.Sscan(process, &pid); err != nil || pid <= 0 {
		return true
	}
	if pid == os.Getpid() {
		_, working := atWork.Load(run)
		return working
	}
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
