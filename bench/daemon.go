package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// daemon is everyday in a process that stays: its connection is open, and
// Postgres has planned its statements.
func (b *benchmark) daemon(ctx context.Context) error {
	const links = 100
	var took, busy []float64
	b.doing("syncer run, %d links of which none changed, %d ticks", links, b.often)
	err := b.lab.with(ctx, runSyncer, setup{links: links}, func(m *measurement) error {
		if _, err := m.pass(ctx); err != nil { // the first load
			return err
		}
		return b.lab.ticks(ctx, m.place, func(run time.Duration) (enough bool, err error) {
			s, err := m.place.api.served(ctx)
			if err != nil {
				return false, err
			}
			took, busy = append(took, milliseconds(run)), append(busy, milliseconds(s.Busy))
			return len(took) > b.often, nil
		})
	})
	if err != nil {
		return err
	}
	took, busy = took[1:], busy[1:] // the first one is like a new process
	own := make([]float64, len(took))
	for i := range took {
		own[i] = took[i] - busy[i]
	}
	for _, values := range [][]float64{took, busy, own} {
		slices.Sort(values)
	}
	b.section("Everyday, in the daemon", fmt.Sprintf("%d ticks of `syncer run` after its first, otherwise as above.", len(took)))
	b.table([]string{"ms", "syncer"}, [][]string{
		{"a run", spread(took)}, {"the API, answering", spread(busy)}, {"a run without the API's part", spread(own)},
	})
	return nil
}

// ticks runs the daemon and passes on how long each run took, until enough.
func (l *lab) ticks(ctx context.Context, at place, ran func(time.Duration) (enough bool, err error)) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(l.dir, "syncer"), "run", "--log-format", "json")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = ending
	cmd.Env = []string{
		"DATABASE_URL=" + at.database, "POLAR_SERVER=" + at.api.url, "POLAR_ACCESS_TOKEN=" + token, "HOME=" + l.dir,
		"SYNCER_REQUESTS_PER_MINUTE=1000000", "POLAR_CHECKOUT_LINK_IDS=all", "SYNCER_HTTP_ADDR=", "SYNCER_SCHEDULE=@every 1s",
	}
	logs, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() {
		cancel()
		_ = cmd.Wait() // it was told to end
	}()
	for lines := bufio.NewScanner(logs); lines.Scan(); {
		var line struct {
			Message string `json:"msg"`
			TookMS  int64  `json:"took_ms"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil || line.Message != "run finished" {
			continue
		}
		if enough, err := ran(time.Duration(line.TookMS) * time.Millisecond); err != nil || enough {
			return err
		}
	}
	return errors.New("syncer run: it ended before it had run often enough")
}
