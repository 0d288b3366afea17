package main

import (
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"syncer/internal/fetch/fetchtest"
)

// In January 2027 Polar removes the version 2026-04.
func TestARetiredAPIVersionIsOneErrorOfTheSource(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	p.polar.SetVersions("2026-10", "2027-01")
	backfilled(t, p.env, exitDone)
	pinned := p.env.with("SYNCER_API_VERSION", "2026-04")
	p.polar.ResetCounts()
	once(t, pinned, exitUnreachable, "backfill").saying("asked for 2026-04 alone, as api_version says", "Set SYNCER_API_VERSION to auto")
	if n := p.polar.Requests().Total; n != 1 {
		t.Errorf("%d requests", n)
	}
	if got := ask[string](t, p.database, "SELECT concat_ws(' ', status, links_failed, api_version) FROM sync_runs ORDER BY number DESC LIMIT 1"); got != "failed 0" {
		t.Errorf("on record: %s", got)
	}
	d := diagnosed(t, pinned, exitUnreachable)
	d.wants("polar", "problem", "asked for 2026-04 alone", "Set SYNCER_API_VERSION to auto")
	d = diagnosed(t, p.env, exitDone)
	d.wants("polar", "ok", "; API version 2027-01", "")
	p.polar.SetVersions("2028-10")
	d = diagnosed(t, p.env, exitDone)
	d.wants("polar", "ok", "; API version left to Polar", "")
	d = diagnosed(t, p.env.with("SYNCER_API_VERSION", "2028-10"), exitDone)
	d.wants("polar", "ok", "; API version 2028-10", "")
}

// What a killed process has sent is on record, so that the next one stays within the
// budget of any minute.
func TestTheBudgetOutlivesAKilledProcess(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	env := p.env.with("SYNCER_REQUESTS_PER_MINUTE", "20")
	arrived := make(chan struct{}, 1)
	seen := 0
	stuck := p.polar.Inject(fetchtest.Fault{
		Match: func(*http.Request) bool { seen++; return seen > 11 },
		Play: func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
			select {
			case arrived <- struct{}{}:
			default:
			}
			<-r.Context().Done()
		},
	})
	first := start(t, env, "backfill")
	await(t, "the twelfth request", arrived)
	first.signal(syscall.SIGKILL)
	first.wait()
	stuck.Stop()
	sent := p.polar.Requests().Total

	second := start(t, env, "backfill")
	used, err := strconv.Atoi(second.awaits(second.stderr, `earlier runs have used some of the budget" .* requests=(\d+)`))
	if err != nil || used < sent || used > sent+4 {
		t.Errorf("%d requests on record, %d were sent", used, sent)
	}
	eventually(t, "the rest of the budget is used", func() bool { return p.polar.Requests().Total >= sent+20-used })
	second.signal(terminate)
	second.exits(exitSignal + int(terminate))
	if n := p.polar.Requests().Total; n > 20 {
		t.Errorf("%d requests within a minute", n)
	}
}

func TestWhatSitsInBetweenIsSaid(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	p.polar.Inject(fetchtest.Fault{Play: fetchtest.Status(407, "hunter2", "Content-Type: text/html", "Server: squid/6.1")})
	q := once(t, p.only(p.polar.LinkIDs()[:2]...), exitUnreachable, "backfill")
	q.saying(`something between here and Polar answered: status 407: content type "text/html", server "squid/6.1"`, "a proxy (HTTPS_PROXY)")
	if strings.Contains(q.String(), "hunter2") {
		t.Error(q)
	}
}
