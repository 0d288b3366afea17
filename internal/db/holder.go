package db

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"syscall"
)

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

// alive says whether the holder may still be at work. Only of a process of this
// very place it can say no; others give signs of life, or get stale.
func (e *HeldError) alive() bool {
	where, process, ok := strings.Cut(e.Holder, ", process ")
	here := place()
	if !ok || where != here || !strings.HasSuffix(here, ")") {
		return true
	}
	var pid int
	if _, err := fmt.Sscan(process, &pid); err != nil || pid <= 0 {
		return true
	}
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
