package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syncer/internal/syncer"
)

// after waits on the clock of a synctest bubble.
func after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestWithoutATerminalProgressIsALogLineEvery10Seconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
		p := watch(nil, logger, "shop")
		after(9 * time.Second)
		if log.Len() > 0 {
			t.Errorf("too early: %s", &log)
		}
		p.update(syncer.Progress{Done: 100, Total: 1000, Failed: 2})
		after(time.Second)
		p.update(syncer.Progress{Done: 500, Total: 1000, Failed: 3})
		after(10 * time.Second)
		p.end()
		after(time.Minute)
		want := `level=INFO msg="backfill in progress" source=shop done=100 total=1000 links_per_second=10 remaining=1m30s failed=2
level=INFO msg="backfill in progress" source=shop done=500 total=1000 links_per_second=25 remaining=20s failed=3
`
		if log.String() != want {
			t.Errorf("got\n%swant\n%s", &log, want)
		}
	})
}

func TestOnATerminalProgressIsOneLineDrawnOverAndOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var screen bytes.Buffer
		p := watch(&screen, slog.New(slog.DiscardHandler), "shop")
		p.update(syncer.Progress{Done: 50, Total: 200, Failed: 1})
		after(time.Second)
		p.update(syncer.Progress{Done: 200, Total: 200, Failed: 1})
		after(time.Second)
		p.end()
		if got := screen.String(); strings.Contains(got, "\n") || !strings.HasSuffix(got, "\r\x1b[K") {
			t.Errorf("more than one line, or not wiped: %q", got)
		}
		lines := strings.Split(strings.TrimPrefix(screen.String(), "\r\x1b[K"), "\r\x1b[K")
		for i, want := range map[int]string{
			0:              "shop [                              ] 0/0 links  0/s  0s left  0 failed",
			5:              "shop [#######                       ] 50/200 links  50/s  3s left  1 failed",
			len(lines) - 2: "shop [##############################] 200/200 links  100/s  0s left  1 failed",
			len(lines) - 1: "",
		} {
			if lines[i] != want {
				t.Errorf("line %d: %q, want %q", i, lines[i], want)
			}
		}
		if len(lines) != 12 { // five a second, the first at once, and the end
			t.Errorf("%d lines", len(lines))
		}
	})
}
