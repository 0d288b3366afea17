package schedule

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Parse checks a cron spec: five fields, or a descriptor such as @hourly or
// @every 10m. Times are UTC unless the spec begins with CRON_TZ=. It refuses what
// cron takes for something else: times between ticks that are no whole seconds, and
// steps that leave their field at once. The error does not show the spec, which may
// be a secret that went astray.
func Parse(spec string) (schedule cron.Schedule, err error) {
	defer func() {
		if recover() != nil { // the parser panics on a lone TZ=
			err = errUnreadable
		}
		if err != nil {
			schedule, err = nil, fmt.Errorf(`%w; use five fields such as "*/15 * * * *", or "@hourly", or "@every 10m"`, err)
		}
	}()
	zone, times := cut(spec)
	if every, ok := strings.CutPrefix(times, "@every "); ok {
		switch d, err := time.ParseDuration(every); {
		case err != nil:
			return nil, errors.New("the time after @every cannot be read")
		case d < time.Second || d%time.Second != 0:
			return nil, errors.New("@every needs whole seconds, 1s or more")
		}
	}
	schedule, err = cron.ParseStandard(spec)
	switch {
	case err != nil:
		return nil, reason(zone, times)
	case leaps(times):
		return nil, errors.New("a step is larger than its field, so that it would mean once; write that one value instead")
	case schedule.Next(time.Now().UTC()).IsZero():
		return nil, errors.New("it never comes")
	}
	return schedule, nil
}

var errUnreadable = errors.New("it cannot be read")

// cut splits a spec into the name of its time zone, "" for none, and the rest.
func cut(spec string) (zone, times string) {
	for _, prefix := range []string{"TZ=", "CRON_TZ="} {
		if rest, ok := strings.CutPrefix(spec, prefix); ok {
			zone, times, _ = strings.Cut(rest, " ")
			return zone, strings.TrimSpace(times)
		}
	}
	return "", spec
}

// fields are the five of a spec, in order.
//
//nolint:gochecknoglobals // a constant list
var fields = [5]string{"minute", "hour", "day of the month", "month", "day of the week"}

// reason tells why cron refuses a spec, without its text, which cron's error shows.
func reason(zone, times string) error {
	if _, err := time.LoadLocation(zone); err != nil {
		return errors.New("its time zone is unknown")
	}
	texts := strings.Fields(times)
	switch {
	case len(texts) == 0:
		return errors.New("it is empty")
	case strings.HasPrefix(times, "@"):
		return errors.New("it begins with @, but not with @every, @hourly, @daily, @weekly, @monthly or @yearly")
	case len(texts) != len(fields):
		return fmt.Errorf("it needs 5 fields, but has %d", len(texts))
	}
	for i, text := range texts {
		if _, err := alone(i, text); err != nil {
			return fmt.Errorf("its field %d, %s, cannot be read or is out of range", i+1, fields[i])
		}
	}
	return errUnreadable
}

// leaps reports whether a spec has a step such as */90, which leaves its field after
// the first value.
func leaps(times string) bool {
	if strings.HasPrefix(times, "@") {
		return false
	}
	for i, text := range strings.Fields(times) {
		for part := range strings.SplitSeq(text, ",") {
			if _, step, ok := strings.Cut(part, "/"); !ok || step == "1" {
				continue
			}
			if values, err := alone(i, part); err == nil && bits.OnesCount64(values) == 1 {
				return true
			}
		}
	}
	return false
}

// alone returns the values of one field, a bit each.
func alone(i int, text string) (uint64, error) {
	texts := []string{"*", "*", "*", "*", "*"}
	texts[i] = text
	schedule, err := cron.ParseStandard(strings.Join(texts, " "))
	if err != nil {
		return 0, err
	}
	s, ok := schedule.(*cron.SpecSchedule)
	if !ok {
		return 0, errUnreadable
	}
	const star = 1 << 63 // cron marks a field that takes all
	return [...]uint64{s.Minute, s.Hour, s.Dom, s.Month, s.Dow}[i] &^ star, nil
}
