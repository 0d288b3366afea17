package schedule_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/schedule"
)

func TestTicksComeAfterAMoment(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 21, 45, 0, 0, time.UTC).In(berlin) // specs are in UTC all the same
	for spec, want := range map[string][]string{
		"*/15 * * * *":                   {"22 22:00:00", "22 22:15:00", "22 22:30:00"},
		"0,50 * * * *":                   {"22 21:50:00", "22 22:00:00", "22 22:50:00"},
		"0 3 * * *":                      {"23 03:00:00", "24 03:00:00", "25 03:00:00"},
		"@every 10m":                     {"22 21:55:00", "22 22:05:00", "22 22:15:00"},
		"CRON_TZ=Asia/Kolkata 0 * * * *": {"22 22:30:00", "22 23:30:00", "23 00:30:00"},
		"0 0 31 2 *":                     nil,
		"nonsense":                       nil,
	} {
		var got []string
		for tick := range schedule.Ticks(spec, now) {
			got = append(got, tick.UTC().Format("02 15:04:05"))
			if len(got) == 3 {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", spec, diff)
		}
	}
}
