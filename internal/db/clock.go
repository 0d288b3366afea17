package db

import "time"

// Clock carries on a time that the database told, by the monotonic clock of this
// process. So rows of all machines bear times of one clock, and a wall clock that
// is wrong or set in between changes none of them.
//
// It takes times with Go's monotonic reading, which Truncate, UTC and In strip.
type Clock struct {
	told            time.Time // by the database
	asked, answered time.Time // before and after, with monotonic reading
}

// Earliest is what the database's clock showed at t or before, to the microsecond.
func (c Clock) Earliest(t time.Time) time.Time {
	return c.told.Add(t.Sub(c.answered)).Truncate(time.Microsecond)
}

// Latest is what the database's clock showed at t or after, to the microsecond.
func (c Clock) Latest(t time.Time) time.Time {
	return c.told.Add(t.Sub(c.asked) + time.Microsecond - time.Nanosecond).Truncate(time.Microsecond)
}
