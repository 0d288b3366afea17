package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// benchmark is what all parts share.
type benchmark struct {
	options
	*report

	lab      *lab
	progress io.Writer
	near     []series // of syncer, see compare
}

func (b *benchmark) doing(format string, args ...any) {
	fmt.Fprintf(b.progress, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// machine describes the machine and the software measured.
func (b *benchmark) machine(ctx context.Context) {
	b.text(fmt.Sprintf("%s, %d cores of %s, %s/%s, %s, Postgres %s.",
		time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), processor(ctx), runtime.GOOS, runtime.GOARCH, runtime.Version(), b.lab.version),
		map[bool]string{true: "One run.", false: fmt.Sprintf("Median of %d runs, least and most behind it.", b.runs)}[b.runs == 1],
		"All processes on this machine; Postgres with `fsync`, `synchronous_commit` and `full_page_writes` off.")
}

// processor returns the machine's name for its processor.
func processor(ctx context.Context) string {
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range bytes.Lines(text) {
			if name, value, _ := strings.Cut(string(line), ":"); strings.TrimSpace(name) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	if text, err := command(ctx, "", "sysctl", "-n", "machdep.cpu.brand_string"); err == nil {
		return strings.TrimSpace(text)
	}
	return "a processor without a name"
}

// series runs a program through all scenarios, as often as asked to.
func (b *benchmark) series(ctx context.Context, name string, run program, s setup) (series, error) {
	links := s.links
	if s.named > 0 {
		links = s.named
	}
	b.doing("%s, %s links, database %v away, API %v away", name, whole(links), s.distance.database, s.distance.api)
	result, err := b.lab.series(ctx, run, s)
	if err != nil {
		return result, fmt.Errorf("%s: %w", name, err)
	}
	return result, nil
}
