package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"syncer/internal/db/dbtest"
	"syncer/internal/fetch/fetchtest"
)

// runs lists the runs of a place, oldest first.
func runs(tb testing.TB, p *place) string {
	tb.Helper()
	return ask[string](tb, p.database, "SELECT coalesce(string_agg(trigger || ' ' || status, ', ' ORDER BY started_at), '') FROM sync_runs")
}

// finished awaits the end of a daemon's next run and returns its status.
func finished(p *process) string {
	p.tb.Helper()
	return p.awaits(p.stderr, `msg="run finished" .*status=(\w+) `)
}

func TestTheDaemonSyncsAtOnceAndThenAtItsTicks(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	d := start(t, p.env.with("SYNCER_SCHEDULE", "@every 1s"), "run")
	if got := finished(d); got != "succeeded" || live(t, p) != 20 {
		t.Errorf("first run: %s, %d links", got, live(t, p))
	}
	p.polar.Delete(p.polar.LinkIDs()[0])
	eventually(t, "a tick sees that a link is gone", func() bool { return gone(t, p) == 1 })
	if got := finished(d); got != "succeeded" { // what a run wrote shows before it ends
		t.Errorf("second run: %s", got)
	}
	d.signal(terminate)
	d.exits(exitSignal+int(terminate)).saying(`msg="source scheduled" source=default schedule="@every 1s"`, "all=false links=20", "msg=stopped")
	if got := runs(t, p); !strings.HasPrefix(got, "start succeeded, schedule succeeded") || strings.Contains(got, "running") {
		t.Errorf("sync_runs: %s", got)
	}
	if d.stdout.String() != "" {
		t.Errorf("stdout: %s", d.stdout)
	}
}

func TestTheDaemonSyncsSeveralSources(t *testing.T) {
	t.Parallel()
	env, a, b := severalSources(t)
	a.polar.SetToken("") // this one fails
	d := start(t, env, "run", "--log-format", "json")
	d.awaits(d.stderr, `"msg":"run stopped early","source":"ads","error":"Polar refused the token.*"hint":"Check POLAR_ACCESS_TOKEN`)
	eventually(t, "the other source is synced", func() bool {
		return ask[int](t, b.database, "SELECT count(*) FROM seed.sync_runs WHERE status = 'succeeded' AND links_total = 60") == 1
	})
	d.signal(interrupt)
	d.exits(exitSignal + int(interrupt))
}

// TestTheDaemonWaitsForItsDatabase starts a daemon before there is a way to its database.
func TestTheDaemonWaitsForItsDatabase(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	database, err := url.Parse(p.database)
	if err != nil {
		t.Fatal(err)
	}
	addr := nobodyListens(t)
	env := p.env.with("DATABASE_URL", "postgres://syncer@"+addr+database.Path+"?sslmode=disable")
	told := start(t, env, "run")
	told.awaits(told.stderr, `level=WARN msg="waiting for the database" error="database unreachable.*hint="Check DATABASE_URL`)
	told.signal(terminate)
	told.exits(exitSignal + int(terminate))

	d := start(t, env, "run")
	d.awaits(d.stderr, `msg="waiting for the database"`)
	dbtest.NewRelay(t, p.database, addr)
	d.awaits(d.stderr, `msg="the database is there"`)
	if got := finished(d); got != "succeeded" {
		t.Errorf("the run %s", got)
	}
	d.signal(terminate)
	d.exits(exitSignal + int(terminate))
}

// TestTwoSourcesOfAnOrganizationAreBothSynced runs a daemon with two sources of one
// organization on one schedule, and holds the first run back.
func TestTwoSourcesOfAnOrganizationAreBothSynced(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	ids := p.polar.LinkIDs()
	env := variables{"SYNCER_CONFIG": writeFile(t, "syncer.yaml", `
database_url: `+p.database+`
http_addr: ""
sources:
  - {name: first, server: "`+p.polar.URL+`", access_token: `+testToken+`, checkout_link_ids: "`+strings.Join(ids[:12], " ")+`", schedule: "@every 1s"}
  - {name: second, server: "`+p.polar.URL+`", access_token: `+testToken+`, checkout_link_ids: "`+strings.Join(ids[8:], " ")+`", schedule: "@every 1s"}
`)}
	for _, source := range []string{"first", "second"} { // from now on each claims the organization when it begins
		backfilled(t, env, exitDone, "--source", source)
	}
	entered, release := p.polar.Hold(fetchtest.OnList(1))
	t.Cleanup(release)
	holder := start(t, env, "backfill", "--source", "first")
	await(t, "a request", entered)
	once(t, env, exitHeld, "backfill", "--source", "second", "--fail-if-running").
		saying(`another run holds the source: the organization of "second" is held by source "first", `, "(backfill) since ")
	d := start(t, env, "run")
	d.awaits(d.stderr, `msg="waiting for another run" source=second`)
	release()
	holder.exits(exitDone)
	for _, source := range []string{"first", "second"} {
		eventually(t, source+" is synced twice", func() bool {
			return ask[int](t, p.database, "SELECT count(*) FROM sync_runs WHERE status = 'succeeded' AND trigger <> 'backfill' AND links_total = 12 AND source = '"+source+"'") > 1
		})
	}
	d.signal(terminate)
	d.exits(exitSignal + int(terminate))
	if n := ask[int](t, p.database, "SELECT count(*) FROM sync_runs WHERE status IN ('failed', 'running')"); n != 0 {
		t.Errorf("%d runs failed, or run still", n)
	}
}

func TestTheDaemonGoesOnAfterFailedRuns(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	fault := p.polar.Inject(fetchtest.Fault{Play: p.polar.Recorded("401 unknown token")})
	d := start(t, p.env.with("SYNCER_SCHEDULE", "@every 1s"), "run")
	for range 2 {
		if got := finished(d); got != "failed" {
			t.Fatalf("%s with a refused token", got)
		}
	}
	fault.Stop()
	eventually(t, "a run succeeds", func() bool { return strings.Contains(runs(t, p), "succeeded") })
}

func TestARotatedTokenFileCountsAtTheNextRequest(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	path := writeFile(t, "token", "the-old-token\n")
	p.polar.SetToken("the-old-token")
	env := p.env.without("POLAR_ACCESS_TOKEN").with("POLAR_ACCESS_TOKEN_FILE", path, "SYNCER_SCHEDULE", "@every 1s")
	d := start(t, env, "run")
	if got := finished(d); got != "succeeded" {
		t.Fatalf("%s with the old token", got)
	}

	replacement := filepath.Join(filepath.Dir(path), "new")
	if err := os.WriteFile(replacement, []byte(testToken), 0o600); err != nil {
		t.Fatal(err)
	}
	p.polar.SetToken(testToken)
	if err := os.Rename(replacement, path); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new token is used, and good", func() bool {
		log := p.polar.Log()
		last := log[len(log)-1]
		return last.Header.Get("Authorization") == "Bearer "+testToken && last.Status == 200
	})

	if err := os.Remove(path); err != nil { // halfway through a rotation, or a slip
		t.Fatal(err)
	}
	d.awaits(d.stderr, `level=ERROR msg="run stopped early" .*POLAR_ACCESS_TOKEN_FILE: open .*: no such file`)
	if strings.Contains(d.String(), "the-old-token") {
		t.Errorf("shows the old token:\n%s", d)
	}
}

// killed returns what remains of a daemon killed in the middle of a run.
func killed(tb testing.TB) *place {
	tb.Helper()
	p := newPlace(tb, "seed-ads")
	entered, release := p.polar.Hold(fetchtest.OnLink(p.polar.LinkIDs()[3]))
	tb.Cleanup(release)
	d := start(tb, p.env, "run")
	await(tb, "a request", entered)
	d.signal(syscall.SIGKILL)
	d.exits(-1)
	release()
	if got := runs(tb, p); got != "start running" {
		tb.Fatalf("after the kill: %s", got)
	}
	return p
}

func TestAKilledRunIsTakenOverByTheNext(t *testing.T) {
	t.Parallel()
	p := killed(t)
	sameReport(t, backfilled(t, p.env, exitDone, "--fail-if-running"), "default", "succeeded", [5]int{20, 20, 0, 0, 0})
	if got := runs(t, p); got != "start abandoned, backfill succeeded" {
		t.Errorf("after the takeover: %s", got)
	}
	wantWhole(t, p)
}

func TestAKilledRunOfAnotherMachineIsTakenOverWhenItIsSilent(t *testing.T) {
	t.Parallel()
	p := killed(t)
	do(t, p.database, "UPDATE sync_runs SET holder = 'elsewhere (00000000), process 1', heartbeat_at = clock_timestamp()")
	once(t, p.env, exitHeld, "backfill", "--fail-if-running").saying("held by elsewhere (00000000), process 1 (start) since ")
	waiting := start(t, p.env, "backfill", "--json")
	waiting.awaits(waiting.stderr, `waiting for it to end`)
	do(t, p.database, "UPDATE sync_runs SET heartbeat_at = clock_timestamp() - interval '8 seconds'") // as if eight seconds had passed
	sameReport(t, decode[backfillReport](t, waiting.exits(exitDone).stdout.String()), "default", "succeeded", [5]int{20, 20, 0, 0, 0})
	if got := ask[string](t, p.database, "SELECT error FROM sync_runs WHERE status = 'abandoned'"); !strings.Contains(got, "no sign of life for ") {
		t.Errorf("why: %s", got)
	}
}

func TestAKilledBackfillResumes(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	arrived := stuckOnTheLast(p)
	q := start(t, p.env, "backfill")
	await(t, "the last request", arrived)
	eventually(t, "a batch has landed", func() bool { return live(t, p) > 0 })
	q.signal(syscall.SIGKILL)
	q.exits(-1)
	report := backfilled(t, p.env, exitDone)
	if report.Status != "succeeded" || report.Requests == 0 || report.Requests >= 120 || live(t, p) != 120 {
		t.Errorf("%d links: %+v", live(t, p), report)
	}
	wantWhole(t, p)
}
