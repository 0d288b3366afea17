package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"syncer/internal/fetch"
)

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

// probeTimeout bounds a request: who asks what is wrong does not want to wait.
const probeTimeout = 20 * time.Second

func (e *examination) checkPolar(ctx context.Context) finding {
	if e.source.Token == nil {
		return skip("not checked: there is no access token")
	}
	client := fetch.New(fetch.Config{
		Server: e.source.Server, Token: e.source.Token, UserAgent: userAgent(), Timeout: probeTimeout,
	})
	defer client.Close()
	total, err := client.Probe(ctx)
	if err != nil {
		return refused(e.source.Server.String(), err)
	}
	e.total = int(total)
	text := e.source.Server.String() + " accepts the token; its organization has " + counted(e.total, "link", "links")
	if total == 0 {
		return warn(text, "Is it the token of the right organization, and of the right server? Production and sandbox have their own.")
	}
	return good("%s", text)
}

// refused is what an error of the one request says.
func refused(server string, err error) finding {
	status := 0
	if e, ok := errors.AsType[*fetch.Error](err); ok {
		status = e.Status
	}
	text := server + ": " + err.Error()
	switch {
	case status == http.StatusForbidden:
		return wrong(exitRefused, text, "Give the token the scope checkout_links:read in Polar's settings, or make another one that has it.")
	case errors.Is(err, fetch.ErrRefused):
		return wrong(exitRefused, text, "Make an organization access token with the scope checkout_links:read in Polar's settings, and put it where\n"+
			"POLAR_ACCESS_TOKEN or POLAR_ACCESS_TOKEN_FILE takes it from. Production and sandbox have their own tokens.")
	case errors.Is(err, fetch.ErrRateLimited):
		return warn(text, "Something else uses up the organization's requests: try again in a minute. If it stays so, lower requests_per_minute.")
	case status == http.StatusInternalServerError:
		return warn(text, "Polar cannot show the organization's oldest links. A run gets at the others; `syncer status` says which fail.")
	case errors.Is(err, fetch.ErrBadAnswer):
		return wrong(exitUnreachable, text, "What answers there is not Polar's API: check POLAR_SERVER, and whether something sits between.")
	}
	return wrong(exitUnreachable, text, "Check POLAR_SERVER, and the network: name server, firewall, proxy (HTTPS_PROXY). Or Polar is down: try again later.")
}

func (e *examination) checkBudget(context.Context) finding {
	limit := fetch.Limit(e.source.Server)
	own := e.source.RequestsPerMinute
	if own > limit {
		return warn(fmt.Sprintf("%d requests a minute, and Polar allows an organization %d", own, limit),
			fmt.Sprintf("Set requests_per_minute to %d or less: the rest is for the organization's own traffic.", fetch.DefaultBudget(e.source.Server)))
	}
	together, names := e.sharing()
	if together > limit {
		return warn(fmt.Sprintf("%d requests a minute with %s, which %s the same token, and Polar allows an organization %d",
			together, strings.Join(names, ", "), verb(len(names)), limit),
			fmt.Sprintf("Give them requests_per_minute of %d or less together.", fetch.DefaultBudget(e.source.Server)))
	}
	return good("%d requests a minute of the %d that Polar allows an organization", together, limit)
}

func verb(subjects int) string {
	if subjects == 1 {
		return "has"
	}
	return "have"
}

// sharing finds the sources that share the limit with this one, because they have
// its server and its token, and adds up the budgets.
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

// tokenText is for comparing, and for nothing else; "": there is none.
func tokenText(s sourceConfig) string {
	if s.Token == nil {
		return ""
	}
	token, err := s.Token()
	if err != nil {
		return "" // the request to Polar says so
	}
	return token.Reveal()
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
		return skip("not checked: how many links there are is known neither from Polar nor from a run")
	case !c.kept():
		return warn(fmt.Sprintf("%s, but %q leaves only %s between two ticks", c, e.source.Schedule, lasting(c.gap)), c.advice(e.source))
	case c.gap == 0:
		return good("%s", c)
	}
	return good("%s; %q leaves %s", c, e.source.Schedule, lasting(c.gap))
}
