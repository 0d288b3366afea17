package schedule_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"syncer/internal/schedule"
)

// wall is a wall clock that is set while the monotonic one runs on.
type wall struct{ off atomic.Int64 }

func (w *wall) now() time.Time { return time.Now().Add(time.Duration(w.off.Load())) }

// setAfter sets the clock by some time, some time from now.
func (w *wall) setAfter(d, by time.Duration) {
	time.AfterFunc(d, func() { w.off.Add(int64(by)) })
}

func TestTicksFollowAWallClockThatIsSet(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spec   string
		at, by time.Duration
		want   []string // after the start, by the monotonic clock
	}{
		// The wall clock shows 12:07 at the start.
		"back by a day":       {spec: "*/15 * * * *", at: 10 * time.Minute, by: -24 * time.Hour, want: []string{"8m0s", "23m0s", "38m0s"}},
		"back over a tick":    {spec: "*/15 * * * *", at: 10 * time.Minute, by: -5 * time.Minute, want: []string{"8m0s", "13m0s", "28m0s"}},
		"back by an hour":     {spec: "0 * * * *", at: 50 * time.Minute, by: -time.Hour, want: []string{"53m0s", "1h53m0s"}},
		"back, any interval":  {spec: "@every 10m", at: 11*time.Minute + time.Second, by: -24 * time.Hour, want: []string{"10m0s", "21m2s", "31m2s"}},
		"back by seconds":     {spec: "*/15 * * * *", at: 8*time.Minute + 500*time.Millisecond, by: -3 * time.Second, want: []string{"8m0s", "23m3s", "38m3s"}},
		"forward over a tick": {spec: "0 * * * *", at: 10*time.Minute + time.Second, by: 50 * time.Minute, want: []string{"10m2s", "1h3m0s"}},
		"forward over many":   {spec: "*/15 * * * *", at: 10*time.Minute + time.Second, by: 24 * time.Hour, want: []string{"8m0s", "10m2s", "23m0s"}},
		"forward, interval":   {spec: "@every 10m", at: 11*time.Minute + time.Second, by: 24 * time.Hour, want: []string{"10m0s", "11m2s", "21m2s"}},
		"forward to no tick":  {spec: "*/15 * * * *", at: 10 * time.Minute, by: time.Minute, want: []string{"8m0s", "22m0s", "37m0s"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // begins at midnight
				clock := &wall{}
				clock.off.Store(int64(12*time.Hour + 7*time.Minute))
				clock.setAfter(test.at, test.by)
				ctx, cancel := context.WithCancel(lasting(t, 72*time.Hour))
				d := newDiary()
				job := schedule.Job{Name: "shop", Spec: test.spec, Do: func(_ context.Context, trigger string) {
					if trigger != schedule.Schedule {
						return
					}
					d.note("tick")
					if len(d.lines) == len(test.want) {
						cancel()
					}
				}}
				if err := schedule.LocalBy(ctx, slog.New(slog.DiscardHandler), []schedule.Job{job}, clock.now); err != nil {
					t.Error(err)
				}
				for i := range test.want {
					test.want[i] += " tick"
				}
				d.wants(t, test.want...)
			})
		})
	}
}
