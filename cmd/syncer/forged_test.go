package main

import (
	"strings"
	"testing"
	"unicode"

	"syncer/internal/fetch/fetchtest"
)

// evil is a name that clears the screen, colours, turns text around and breaks the
// line, as JSON and as it must be shown.
const (
	evil      = `"a\u001b[2J\u009b31m\u202eb\u2028\r\nFORGED line"`
	evilShown = `a\x1b[2J\u009b31m\u202eb` // line breaks of names in a sentence are spaces
)

// wantTame fails if a text could drive a terminal, or if one of its lines is forged.
func wantTame(tb testing.TB, what, text string) {
	tb.Helper()
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "FORGED") {
			tb.Errorf("%s: a forged line in\n%q", what, text)
		}
		if strings.ContainsFunc(line, func(r rune) bool {
			return r != '\t' && unicode.IsControl(r) || strings.ContainsRune("\u202e\u2028", r)
		}) {
			tb.Errorf("%s: %q can drive a terminal", what, line)
		}
	}
}

// TestTextOfPolarDrivesNoTerminal gives evil names to all that has one, and evil words
// to errors, and looks at whatever prints them.
func TestTextOfPolarDrivesNoTerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	ids := p.polar.LinkIDs()
	once(t, p.env, exitDone, "backfill")
	p.polar.Overlay(`
		0 label ` + evil + `
		0 products.0.name ` + evil + `
		0 products.0.description ` + evil + `
		0 products.0.prices.0.price_currency ` + evil + `
		0 metadata {"k":` + evil + `}
		0 key_of_tomorrow ` + evil + `
		0 products.0.recurring_interval ` + evil)
	p.polar.Inject(fetchtest.Fault{Match: fetchtest.OnLink(ids[1]), Play: fetchtest.Status(422, `{"error":`+evil+`,"detail":`+evil+`}`, "Content-Type: application/json")})
	p.polar.Inject(fetchtest.Fault{Match: fetchtest.OnLink(ids[2]), Play: fetchtest.Status(422, "FORGED", "Content-Type: text/\u202eplain")})

	tame := func(code int, line string) string {
		t.Helper()
		q := once(t, p.env, code, strings.Fields(line)...)
		wantTame(t, line, q.stdout.String())
		wantTame(t, line, q.stderr.String())
		return q.stdout.String()
	}
	if out := tame(exitDifferent, "backfill --dry-run"); !strings.Contains(out, evilShown) {
		t.Errorf("dry run does not show the name escaped:\n%s", out)
	}
	tame(exitDifferent, "backfill --dry-run --json")
	tame(exitPartial, "backfill --log-format text --log-level debug")
	if out := tame(exitDone, "explain "+ids[0]); strings.Count(out, evilShown) < 5 {
		t.Errorf("explain does not show the names escaped:\n%s", out)
	}
	for _, line := range []string{"explain " + ids[1], "explain " + ids[2], "status", "drift", "doctor"} {
		if out := tame(exitDone, line); line != "doctor" && !strings.Contains(out, `\u202e`) {
			t.Errorf("%s shows nothing escaped:\n%s", line, out)
		}
		tame(exitDone, line+" --json")
	}

	p.polar.Inject(fetchtest.Fault{Play: fetchtest.Status(401, `{"error":"invalid_token","error_description":`+evil+`}`, "Content-Type: application/json")})
	tame(exitRefused, "backfill")
	if out := tame(exitRefused, "doctor"); strings.Count(out, `\n`) < 2 { // Polar's answer, and the last run's error
		t.Errorf("doctor shows nothing escaped:\n%s", out)
	}
	tame(exitDone, "status")
	for _, format := range []string{"text", "auto"} {
		d := start(t, p.env, "run", "--log-format", format)
		d.awaits(d.stderr, `msg="run stopped early"`)
		d.signal(terminate)
		d.exits(exitSignal + int(terminate))
		wantTame(t, "run", d.stderr.String())
	}
}

// TestAnErrorAnswersSecretsAreKeptNowhereButInTheBody: Polar, or a proxy, may echo them.
func TestAnErrorAnswersSecretsAreKeptNowhereButInTheBody(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	ids := p.polar.LinkIDs()
	const secrets = "polar_cl_NOTASECRET polar_oat_NOTASECRET whsec_NOTASECRET https://u:" + testPassword + "@h/"
	body := `{"error":"x","error_description":"` + secrets + `"}`
	link := p.polar.Inject(fetchtest.Fault{Match: fetchtest.OnLink(ids[0]), Play: fetchtest.Status(422, body, "Content-Type: application/json")})
	for _, line := range []string{"backfill", "backfill --json", "backfill --log-format json --log-level debug"} {
		once(t, p.env, exitPartial, strings.Fields(line)...)
	}
	link.Stop()
	p.polar.Inject(fetchtest.Fault{Play: fetchtest.Status(401, body, "Content-Type: application/json")})
	for _, line := range []string{"backfill", "backfill --json", "doctor", "doctor --json"} {
		q := once(t, p.env, exitRefused, strings.Fields(line)...)
		if strings.Contains(q.String(), "NOTASECRET") {
			t.Errorf("shows a secret: %s", q)
		}
	}
	for _, line := range []string{"status", "status --json", "explain " + ids[0]} {
		if q := once(t, p.env, exitDone, strings.Fields(line)...); strings.Contains(q.String(), "NOTASECRET") || !strings.Contains(q.stdout.String(), "[hidden]") {
			t.Errorf("shows a secret, or nothing: %s", q)
		}
	}
	kept := ask[string](t, p.database, "SELECT string_agg(concat(message, error), ' ') FROM sync_failures FULL JOIN sync_runs ON false")
	if strings.Contains(kept, "NOTASECRET") || strings.Contains(kept, testPassword) || strings.Count(kept, "[hidden]") < 8 {
		t.Errorf("kept: %s", kept)
	}
	if got := ask[string](t, p.database, "SELECT body FROM sync_failures"); got != body {
		t.Errorf("the body is not as it came: %s", got)
	}
}
