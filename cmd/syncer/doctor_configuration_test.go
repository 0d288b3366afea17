package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDoctorSaysWhatIsMissingInTheConfiguration(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	d := diagnosed(t, p.env.without("POLAR_ACCESS_TOKEN", "POLAR_CHECKOUT_LINK_IDS"), exitUsage)
	d.wants("configuration", "problem", "no access token, and no checkout links are configured",
		"Set POLAR_ACCESS_TOKEN or POLAR_ACCESS_TOKEN_FILE to one with the scope checkout_links:read (in the file: access_token_file).\nSet POLAR_CHECKOUT_LINK_IDS")
	d.wants("polar", "skipped", "there is no access token", "")
	d.wants("links", "skipped", "none is configured", "")
	d.wants("schedule", "skipped", "no links are configured", "")
	d.wantsRest("ok", "configuration", "polar", "links", "schedule")

	d = diagnosed(t, p.env.with("SYNCER_SCHEDULE", "now and then"), exitUsage)
	d.wants("configuration", "problem", "SYNCER_SCHEDULE: it needs 5 fields, but has 3", "run `syncer doctor` again")
	d.wantsRest("problem")

	q := once(t, p.env.with("SYNCER_CONFIG", writeFile(t, "syncer.yaml", "http_addr: x\nacess_token: "+testToken)), exitUsage, "doctor")
	if out := q.stdout.String(); !strings.Contains(out, "  PROBLEM  configuration /") || !strings.Contains(out, "unknown field") ||
		!strings.Contains(out, "\n                              2 | acess_token: …\n") || !strings.HasSuffix(out, "\n1 problem, 0 warnings\n") {
		t.Errorf("for people:\n%s", out)
	}
	if q.stderr.String() != "" {
		t.Errorf("said twice: %s", q.stderr)
	}
}

func TestDoctorSaysThatTheScheduleCannotBeKept(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	d := diagnosed(t, p.env.with("SYNCER_REQUESTS_PER_MINUTE", "1"), exitDone)
	d.wants("schedule", "warning", `20 links: 20 requests, 20 min at 1 a minute, but "*/15 * * * *" leaves only 15 min between two ticks`,
		"What helps: `fetch: auto`, which asks for a hundred links at once where that is cheaper; or a schedule with 20 min or more between two ticks; or a budget of 2 requests")
	d.wantsRest("ok", "schedule")

	all := p.all().with("SYNCER_REQUESTS_PER_MINUTE", "1", "SYNCER_SCHEDULE", "@every 30s")
	unreachable := all.with("POLAR_SERVER", "http://"+nobodyListens(t))
	diagnosed(t, unreachable, exitUnreachable).wants("schedule", "skipped", "neither Polar nor a run has told", "")
	backfilled(t, all, exitDone)
	for env, code := range map[*variables]int{&all: exitDone, &unreachable: exitUnreachable} {
		diagnosed(t, *env, code).wants("schedule", "warning", `20 links: 1 request, 1 min at 1 a minute, but "@every 30s" leaves only 30 s between two ticks`, "1 min or more")
	}
}

func TestDoctorLooksAtTheBudget(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	d := diagnosed(t, p.env.with("SYNCER_REQUESTS_PER_MINUTE", "501"), exitDone)
	d.wants("budget", "warning", "501 requests a minute, but Polar allows an organization 500", "Set requests_per_minute to 400 or less")

	env := p.env.without(sourceVariables...).with("SYNCER_CONFIG", writeFile(t, "syncer.yaml", `
sources:
  - {name: a, server: "`+p.polar.URL+`", access_token: `+testToken+`, checkout_link_ids: all}
  - {name: b, server: "`+p.polar.URL+`", access_token: `+testToken+`, checkout_link_ids: all, requests_per_minute: 100}
  - {name: c, server: "`+p.polar.URL+`", access_token: other, checkout_link_ids: all, requests_per_minute: 500}
  - {name: d, server: "http://`+nobodyListens(t)+`", access_token: `+testToken+`, checkout_link_ids: all}
  - {name: e, server: "`+p.polar.URL+`", access_token_file: `+writeFile(t, "token", testToken)+`, checkout_link_ids: all, requests_per_minute: 1}
`))
	budgets := map[string]string{}
	for _, l := range decode[[]doctorLine](t, once(t, env, exitRefused, "doctor", "--json").stdout.String()) { // c's token comes first
		if l.Check == "budget" {
			budgets[l.Source] = l.Status + ": " + l.Message
		}
	}
	if diff := cmp.Diff(map[string]string{
		"a": "warning: 501 requests a minute with b, e, which have the same token, but Polar allows an organization 500",
		"b": "warning: 501 requests a minute with a, e, which have the same token, but Polar allows an organization 500",
		"c": "ok: 500 requests a minute of the 500 that Polar allows an organization",
		"d": "ok: 400 requests a minute of the 500 that Polar allows an organization",
		"e": "warning: 501 requests a minute with a, b, which have the same token, but Polar allows an organization 500",
	}, budgets); diff != "" {
		t.Error(diff)
	}
}
