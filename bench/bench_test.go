package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestQuick runs the whole benchmark, small. Speed depends on the machine; counts do not.
func TestQuick(t *testing.T) { // not parallel: changes the environment
	file := filepath.Join(t.TempDir(), "performance.md")
	t.Setenv("TMPDIR", folder(t))
	write(t, file, "before\n"+begin+"what it said before\n"+end+"after\n")
	o, err := parse([]string{"-quick", "-update", file})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := bench(t.Context(), o, &out, t.Output()); err != nil {
		t.Fatal(err)
	}

	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(text); !strings.HasPrefix(got, "before\n"+begin+"\n") || !strings.HasSuffix(got, "\n"+end+"after\n") || strings.Contains(got, "before\n"+end) {
		t.Errorf("what stands around the result is\n%s", got)
	}
	for _, want := range []string{
		`\| requests +\| +1\.00 \| +100 \| +100 × \|`,
		`(?s)nothing changed .*\| row versions in the catalogue +\| +0 \| .* ∞ \|`,
		`(?s)1 % changed .*\| row versions in the catalogue +\| +1\.00 \| `,
		`Of 30 links asked for, the SDK could not read \d+:`,
		`\| first load: sequential scans of the catalogue +\| .* \| +1\.00 × \|`,
		`\| nothing changed +\| +10 \|`,
		`\| the run without the API's part `,
		`\| with history .* % \|`,
		`\| 3\. How did the price of a product change\? `,
		`\| 10\. How are discounts redeemed over time\? +\| +[0-9.]+ \(.*\) \| +[0-9.]+ \(.*\) \|`,
	} {
		if !regexp.MustCompile(want).Match(text) {
			t.Errorf("nothing like %s", want)
		}
	}
	if t.Failed() {
		t.Logf("%s", text)
	}
	if bytes.Contains(out.Bytes(), []byte("| ")) || !bytes.Contains(out.Bytes(), []byte("Links a second")) {
		t.Errorf("printed is not plain text:\n%s", out.Bytes())
	}
	wantEmpty(t, os.Getenv("TMPDIR"))
}

// TestStopped ends the benchmark while it measures: nothing is left behind.
func TestStopped(t *testing.T) { // not parallel: changes the environment
	t.Setenv("TMPDIR", folder(t))
	o, err := parse([]string{"-quick"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	progress := writer(func(p []byte) (int, error) {
		if strings.Contains(string(p), "baseline") {
			stop()
		}
		return t.Output().Write(p)
	})
	if err := bench(ctx, o, new(bytes.Buffer), progress); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	wantEmpty(t, os.Getenv("TMPDIR"))
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "other.md")
	write(t, file, "# Other\n")
	for _, args := range [][]string{{"-links", "300"}, {"-runs", "0"}, {"-baseline-links", "3"}, {"-nonsense"}, {"more"}, {"-update", file}} {
		o, err := parse(args)
		if err == nil {
			err = bench(t.Context(), o, t.Output(), t.Output())
		}
		if err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// folder returns one that suits Postgres: a short path, open to others than root.
func folder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("/tmp", "bench-test-") //nolint:usetesting // what tests get is neither
	if err == nil {
		err = os.Chmod(dir, 0o777)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	return dir
}

func write(tb testing.TB, file, text string) {
	tb.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// wantEmpty fails if the folder holds anything.
func wantEmpty(tb testing.TB, dir string) {
	tb.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		tb.Errorf("left behind: %v, %v", entries, err)
	}
}
