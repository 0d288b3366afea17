package schedule_test

import (
	"fmt"
	"testing"
	"time"

	"syncer/internal/schedule"
)

func TestNextShiftSaysWhatHappensToTheTicks(t *testing.T) {
	t.Parallel()
	winter, summer := time.Date(2026, 11, 22, 21, 0, 0, 0, time.UTC), time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		spec  string
		after time.Time
		want  string // "": none
	}{
		{"30 2 * * *", winter, ""}, // UTC
		{"CRON_TZ=UTC 30 2 * * *", winter, ""},
		{"CRON_TZ=Asia/Kolkata 30 2 * * *", winter, ""},
		{"CRON_TZ=Europe/Berlin @every 1h", winter, ""},
		{"nonsense", winter, ""},
		{"CRON_TZ=Europe/Berlin 30 2 * * *", winter, "2027-03-28T01:00:00Z 1h0m0s skipped [02:30] doubled []"},
		{"CRON_TZ=Europe/Berlin 30 2 * * *", summer, "2027-10-31T01:00:00Z -1h0m0s skipped [] doubled [02:30]"},
		{"CRON_TZ=Europe/Berlin 30 4 * * *", winter, "2027-03-28T01:00:00Z 1h0m0s skipped [] doubled []"},
		{"CRON_TZ=Europe/Berlin */15 * * * *", winter, "2027-03-28T01:00:00Z 1h0m0s skipped [] doubled []"},
		{"CRON_TZ=Europe/Berlin */15 1-3 * * *", summer, "2027-10-31T01:00:00Z -1h0m0s skipped [] doubled [02:00 02:15 02:30 02:45]"},
		{"CRON_TZ=Europe/Berlin 30 2 * * MON", winter, "2027-03-28T01:00:00Z 1h0m0s skipped [] doubled []"}, // it is a Sunday
		{"CRON_TZ=America/New_York 0 2 * * *", winter, "2027-03-14T07:00:00Z 1h0m0s skipped [02:00] doubled []"},
		{"CRON_TZ=America/New_York 59 1 * * *", summer, "2027-11-07T06:00:00Z -1h0m0s skipped [] doubled [01:59]"},
	} {
		got := ""
		if s := schedule.NextShift(test.spec, test.after); s != nil {
			got = fmt.Sprintf("%s %v skipped %v doubled %v", s.At.Format(time.RFC3339), s.By, s.Skipped, s.Doubled)
		}
		if got != test.want {
			t.Errorf("%s after %s:\ngot  %s\nwant %s", test.spec, test.after.Format(time.DateOnly), got, test.want)
		}
	}
}

// TestTicksAreAsNextShiftSays counts the ticks of the day of each shift.
func TestTicksAreAsNextShiftSays(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Europe/Berlin", "America/New_York", "America/Santiago", "Africa/Cairo", "Asia/Beirut", "America/Havana"} {
		after := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
		for range 2 {
			for hour := range 24 {
				spec := fmt.Sprintf("CRON_TZ=%s 15 %d * * *", zone, hour)
				s := schedule.NextShift(spec, after)
				if s == nil {
					t.Fatalf("%s: no shift", spec)
				}
				loc, err := time.LoadLocation(zone)
				if err != nil {
					t.Fatal(err)
				}
				day := s.At.Add(-time.Second).In(loc) // before it, and as the clock shows it
				if shown := day.Add(time.Second + max(s.By, 0)); s.By > 0 && shown.Day() != day.Day() && hour < 12 {
					day = s.At.In(loc) // the jump begins at midnight
				}
				began, n := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, loc), 0
				for tick := range schedule.Ticks(spec, began.Add(-time.Minute)) {
					if tick.In(loc).Day() != day.Day() {
						break
					}
					n++
				}
				if want := 1 - len(s.Skipped) + len(s.Doubled); n != want {
					t.Errorf("%s at %s: %d ticks, said %d", spec, s.At, n, want)
				}
			}
			after = schedule.NextShift("CRON_TZ="+zone+" 0 0 * * *", after).At
		}
	}
}
