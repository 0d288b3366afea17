package schedule

import (
	"iter"
	"time"
)

// Ticks yields a spec's ticks after a moment, in UTC, as long as there are any.
// A spec that Parse refuses has none.
func Ticks(spec string, after time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		schedule, err := Parse(spec)
		if err != nil {
			return
		}
		for t := schedule.Next(after.UTC()); !t.IsZero(); t = schedule.Next(t) {
			if !yield(t) {
				return
			}
		}
	}
}
