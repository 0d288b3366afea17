// Package schedule decides when to call jobs. It knows cron specs, and nothing
// of what the jobs do.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
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

// Parse checks a cron spec: five fields, or a descriptor such as @hourly or
// @every 10m. Times are UTC unless the spec begins with CRON_TZ=.
func Parse(spec string) (schedule cron.Schedule, err error) {
	const hint = `use five fields such as "*/15 * * * *", or "@hourly", or "@every 10m"`
	defer func() { // the parser panics on a lone TZ=
		if recover() != nil {
			schedule, err = nil, fmt.Errorf("schedule %q: cannot be read; %s", spec, hint)
		}
	}()
	schedule, err = cron.ParseStandard(spec)
	if err != nil {
		return nil, fmt.Errorf("schedule %q: %w; %s", spec, err, hint)
	}
	if schedule.Next(time.Now().UTC()).IsZero() {
		return nil, fmt.Errorf("schedule %q: never comes; %s", spec, hint)
	}
	return schedule, nil
}

// Local calls every job once at the start and then at its ticks, until ctx
// ends, and returns once no job runs. A job still running at its next tick
// misses that tick; one that panics is logged and called again at the next.
func Local(ctx context.Context, logger *slog.Logger, jobs []Job) error {
	schedules := make([]cron.Schedule, len(jobs))
	for i, job := range jobs { // all of them before any call
		var err error
		if schedules[i], err = Parse(job.Spec); err != nil {
			return fmt.Errorf("source %s: %w", job.Name, err)
		}
	}
	c := cron.New(cron.WithLocation(time.UTC), cron.WithLogger(cronLogger{logger}))
	var started sync.WaitGroup
	for i, job := range jobs {
		log := cronLogger{logger.With(slog.String("source", job.Name))}
		first := true // the first call is the start's, before the first tick
		var mu sync.Mutex
		// Skip outside, recover inside: the other way round a panic would leave
		// the job marked as running for ever.
		chain := cron.NewChain(cron.SkipIfStillRunning(log), cron.Recover(log))
		call := chain.Then(cron.FuncJob(func() {
			mu.Lock()
			trigger := Schedule
			if first {
				trigger, first = Start, false
			}
			mu.Unlock()
			if ctx.Err() == nil {
				job.Do(ctx, trigger)
			}
		}))
		c.Schedule(schedules[i], call)
		// Through the chain, so that a tick during the first call is skipped.
		started.Go(call.Run)
	}
	c.Start()
	<-ctx.Done()
	<-c.Stop().Done()
	started.Wait()
	return nil
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
