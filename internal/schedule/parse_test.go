package schedule_test

import (
	"strings"
	"testing"
	"time"

	"syncer/internal/schedule"
)

func TestParseTakesWhatCronTakes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 21, 7, 30, 0, time.UTC) // a Sunday
	for spec, want := range map[string]string{
		"*/15 * * * *":       "2026-11-22T21:15:00Z",
		"0 3 * * *":          "2026-11-23T03:00:00Z",
		"30 6 * * MON-FRI":   "2026-11-23T06:30:00Z",
		"0 0 29 2 *":         "2028-02-29T00:00:00Z",
		"@hourly":            "2026-11-22T22:00:00Z",
		"@daily":             "2026-11-23T00:00:00Z",
		"@every 10m":         "2026-11-22T21:17:30Z",
		"CRON_TZ=UTC @daily": "2026-11-23T00:00:00Z",
	} {
		s, err := schedule.Parse(spec)
		if err != nil {
			t.Errorf("%s: %v", spec, err)
			continue
		}
		if got := s.Next(now).Format(time.RFC3339); got != want {
			t.Errorf("%s: next at %s, want %s", spec, got, want)
		}
	}
}

func TestParseRefusesWhatWouldNotRunAsItReadsAndSaysWhatToUse(t *testing.T) {
	t.Parallel()
	for spec, says := range map[string]string{
		"":                          "it is empty",
		"* * *":                     "it needs 5 fields, but has 3",
		"0 */15 * * * *":            "it needs 5 fields, but has 6",
		"61 * * * *":                "its field 1, minute, cannot be read or is out of range",
		"0 0 * * hunter2":           "its field 5, day of the week, cannot be read",
		"*/0 * * * *":               "its field 1, minute",
		"@often":                    "it begins with @, but not with @every",
		"@every":                    "it begins with @, but not with @every",
		"@every soon":               "the time after @every cannot be read",
		"0 0 31 2 *":                "it never comes",
		"TZ=0":                      "it cannot be read",
		"CRON_TZ=UTC":               "it cannot be read",
		"TZ=":                       "it cannot be read",
		"TZ=Nowhere/Land * * * * *": "its time zone is unknown",
		"polar_oat_hunter2":         "it needs 5 fields, but has 1",

		"@every 0s":                "@every needs whole seconds, 1s or more",
		"@every -1m":               "@every needs whole seconds",
		"@every 999ms":             "@every needs whole seconds",
		"@every 1500ms":            "@every needs whole seconds", // cron would take it for 1s
		"CRON_TZ=UTC @every 0s":    "@every needs whole seconds",
		"*/90 * * * *":             "a step is larger than its field",
		"*/60 * * * *":             "a step is larger than its field",
		"0,30-40/20 * * * *":       "a step is larger than its field",
		"0 */24 * * *":             "a step is larger than its field",
		"0 0 */31 * *":             "a step is larger than its field",
		"0 0 1 JAN-MAR/3 *":        "a step is larger than its field",
		"CRON_TZ=UTC 5/90 * * * *": "a step is larger than its field",
	} {
		_, err := schedule.Parse(spec)
		if err == nil {
			t.Errorf("%q: no error", spec)
			continue
		}
		for _, part := range []string{says, `; use five fields such as "*/15 * * * *", or "@hourly", or "@every 10m"`} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q: %q does not say %q", spec, err, part)
			}
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "Nowhere") {
			t.Errorf("%q: shows it: %q", spec, err)
		}
	}
	for _, spec := range []string{"*/59 * * * *", "*/1 * * * *", "0/30 * * * *", "0 */12 * * *", "0 0 */30 * *", "0 0 1 */6 *", "59/1 * * * *", "@every 1s", "@every 90m"} {
		if _, err := schedule.Parse(spec); err != nil {
			t.Errorf("%q: %v", spec, err)
		}
	}
}
