package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"syncer/internal/fetch"
	"syncer/internal/plain"
	"syncer/internal/schedule"
)

// This file checks the configuration: that nothing is missing, and that budget
// and schedule fit each other and what Polar allows.

func (e *examination) checkConfiguration(context.Context) finding {
	if lacks := missing(e.source); len(lacks) > 0 {
		var what, do []string
		for _, l := range lacks {
			what, do = append(what, l.what), append(do, sentence(l.do))
		}
		f := wrong(exitUsage, strings.Join(what, ", and "), strings.Join(do, "\n"))
		f.stops = false
		return f
	}
	links := counted(len(e.source.IDs), "link", "links")
	if e.source.All {
		links = "all links"
	}
	from := cmp.Or(e.app.configPath, e.app.env.get("SYNCER_CONFIG"), "the environment alone")
	return good("%s, fetch %s, schedule %q, from %s", links, e.source.Fetch, e.source.Schedule, from)
}

func (e *examination) checkBudget(context.Context) finding {
	limit := fetch.Limit(e.source.Server)
	own := e.source.RequestsPerMinute
	if own > limit {
		return warn(fmt.Sprintf("%d requests a minute, but Polar allows an organization %d", own, limit),
			fmt.Sprintf("Set requests_per_minute to %d or less: the rest is for the organization's own traffic.", fetch.DefaultBudget(e.source.Server)))
	}
	together, names := e.sharing()
	if together > limit {
		return warn(fmt.Sprintf("%d requests a minute with %s, which %s the same token, but Polar allows an organization %d",
			together, strings.Join(names, ", "), verb(len(names), "has", "have"), limit),
			fmt.Sprintf("Give them a requests_per_minute of %d or less together.", fetch.DefaultBudget(e.source.Server)))
	}
	return good("%d requests a minute of the %d that Polar allows an organization", together, limit)
}

// sharing finds the sources that share this one's limit, because they have its
// server and its token, and adds up the budgets.
func (e *examination) sharing() (together int, others []string) {
	together = e.source.RequestsPerMinute
	own := tokenText(e.source)
	for _, s := range e.config.Sources {
		if s.Name == e.source.Name || own == "" || tokenText(s) != own || s.Server.String() != e.source.Server.String() {
			continue
		}
		together += s.RequestsPerMinute
		others = append(others, s.Name)
	}
	return together, others
}

// tokenText is only for comparing; "": there is none.
func tokenText(s sourceConfig) string {
	if s.Token == nil {
		return ""
	}
	token, err := s.Token()
	if err != nil {
		return "" // the request to Polar will tell
	}
	return token.Reveal()
}

// checkTimeZone says what the next change of the clock does to the schedule.
func (e *examination) checkTimeZone(context.Context) finding {
	shift := schedule.NextShift(e.source.Schedule, e.now())
	if shift == nil {
		return good("the schedule knows no daylight saving")
	}
	clock := "forward"
	if shift.By < 0 {
		clock = "back"
	}
	text := fmt.Sprintf("the clock of %s is set %s by %s at %s UTC: ", plain.Line(shift.Zone), clock, lasting(shift.By.Abs()), moment(shift.At))
	const advice = "Choose a time outside of that hour, or leave CRON_TZ out: UTC has no daylight saving."
	switch {
	case len(shift.Skipped) > 0:
		return warn(text+"no tick comes at "+strings.Join(shift.Skipped, ", ")+" on that day", advice+" Nothing is lost: the next tick catches up.")
	case len(shift.Doubled) > 0:
		return warn(text+"the tick at "+strings.Join(shift.Doubled, ", ")+" comes twice on that day", advice+" The second run finds nothing to do.")
	}
	return good("%sno tick is skipped or doubled", text)
}

func (e *examination) checkSchedule(context.Context) finding {
	if !e.source.All && len(e.source.IDs) == 0 {
		return skip("not checked: no links are configured")
	}
	total := e.total
	if total == unknown && e.source.All {
		total = e.links
	}
	c, known := newCycle(e.source, total, e.now())
	switch {
	case !known:
		return skip("not checked: neither Polar nor a run has told how many links there are")
	case !c.kept():
		return warn(fmt.Sprintf("%s, but %q leaves only %s between two ticks", c, e.source.Schedule, lasting(c.gap)), c.advice(e.source))
	case c.gap == 0:
		return good("%s", c)
	}
	return good("%s; %q leaves %s", c, e.source.Schedule, lasting(c.gap))
}
