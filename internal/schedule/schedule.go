// Package schedule decides when to call jobs. It knows cron specs, and nothing
// of what the jobs do.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/robfig/cron/v3"
)

// Job is called at the ticks of a cron spec.
type Job struct {
	Name string
	Spec string
	Do   func(ctx context.Context, trigger string)
}

// The triggers passed to a job.
const (
	Start    = "start"    // once when the schedule begins
	Schedule = "schedule" // at a tick
)

// Local calls every job once at the start and then at its ticks, until ctx
// ends, and returns once no job runs. A job still running at its next tick
// misses that tick; one that panics is logged and called again at the next.
//
// Ticks go by the wall clock, also when that is set: back, and they come when the
// new time says; forward, past some of them, and there is one at once.
func Local(ctx context.Context, logger *slog.Logger, jobs []Job) error {
	return local(ctx, logger, jobs, time.Now)
}

// local is Local by a clock of the caller's.
func local(ctx context.Context, logger *slog.Logger, jobs []Job, now func() time.Time) error {
	schedules := make([]cron.Schedule, len(jobs))
	for i, job := range jobs { // all of them before any call
		var err error
		if schedules[i], err = Parse(job.Spec); err != nil {
			return fmt.Errorf("source %s: schedule: %w", job.Name, err)
		}
	}
	var calls sync.WaitGroup
	for i, job := range jobs {
		log := cronLogger{logger.With(slog.String("source", job.Name))}
		var begun atomic.Bool // the first call is the start's, before the first tick
		// Skip outside, recover inside: the other way round a panic would leave
		// the job marked as running for ever.
		chain := cron.NewChain(cron.SkipIfStillRunning(log), cron.Recover(log))
		call := chain.Then(cron.FuncJob(func() {
			trigger := Start
			if begun.Swap(true) {
				trigger = Schedule
			}
			if ctx.Err() == nil {
				job.Do(ctx, trigger)
			}
		}))
		// Through the chain, so that a tick during the first call is skipped.
		calls.Go(call.Run)
		calls.Go(func() {
			for range ticking(ctx, schedules[i], now) {
				calls.Go(call.Run)
			}
		})
	}
	calls.Wait()
	return nil
}

// look is the longest time between two looks at the wall clock. A timer alone goes
// by the monotonic clock, and would sleep through whatever the wall clock is set to,
// and through the time a machine was suspended.
const look = 2 * time.Second

// ticking yields at a schedule's ticks until ctx ends.
func ticking(ctx context.Context, schedule cron.Schedule, now func() time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		read := func() time.Time { return now().UTC() } // without its monotonic reading, which no one can set
		var last time.Time
		next := schedule.Next(read())
		for {
			timer := time.NewTimer(min(next.Sub(read()), look))
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
			t := read()
			if t.Before(next) {
				if early := last.Sub(t); early > 0 && early <= look {
					continue // set back by a little: that tick has been
				}
				if sooner := schedule.Next(t); sooner.Before(next) {
					next = sooner // set back
				}
				continue
			}
			if !yield(next) {
				return
			}
			last, next = next, schedule.Next(t)
		}
	}
}

// cronLogger passes on what an operator must know: panics and missed ticks.
type cronLogger struct{ *slog.Logger }

func (l cronLogger) Info(message string, values ...any) {
	if message == "skip" {
		l.Warn("tick missed: the run before it is still running", values...)
	}
}

func (l cronLogger) Error(err error, message string, values ...any) {
	if err == nil {
		err = errors.New(message)
	}
	l.Logger.Error("job panicked", append([]any{slog.Any("error", err)}, values...)...)
}
