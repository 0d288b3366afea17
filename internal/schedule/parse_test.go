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

func TestParseRefusesWhatWouldNeverRunAndSaysWhatToUse(t *testing.T) {
	t.Parallel()
	for spec, says := range map[string]string{
		"":                          "empty spec string",
		"* * *":                     "expected exactly 5 fields, found 3",
		"0 */15 * * * *":            "expected exactly 5 fields, found 6",
		"61 * * * *":                "above maximum",
		"*/0 * * * *":               "step of range should be a positive number",
		"@often":                    "unrecognized descriptor",
		"@every":                    "unrecognized descriptor",
		"@every soon":               "failed to parse duration",
		"0 0 31 2 *":                "never comes",
		"TZ=0":                      "cannot be read",
		"CRON_TZ=UTC":               "cannot be read",
		"TZ=":                       "cannot be read",
		"TZ=Nowhere/Land * * * * *": "provided bad location",
	} {
		_, err := schedule.Parse(spec)
		if err == nil {
			t.Errorf("%q: no error", spec)
			continue
		}
		for _, part := range []string{`schedule "` + spec + `": `, says, `; use five fields such as "*/15 * * * *", or "@hourly", or "@every 10m"`} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q: %q does not say %q", spec, err, part)
			}
		}
	}
}
