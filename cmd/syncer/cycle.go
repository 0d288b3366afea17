package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"syncer/internal/fetch"
	"syncer/internal/schedule"
)

// unknown is the number of links if nothing tells it.
const unknown = -1

// ticksAhead limits the ticks to search for the shortest gap. Cron specs can be
// irregular: 0,5 * * * * leaves 5 minutes and 55.
const ticksAhead = 100

// cycle compares how long a run of a source takes at its budget with the time
// it has before the next tick.
type cycle struct {
	links    int  // wanted
	total    int  // of the organization
	least    bool // total is unknown, and assumed as low as can be
	requests int  // for the links, without retries
	budget   int  // requests a minute
	lasts    time.Duration
	gap      time.Duration // the shortest between two ticks; 0: there is only one
}

// newCycle works out a source's cycle from the number of links of its
// organization. If that is unknown, a source that wants all of them has no
// cycle; one that wants some assumes the best case, that there are no others.
func newCycle(s sourceConfig, total int, now time.Time) (c cycle, known bool) {
	c = cycle{links: len(s.IDs), total: max(total, len(s.IDs)), least: total == unknown, budget: s.RequestsPerMinute}
	if s.All {
		if total == unknown {
			return cycle{}, false
		}
		c.links = total
	}
	c.requests = s.Fetch.Requests(c.links, c.total)
	c.lasts = time.Duration(c.requests) * time.Minute / time.Duration(c.budget)
	c.gap = shortestGap(s.Schedule, now)
	return c, true
}

func shortestGap(spec string, now time.Time) (shortest time.Duration) {
	var last time.Time
	n := 0
	for tick := range schedule.Ticks(spec, now) {
		if gap := tick.Sub(last); n > 0 && (shortest == 0 || gap < shortest) {
			shortest = gap
		}
		if last, n = tick, n+1; n == ticksAhead {
			break
		}
	}
	return shortest
}

// kept reports whether a run ends before the next one is due.
func (c cycle) kept() bool { return c.gap == 0 || c.lasts <= c.gap }

func (c cycle) String() string {
	bound := ""
	if c.least && c.requests < c.links {
		bound = "at least "
	}
	return fmt.Sprintf("%s: %s%s, %s at %d a minute",
		counted(c.links, "link", "links"), bound, counted(c.requests, "request", "requests"), lasting(c.lasts), c.budget)
}

// advice tells what would let the schedule be kept.
func (c cycle) advice(s sourceConfig) string {
	var ways []string
	if s.Fetch == fetch.ByID && fetch.Auto.Requests(c.links, c.total) < c.requests {
		ways = append(ways, "`fetch: auto`, which asks for a hundred links at once where that is cheaper")
	}
	ways = append(ways, fmt.Sprintf("a schedule with %s or more between two ticks", lasting(c.lasts)))
	enough := int((time.Duration(c.requests)*time.Minute + c.gap - 1) / c.gap)
	if limit := fetch.Limit(s.Server); enough <= limit {
		ways = append(ways, fmt.Sprintf("a budget of %d requests a minute or more (Polar allows %d)", enough, limit))
	}
	return "What helps: " + strings.Join(ways, "; or ") + "."
}

// warnOfCycle logs that a source cannot keep its schedule. It asks only the
// database: the last run shows what the next one costs.
func (o *openSource) warnOfCycle(ctx context.Context, logger *slog.Logger) {
	total := unknown
	if last, err := o.db.LastFinishedRun(ctx, o.source.Name, o.source.Scope()); err == nil && last != nil && o.config.All {
		total = last.Links
	}
	c, known := newCycle(o.config, total, time.Now())
	if !known || c.kept() {
		return
	}
	logger.WarnContext(ctx, "the schedule cannot be kept: ticks will be missed", slog.String("source", o.config.Name),
		slog.Int("links", c.links), slog.Int("requests", c.requests), slog.Int("requests_per_minute", c.budget),
		slog.Duration("run", c.lasts), slog.Duration("between_ticks", c.gap), slog.String("hint", c.advice(o.config)))
}
