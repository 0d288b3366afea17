package main

import (
	"net"
	"strings"
	"testing"

	"syncer/internal/fetch/fetchtest"
)

func TestAPoisonedLinkCostsOneLinkAndExits3(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	p.polar.Goto(7)
	report := backfilled(t, p.env, exitPartial)
	sameReport(t, report, "default", "partial", [5]int{120, 119, 0, 0, 1})
	if len(report.Failures) != 1 {
		t.Fatalf("failures: %+v", report.Failures)
	}
	poisoned := report.Failures[0].ID
	if f := report.Failures[0]; f.Kind != "unavailable" || !strings.Contains(f.Message, "500") {
		t.Errorf("failure: %+v", f)
	}
	if got := ask[string](t, p.database, "SELECT checkout_link_id::text FROM sync_failures"); got != poisoned {
		t.Errorf("sync_failures holds %s, not %s", got, poisoned)
	}
	q := once(t, p.env, exitPartial, "backfill", poisoned)
	if !strings.Contains(q.stdout.String(), "  failed "+poisoned+": Polar is unavailable: status 500") {
		t.Errorf("not said:\n%s", q)
	}

	p.polar.Next() // healed
	sameReport(t, backfilled(t, p.env, exitDone, poisoned), "default", "succeeded", [5]int{1, 1, 0, 0, 0})
	if n := ask[int](t, p.database, "SELECT count(*) FROM sync_failures"); n != 0 {
		t.Errorf("%d failures are left", n)
	}
}

func TestALinkWithoutAnIDGoesByItsPlace(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	p.polar.Set(p.polar.LinkIDs()[2], fetchtest.Answer{Status: 500})
	const place, reason = "link 3 of the organization's list", "Polar is unavailable: status 500: Internal Server Error"
	q := once(t, p.env, exitPartial, "backfill", "--all")
	q.printing("  failed " + place + ": " + reason)
	q.saying("link failed", place)
	once(t, p.env, exitPartial, "backfill", "--all", "--dry-run").printing("  failed " + place + ": " + reason)
	report := backfilled(t, p.env, exitPartial, "--all")
	if len(report.Failures) != 1 || report.Failures[0].ID != place {
		t.Errorf("failures: %+v", report.Failures)
	}
	once(t, p.env, exitDone, "status").printing("    "+place+"  since ", "2 runs: "+reason)
	status := decode[[]sourceStatus](t, once(t, p.env, exitDone, "status", "--json").stdout.String())
	if len(status) != 1 || len(status[0].Failures) != 1 || status[0].Failures[0].ID != place {
		t.Errorf("%+v", status)
	}
}

func TestARefusedTokenExits4(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	backfilled(t, p.env, exitDone)
	for _, name := range []string{"401 unknown token", "401 expired token", "403 scope missing"} {
		fault := p.polar.Inject(fetchtest.Fault{Play: p.polar.Recorded(name)})
		for _, args := range [][]string{nil, {"--all"}} {
			sameReport(t, backfilled(t, p.env, exitRefused, args...), "default", "failed", [5]int{})
		}
		once(t, p.env, exitRefused, "backfill").saying("syncer: Polar refused the token", "with the scope checkout_links:read", "Nothing was removed.")
		fault.Stop()
	}
	once(t, p.env.with("POLAR_ACCESS_TOKEN", "another"), exitRefused, "backfill")
	if live(t, p) != 20 || gone(t, p) != 0 {
		t.Error("a refused token removed links")
	}
}

func TestAnUnreachablePolarExits5AndRemovesNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	backfilled(t, p.env, exitDone)
	three := p.only(p.polar.LinkIDs()[:3]...)
	p.polar.Close()
	for _, args := range [][]string{nil, {"--all"}} {
		q := once(t, three, exitUnreachable, append([]string{"backfill", "--json"}, args...)...).
			saying("syncer: Polar is unavailable", "connection refused", "Check POLAR_SERVER and the network")
		sameReport(t, decode[backfillReport](t, q.stdout.String()), "default", "failed", [5]int{})
	}
	if live(t, p) != 20 || gone(t, p) != 0 {
		t.Error("an unreachable Polar removed links")
	}
}

// nobodyListens returns an address that was free a moment ago.
func nobodyListens(tb testing.TB) string {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestTheMassRemovalGuardExits6(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	backfilled(t, p.env, exitDone)
	ids := p.polar.LinkIDs()
	for _, id := range ids[:12] {
		p.polar.Delete(id)
	}
	for _, args := range [][]string{nil, {"--all"}, ids[:6]} {
		q := once(t, p.env, exitMassRemoval, append([]string{"backfill", "--json"}, args...)...).
			saying("stopped by the mass-removal guard", "nothing was removed", "`syncer backfill --allow-mass-removal`")
		if report := decode[backfillReport](t, q.stdout.String()); report.Status != "failed" || report.Links.Removed != 0 {
			t.Errorf("report: %+v", report)
		}
	}
	if live(t, p) != 20 || gone(t, p) != 0 {
		t.Fatal("the guard let links go")
	}
	sameReport(t, backfilled(t, p.env, exitDone, ids[:5]...), "default", "succeeded", [5]int{5, 0, 0, 5, 0}) // five may always go
	if report := backfilled(t, p.env, exitDone, "--allow-mass-removal"); report.Status != "succeeded" || report.Links.Removed != 7 {
		t.Errorf("allowed: %+v", report)
	}
	if live(t, p) != 8 || gone(t, p) != 12 {
		t.Errorf("%d live, %d gone", live(t, p), gone(t, p))
	}
}

func TestAHeldSourceExits7OrIsWaitedFor(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	entered, release := p.polar.Hold(fetchtest.OnLink(p.polar.LinkIDs()[0]))
	t.Cleanup(release)
	holder := start(t, p.env, "backfill", "--json")
	await(t, "a request", entered)

	q := once(t, p.env, exitHeld, "backfill", "--fail-if-running", "--json").
		saying(`another run holds the source: "default" is held by`, "(backfill) since ", "or omit --fail-if-running to wait here.")
	if got := decode[backfillReport](t, q.stdout.String()).Status; got != "failed" {
		t.Errorf("status %q", got)
	}
	waiting := start(t, p.env, "backfill", "--json")
	waiting.awaits(waiting.stderr, `is held by .*; waiting for it to end\n`)
	impatient := start(t, p.env, "backfill")
	impatient.awaits(impatient.stderr, `waiting for it to end`)
	impatient.signal(interrupt)
	impatient.exits(exitSignal + int(interrupt))

	release()
	sameReport(t, decode[backfillReport](t, holder.exits(exitDone).stdout.String()), "default", "succeeded", [5]int{20, 20, 0, 0, 0})
	sameReport(t, decode[backfillReport](t, waiting.exits(exitDone).stdout.String()), "default", "succeeded", [5]int{20, 0, 20, 0, 0})
}

func TestABackfillThatIsToldToStopSaysHowFarItCame(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	arrived := stuckOnTheLast(p)
	q := start(t, p.env, "backfill", "--json")
	await(t, "the last request", arrived)
	q.signal(interrupt)
	report := decode[backfillReport](t, q.exits(exitSignal+int(interrupt)).stdout.String())
	if report.Status != "abandoned" || report.Links.Total != live(t, p) {
		t.Errorf("%d links are there, the report says %+v", live(t, p), report)
	}
	if got := ask[string](t, p.database, "SELECT status || ': ' || error FROM sync_runs"); got != "abandoned: told to stop" {
		t.Errorf("sync_runs: %s", got)
	}
	wantWhole(t, p)
}
