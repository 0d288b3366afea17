package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"syncer/internal/fetch"
)

// aSunday is the time at which these tests work out cycles.
var aSunday = time.Date(2026, 11, 22, 21, 7, 30, 0, time.UTC)

func sourceOf(tb testing.TB, server string, links int, way fetch.Strategy, spec string, budget int) sourceConfig {
	tb.Helper()
	u, err := fetch.ParseServer(server)
	if err != nil {
		tb.Fatal(err)
	}
	s := sourceConfig{Server: u, Fetch: way, Schedule: spec, RequestsPerMinute: budget}
	if links == unknown {
		s.All = true
		return s
	}
	for i := range links {
		s.IDs = append(s.IDs, uuid.UUID{15: byte(i), 14: byte(i >> 8)})
	}
	return s
}

func TestTheCycleOfASourceAgainstItsSchedule(t *testing.T) {
	t.Parallel()
	const all = unknown
	for _, test := range []struct {
		links, total int
		way          fetch.Strategy
		spec         string
		budget       int

		says string
		gap  time.Duration
		kept bool
	}{
		{all, 10_000, fetch.Auto, "*/15 * * * *", 400, "10000 links: 100 requests, 15 s at 400 a minute", 15 * time.Minute, true},
		{all, 10_000, fetch.ByList, "*/15 * * * *", 400, "10000 links: 100 requests, 15 s at 400 a minute", 15 * time.Minute, true},
		{10_000, 10_000, fetch.ByID, "*/15 * * * *", 400, "10000 links: 10000 requests, 25 min at 400 a minute", 15 * time.Minute, false},
		{10_000, unknown, fetch.Auto, "*/15 * * * *", 400, "10000 links: at least 100 requests, 15 s at 400 a minute", 15 * time.Minute, true},
		{10_000, unknown, fetch.ByID, "@hourly", 400, "10000 links: 10000 requests, 25 min at 400 a minute", time.Hour, true},
		{50, 10_000, fetch.Auto, "* * * * *", 80, "50 links: 51 requests, 39 s at 80 a minute", time.Minute, true},
		{50, 10_000, fetch.Auto, "* * * * *", 50, "50 links: 51 requests, 1 min 2 s at 50 a minute", time.Minute, false},
		{50, 10_000, fetch.ByID, "* * * * *", 50, "50 links: 50 requests, 1 min at 50 a minute", time.Minute, true},
		{50, 10_000, fetch.ByList, "* * * * *", 50, "50 links: 100 requests, 2 min at 50 a minute", time.Minute, false},
		{1, unknown, fetch.Auto, "@every 1s", 400, "1 link: 1 request, 1 s at 400 a minute", time.Second, true},
		{all, 0, fetch.Auto, "@every 10m", 400, "0 links: 0 requests, 0 s at 400 a minute", 10 * time.Minute, true},
		// The shortest time between two ticks counts, wherever it comes.
		{all, 10_000, fetch.Auto, "0,5 * * * *", 10, "10000 links: 100 requests, 10 min at 10 a minute", 5 * time.Minute, false},
		{all, 10_000, fetch.Auto, "*/25 * * * *", 10, "10000 links: 100 requests, 10 min at 10 a minute", 10 * time.Minute, true},
		{all, 10_000, fetch.Auto, "*/25 * * * *", 9, "10000 links: 100 requests, 11 min 7 s at 9 a minute", 10 * time.Minute, false},
		{all, 100, fetch.Auto, "0 9 * * MON", 400, "100 links: 1 request, 1 s at 400 a minute", 7 * 24 * time.Hour, true},
		{all, 100, fetch.Auto, "0 0 29 2 *", 400, "100 links: 1 request, 1 s at 400 a minute", (4*365 + 1) * 24 * time.Hour, true},
		{all, 100, fetch.Auto, "CRON_TZ=Europe/Berlin 0 2,3 * * *", 400, "100 links: 1 request, 1 s at 400 a minute", time.Hour, true},
	} {
		t.Run(fmt.Sprint(test.says, " ", test.spec), func(t *testing.T) {
			t.Parallel()
			c, known := newCycle(sourceOf(t, "production", test.links, test.way, test.spec, test.budget), test.total, aSunday)
			if !known || c.String() != test.says || c.kept() != test.kept {
				t.Errorf("got %s, kept %v; want %s, %v", c, c.kept(), test.says, test.kept)
			}
			if c.gap != test.gap {
				t.Errorf("%s between two ticks, want %s", c.gap, test.gap)
			}
		})
	}
	if _, known := newCycle(sourceOf(t, "production", all, fetch.Auto, "@hourly", 400), unknown, aSunday); known {
		t.Error("a cycle of nobody knows how many links")
	}
}

func TestWhatHelpsWhenAScheduleCannotBeKept(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		server string
		links  int
		total  int
		way    fetch.Strategy
		spec   string
		budget int
		says   string
	}{
		{
			"production", 10_000, 10_000, fetch.ByID, "*/15 * * * *", 400,
			"`fetch: auto`, which asks for a hundred links at once where that is cheaper; or a schedule with 25 min or more between two ticks.",
		},
		{
			"production", unknown, 10_000, fetch.Auto, "* * * * *", 80,
			"a schedule with 1 min 15 s or more between two ticks; or a budget of 100 requests a minute or more (Polar allows 500).",
		},
		{"sandbox", unknown, 10_100, fetch.Auto, "* * * * *", 80, "a schedule with 1 min 16 s or more between two ticks."},
		{
			"production", 100, 100_000, fetch.ByID, "@every 10s", 400,
			"a schedule with 15 s or more between two ticks.", // LIST would cost more
		},
	} {
		s := sourceOf(t, test.server, test.links, test.way, test.spec, test.budget)
		c, _ := newCycle(s, test.total, aSunday)
		if got := c.advice(s); c.kept() || got != "What helps: "+test.says {
			t.Errorf("%s: kept %v, %s\nwant %s", c, c.kept(), got, test.says)
		}
	}
}

func TestTheDaemonSaysThatItCannotKeepItsSchedule(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	const says = `level=WARN msg="the schedule cannot be kept: ticks will be missed" source=default`
	byID := p.env.with("SYNCER_REQUESTS_PER_MINUTE", "1")
	d := start(t, byID, "run")
	d.awaits(d.stderr, says+` (links=20 requests=20 requests_per_minute=1 run=20m0s between_ticks=15m0s hint="What helps: .fetch: auto)`)
	d.signal(terminate)
	d.exits(exitSignal + int(terminate))

	all := p.all().with("SYNCER_REQUESTS_PER_MINUTE", "1", "SYNCER_SCHEDULE", "@every 30s")
	for _, known := range []bool{false, true} { // the number of links, from the run before
		d := start(t, all, "run")
		finished(d)
		d.signal(terminate)
		d.exits(exitSignal + int(terminate))
		if got := strings.Contains(d.stderr.String(), says+" links=20 requests=1 requests_per_minute=1 run=1m0s between_ticks=30s"); got != known {
			t.Errorf("warned %v, known %v:\n%s", got, known, d)
		}
	}
}
