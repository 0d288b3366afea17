package schedule

import (
	"iter"
	"time"
)

// Ticks yields the ticks of a spec after a moment, in UTC, for as long as they
// come. A spec that Parse refuses has none.
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
