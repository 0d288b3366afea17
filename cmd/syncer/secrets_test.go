package main

import (
	"bytes"
	"strings"
	"testing"

	"syncer/internal/fetch/fetchtest"
)

// TestNoCommandShowsASecret makes every command print as much as it can, about
// links whose secrets change and whose answers are broken around a secret.
// Every process of all tests is checked for secrets when it ends.
func TestNoCommandShowsASecret(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	ids := p.polar.LinkIDs()
	loud := []string{"--log-level", "debug", "--log-format", "json"}
	once(t, p.env, exitDone, append([]string{"backfill", "--json"}, loud...)...)

	renewed, broken, cut, strange := ids[0], ids[1], ids[2], ids[3]
	body := p.polar.Links()[0].Body
	p.polar.Set(renewed, fetchtest.Answer{Body: bytes.ReplaceAll(body, []byte(linkSecret), []byte(linkSecret+"RENEWED"))})
	p.polar.Overlay(`1 was "` + linkSecret + `BROKEN"
		1 client_secret 7
		3 client_secret_of_tomorrow "` + linkSecret + `TOMORROW"
		3 tokens ["` + linkSecret + `TOO"]`)
	body = p.polar.Links()[2].Body
	p.polar.Set(cut, fetchtest.Answer{Body: body[:bytes.Index(body, []byte(linkSecret))+20]})
	for _, format := range [][]string{nil, {"--json"}} {
		once(t, p.env, exitDifferent, append([]string{"backfill", "--dry-run"}, format...)...)
	}
	once(t, p.env, exitPartial, append([]string{"backfill"}, loud...)...)
	once(t, p.env, exitPartial, "backfill", "--json")
	for _, line := range []string{
		"status", "explain " + renewed, "explain " + broken, "explain " + cut, "explain " + strange, "drift", "dictionary", "doctor",
	} {
		for _, format := range []string{"", " --json"} {
			q := once(t, p.env, exitDone, strings.Fields(line+format)...)
			if q.stdout.String() == "" {
				t.Errorf("says nothing: %s", q)
			}
		}
	}
	d := start(t, p.env, append([]string{"run"}, loud...)...)
	d.awaits(d.stderr, `"msg":"run finished",.*"status":"(partial)"`)
	d.signal(terminate)
	d.exits(exitSignal + int(terminate))

	if n := ask[int](t, p.database, `
		SELECT (SELECT count(*) FROM drift WHERE drift::text LIKE '%polar\_cl\_%')
			+ (SELECT count(*) FROM sync_failures WHERE message LIKE '%polar\_cl\_%')
			+ (SELECT count(*) FROM sync_runs WHERE sync_runs::text LIKE '%polar\_cl\_%')`); n != 0 {
		t.Errorf("%d rows about the sync show a secret", n)
	}
}
