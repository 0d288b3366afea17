package main

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"syncer/internal/panics"
	"syncer/internal/plain"
	"syncer/internal/syncer"
)

// logEvery is the interval of log lines away from a terminal, drawEvery that of
// drawing on one.
const (
	logEvery  = 10 * time.Second
	drawEvery = 200 * time.Millisecond
)

// progress shows how far a backfill is: a line redrawn in place on a terminal,
// a log line every 10 seconds elsewhere.
type progress struct {
	terminal io.Writer // nil: log
	logger   *slog.Logger
	source   string
	began    time.Time

	mu      sync.Mutex
	now     syncer.Progress
	waiting bool // for another run: nothing to show

	stop    chan struct{}
	stopped chan struct{}
}

// watch shows progress until end is called.
func watch(terminal io.Writer, logger *slog.Logger, source string) *progress {
	p := &progress{
		terminal: terminal, logger: logger, source: plain.Line(source), began: time.Now(),
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	every := logEvery
	if terminal != nil {
		every = drawEvery
		p.show()
	}
	go func() {
		defer close(p.stopped)
		if err := panics.Catch(func() error { return p.showEvery(every) }); err != nil {
			logger.Error("progress is not shown any more", slog.Any("error", err))
		}
	}()
	return p
}

// showEvery shows progress until end is called.
func (p *progress) showEvery(every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.show()
		case <-p.stop:
			return nil
		}
	}
}

// update records how far the run is.
func (p *progress) update(now syncer.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now, p.waiting = now, false
}

// wait prints what the run waits for, and shows nothing until it resumes.
func (p *progress) wait(stderr io.Writer, held error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = true
	p.wipe()
	fmt.Fprintf(stderr, "syncer: %s; waiting for it to end\n", plain.Line(held.Error()))
}

// wipe clears the terminal's line.
func (p *progress) wipe() {
	if p.terminal != nil {
		fmt.Fprint(p.terminal, "\r\x1b[K")
	}
}

// end stops showing and wipes the terminal's line.
func (p *progress) end() {
	close(p.stop)
	<-p.stopped
	p.wipe()
}

// pace returns the links done per second, and how long the rest will take.
func pace(now syncer.Progress, took time.Duration) (rate float64, remaining time.Duration) {
	if now.Done == 0 || took <= 0 {
		return 0, 0
	}
	rate = float64(now.Done) / took.Seconds()
	return rate, time.Duration(float64(now.Total-now.Done) / rate * float64(time.Second)).Round(time.Second)
}

func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting {
		return
	}
	now := p.now
	rate, remaining := pace(now, time.Since(p.began))
	if p.terminal == nil {
		p.logger.Info("backfill in progress", slog.String("source", p.source),
			slog.Int("done", now.Done), slog.Int("total", now.Total), slog.Float64("links_per_second", float64(int(rate*10))/10),
			slog.Duration("remaining", remaining), slog.Int("failed", now.Failed))
		return
	}
	const width = 30
	filled := 0
	if now.Total > 0 {
		filled = width * now.Done / now.Total
	}
	bar := fmt.Sprintf("%-*s", width, fmt.Sprintf("%.*s", filled, "##############################"))
	fmt.Fprintf(p.terminal, "\r\x1b[K%s [%s] %d/%d links  %.0f/s  %s left  %d failed", p.source, bar, now.Done, now.Total, rate, remaining, now.Failed)
}
