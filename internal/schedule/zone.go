package schedule

import (
	"time"

	"github.com/robfig/cron/v3"
)

// Shift is a change of a time zone's clock, and what it does to a schedule's ticks.
type Shift struct {
	Zone    string
	At      time.Time     // UTC
	By      time.Duration // forward; negative: back
	Skipped []string      // times of day, 15:04, that have a tick but do not come
	Doubled []string      // times of day that have a tick and come twice
}

// ticksOfShift bounds the times of a Shift. No zone shifts by more than hours, and
// who ticks every minute wants to know that, not when.
const ticksOfShift = 5

// NextShift returns the next change of the clock, within two years, of the zone that
// a spec is in; nil if there is none, or the spec does not go by hours of the day.
func NextShift(spec string, after time.Time) *Shift {
	schedule, err := Parse(spec)
	if err != nil {
		return nil
	}
	s, ok := schedule.(*cron.SpecSchedule)
	if zone, _ := cut(spec); !ok || zone == "" {
		return nil
	}
	limit := after.AddDate(2, 0, 0)
	for t := after.In(s.Location); ; {
		_, end := t.ZoneBounds()
		if end.IsZero() || end.After(limit) {
			return nil
		}
		_, was := end.Add(-time.Second).Zone()
		if _, is := end.Zone(); is != was {
			return shift(s, end, time.FixedZone("", was), time.Duration(is-was)*time.Second)
		}
		t = end // only its name changed, or whether it counts as summer time
	}
}

// shift works out the ticks at a change of the clock by listing them in a zone that
// has none.
func shift(s *cron.SpecSchedule, at time.Time, before *time.Location, by time.Duration) *Shift {
	f := &Shift{Zone: s.Location.String(), At: at.UTC(), By: by}
	const all = 1<<24 - 1
	if s.Hour&all == all {
		return f // it ticks through it at its usual pace
	}
	unshifted := *s
	unshifted.Location = before
	from, until := at, at.Add(by) // what the clock jumps over
	if by < 0 {
		from, until = at.Add(by), at // what it shows twice
	}
	for t := unshifted.Next(from.In(before).Add(-time.Second)); !t.IsZero() && t.Before(until); t = unshifted.Next(t) {
		shown := t.Format("15:04")
		if by > 0 {
			f.Skipped = append(f.Skipped, shown)
		} else if second := t.Add(-by); s.Next(second.Add(-time.Second).In(s.Location)).Equal(second) {
			f.Doubled = append(f.Doubled, shown)
		}
		if len(f.Skipped)+len(f.Doubled) == ticksOfShift {
			break
		}
	}
	return f
}
