package schedule_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/schedule"
)

// diary notes what happens and when, from the start of a bubble.
type diary struct {
	began time.Time

	mu    sync.Mutex
	lines []string
}

func newDiary() *diary { return &diary{began: time.Now()} }

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf("%v ", time.Since(d.began))+fmt.Sprintf(format, args...))
}

func (d *diary) wants(tb testing.TB, lines ...string) {
	tb.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if diff := cmp.Diff(lines, d.lines); diff != "" {
		tb.Error(diff)
	}
}

// lasting returns a context that limits a bubble's schedule.
func lasting(tb testing.TB, d time.Duration) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d) //nolint:usetesting // a bubble cannot wait for the test's own context
	tb.Cleanup(cancel)
	return ctx
}

// local runs jobs and returns their log.
func local(ctx context.Context, tb testing.TB, jobs ...schedule.Job) (log string) {
	tb.Helper()
	var text bytes.Buffer
	if err := schedule.Local(ctx, slog.New(slog.NewTextHandler(&text, nil)), jobs); err != nil {
		tb.Error(err)
	}
	return text.String()
}

func TestEveryJobIsCalledAtOnceAndThenAtItsTicks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // begins at midnight, UTC
		d := newDiary()
		job := func(name, spec string) schedule.Job {
			return schedule.Job{Name: name, Spec: spec, Do: func(_ context.Context, trigger string) { d.note("%s %s", name, trigger) }}
		}
		log := local(lasting(t, 41*time.Minute), t, job("shop", "*/20 * * * *"), job("sandbox", "@every 17m"))
		if log != "" {
			t.Errorf("logged: %s", log)
		}
		d.mu.Lock()
		if d.lines[0] > d.lines[1] { // both at once
			d.lines[0], d.lines[1] = d.lines[1], d.lines[0]
		}
		d.mu.Unlock()
		d.wants(t, "0s sandbox start", "0s shop start", "17m0s sandbox schedule", "20m0s shop schedule", "34m0s sandbox schedule", "40m0s shop schedule")
	})
}

func TestATickDuringALongRunIsMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, calls := newDiary(), 0
		log := local(lasting(t, 41*time.Minute), t, schedule.Job{Name: "shop", Spec: "*/10 * * * *", Do: func(_ context.Context, trigger string) {
			d.note("%s begins", trigger)
			if calls++; calls <= 2 { // the first call and the first tick's
				<-time.After(15 * time.Minute)
			}
			d.note("%s ends", trigger)
		}})
		d.wants(t, "0s start begins", "15m0s start ends", "20m0s schedule begins", "35m0s schedule ends", "40m0s schedule begins", "40m0s schedule ends")
		if n := strings.Count(log, `level=WARN msg="tick missed: the run before it is still running" source=shop`); n != 2 {
			t.Errorf("%d missed ticks are logged:\n%s", n, log)
		}
	})
}

func TestAJobThatPanicsIsLoggedAndCalledAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		log := local(lasting(t, 21*time.Minute), t,
			schedule.Job{Name: "shop", Spec: "*/10 * * * *", Do: func(_ context.Context, trigger string) {
				d.note("shop %s", trigger)
				panic("out of luck")
			}},
			schedule.Job{Name: "sandbox", Spec: "*/15 * * * *", Do: func(_ context.Context, trigger string) {
				if trigger == schedule.Schedule {
					d.note("sandbox")
				}
			}},
		)
		d.wants(t, "0s shop start", "10m0s shop schedule", "15m0s sandbox", "20m0s shop schedule")
		if n := strings.Count(log, `level=ERROR msg="job panicked" source=shop error="out of luck"`); n != 3 || !strings.Contains(log, "schedule_test.go") {
			t.Errorf("%d panics are logged:\n%s", n, log)
		}
	})
}

func TestLocalReturnsWhenNoJobRunsAnyMore(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]time.Duration{"during the first call": time.Minute, "during a tick's": 11 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDiary()
				local(lasting(t, ends), t, schedule.Job{Name: "shop", Spec: "*/10 * * * *", Do: func(ctx context.Context, _ string) {
					if time.Until(d.began.Add(ends)) > 2*time.Minute {
						return
					}
					<-ctx.Done()
					<-time.After(5 * time.Second) // while a batch is being written
					d.note("the job ends")
				}})
				d.note("Local returns")
				d.wants(t, fmt.Sprint(ends+5*time.Second, " the job ends"), fmt.Sprint(ends+5*time.Second, " Local returns"))
			})
		})
	}
}

func TestNothingIsCalledWhenOneSpecIsWrong(t *testing.T) {
	t.Parallel()
	called := make(chan struct{}, 1)
	err := schedule.Local(t.Context(), slog.New(slog.DiscardHandler), []schedule.Job{
		{Name: "shop", Spec: "@hourly", Do: func(context.Context, string) { called <- struct{}{} }},
		{Name: "sandbox", Spec: "@often"},
	})
	if err == nil || !strings.HasPrefix(err.Error(), `source sandbox: schedule: it begins with @`) {
		t.Errorf("error: %v", err)
	}
	select {
	case <-called:
		t.Error("the other job was called")
	default:
	}
}

func TestNothingIsCalledAfterTheEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	local(ctx, t, schedule.Job{Name: "shop", Spec: "@hourly", Do: func(context.Context, string) { t.Error("called") }})
}
