package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// doctorLine is an entry of `doctor --json`, key by key. Scripts read it.
type doctorLine struct {
	Source  string `json:"source"`
	Check   string `json:"check"`
	Status  string `json:"status"`
	Message string `json:"message"`
	Advice  string `json:"advice"`
}

// diagnosis is doctor's findings by check, for tests of one source.
type diagnosis struct {
	tb    testing.TB
	lines map[string]doctorLine
	order []string
}

func diagnosed(tb testing.TB, env variables, code int) diagnosis {
	tb.Helper()
	d := diagnosis{tb: tb, lines: map[string]doctorLine{}}
	for _, l := range decode[[]doctorLine](tb, once(tb, env, code, "doctor", "--json").stdout.String()) {
		if _, twice := d.lines[l.Check]; twice || (l.Advice == "") != (l.Status == "ok" || l.Status == "skipped") || l.Message == "" {
			tb.Errorf("strange: %+v", l)
		}
		d.lines[l.Check] = l
		d.order = append(d.order, l.Check)
	}
	return d
}

// wants checks one line.
func (d diagnosis) wants(check, status, message, advice string) {
	d.tb.Helper()
	l := d.lines[check]
	if l.Status != status || !strings.Contains(l.Message, message) || !strings.Contains(l.Advice, advice) {
		d.tb.Errorf("%s: got %s\n  %s\n  %s\nwant %s\n  %s\n  %s", check, l.Status, l.Message, l.Advice, status, message, advice)
	}
}

// wantsRest checks that all other lines have that status, except for the one that
// always warns of the tests' superuser.
func (d diagnosis) wantsRest(status string, but ...string) {
	d.tb.Helper()
	but = append(but, "access")
	for _, check := range d.order {
		if l := d.lines[check]; !strings.Contains(" "+strings.Join(but, " ")+" ", " "+check+" ") && l.Status != status {
			d.tb.Errorf("%s: %s, want %s: %s", check, l.Status, status, l.Message)
		}
	}
}

func TestAHealthySetUpIsInOrder(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	fresh := diagnosed(t, p.env, exitDone)
	fresh.wantsRest("ok")
	fresh.wants("last_run", "ok", "no run of these links has finished yet; start one with `syncer backfill`", "")
	backfilled(t, p.env, exitDone)
	p.polar.ResetCounts()

	d := diagnosed(t, p.env, exitDone)
	d.wantsRest("ok")
	if diff := cmp.Diff([]string{
		"configuration", "files", "database", "access", "schema", "rights", "views", "reader", "clock", "stamps", "polar", "organization", "running", "last_run", "links", "failures", "budget", "schedule", "time_zone",
	}, d.order); diff != "" {
		t.Error(diff)
	}
	d.wants("configuration", "ok", `20 links, fetch id, schedule "*/15 * * * *", from the environment alone`, "")
	d.wants("database", "ok", ", role syncer", "")
	d.wants("polar", "ok", p.polar.URL+" accepts the token; its organization has 20 links", "")
	d.wants("last_run", "ok", " ago, succeeded", "")
	d.wants("budget", "ok", "400 requests a minute of the 500 that Polar allows an organization", "")
	d.wants("schedule", "ok", `20 links: 20 requests, 3 s at 400 a minute; "*/15 * * * *" leaves 15 min`, "")
	if n := p.polar.Requests(); n.Total != 1 || n.Lists != 1 {
		t.Errorf("requests: %+v", n)
	}

	do(t, p.database, "GRANT USAGE ON SCHEMA polar TO public; GRANT ALL ON ALL TABLES IN SCHEMA polar TO public")
	_, env := p.role(t)
	q := once(t, p.all().with("DATABASE_URL", env["DATABASE_URL"]), exitDone, "doctor")
	if out := q.stdout.String(); !strings.HasPrefix(out, "source default\n  ok       configuration all links, fetch auto") ||
		!strings.HasSuffix(out, "\neverything is in order\n") || strings.Count(out, "\n  ok ") != len(d.order) || q.stderr.String() != "" {
		t.Errorf("for people:\n%s", q)
	}
	if got := runs(t, p); got != "backfill succeeded" {
		t.Errorf("sync_runs: %s", got)
	}
}

func TestDoctorExaminesEverySource(t *testing.T) {
	t.Parallel()
	env, a, b := severalSources(t)
	a.polar.SetToken("")
	do(t, b.database, "DELETE FROM seed.syncer_migrations WHERE version_id > 1")
	q := once(t, env, exitRefused, "doctor") // the first problem's
	out := q.stdout.String()
	ads, seed, _ := strings.Cut(out, "source seed\n")
	if !strings.HasPrefix(ads, "source ads\n") || !strings.Contains(ads, "  PROBLEM  polar         "+a.polar.URL) || !strings.Contains(ads, "  ok       schema ") ||
		!strings.Contains(seed, "  PROBLEM  schema        schema \"seed\" is at version 1, this program needs ") || !strings.Contains(seed, "  ok       polar ") ||
		!strings.Contains(seed, "  skipped  last run      not checked: the schema comes first\n") || !strings.HasSuffix(seed, "\n2 problems, 2 warnings\n") {
		t.Errorf("for people:\n%s", out)
	}
	var raw []map[string]any
	if err := json.Unmarshal([]byte(once(t, env, exitRefused, "--json", "doctor").stdout.String()), &raw); err != nil || len(raw) != 38 || len(raw[0]) != 5 {
		t.Errorf("JSON: %v, %v", raw, err)
	}
}
