package main

import (
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"syncer/internal/db/dbtest"
	"syncer/internal/fetch/fetchtest"
)

// backfillReport is what `backfill --json` prints, key by key. Scripts read it.
type backfillReport struct {
	RunID  string `json:"run_id"`
	Source string `json:"source"`
	Status string `json:"status"`
	Links  struct {
		Total     int `json:"total"`
		Changed   int `json:"changed"`
		Unchanged int `json:"unchanged"`
		Removed   int `json:"removed"`
		Failed    int `json:"failed"`

		Unknown []string `json:"unknown"`
	} `json:"links"`
	Rows struct {
		Inserted int `json:"inserted"`
		Updated  int `json:"updated"`
		Removed  int `json:"removed"`
	} `json:"rows"`
	Requests   int64           `json:"requests"`
	DurationMS int64           `json:"duration_ms"`
	Failures   []reportFailure `json:"failures"`
}

type reportFailure struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// backfilled runs `backfill --json` and returns its report.
func backfilled(tb testing.TB, env variables, code int, args ...string) backfillReport {
	tb.Helper()
	p := once(tb, env, code, append([]string{"backfill", "--json"}, args...)...)
	report := decode[backfillReport](tb, p.stdout.String())
	if id, err := uuid.Parse(report.RunID); err != nil || id.Version() != 7 {
		tb.Errorf("run_id %q", report.RunID)
	}
	if report.Failures == nil || report.Links.Unknown == nil || report.DurationMS < 0 {
		tb.Errorf("not as promised: %s", p.stdout)
	}
	return report
}

// sameReport compares reports, apart from what no test can know.
func sameReport(tb testing.TB, got backfillReport, source, status string, links [5]int) {
	tb.Helper()
	want := backfillReport{Source: source, Status: status}
	l := &want.Links
	l.Unknown = got.Links.Unknown
	l.Total, l.Changed, l.Unchanged, l.Removed, l.Failed = links[0], links[1], links[2], links[3], links[4]
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(backfillReport{}, "RunID", "Rows", "Requests", "DurationMS", "Failures")); diff != "" {
		tb.Errorf("report:\n%s", diff)
	}
}

// live counts the live links, gone those that are marked as gone.
func live(tb testing.TB, p *place) int {
	tb.Helper()
	return ask[int](tb, p.database, "SELECT count(*) FROM checkout_links WHERE removed_at IS NULL")
}

func gone(tb testing.TB, p *place) int {
	tb.Helper()
	return ask[int](tb, p.database, "SELECT count(*) FROM checkout_links WHERE removed_at IS NOT NULL")
}

func TestBackfillSyncsTheConfiguredLinks(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed")
	first := backfilled(t, p.env, exitDone)
	sameReport(t, first, "default", "succeeded", [5]int{60, 60, 0, 0, 0})
	if first.Rows.Inserted == 0 || first.Rows.Updated != 0 || first.Requests != 60 || len(first.Failures) != 0 {
		t.Errorf("first: %+v", first)
	}
	if n := live(t, p); n != 60 {
		t.Errorf("%d rows", n)
	}
	second := backfilled(t, p.env, exitDone)
	sameReport(t, second, "default", "succeeded", [5]int{60, 0, 60, 0, 0})
	if second.Rows != (backfillReport{}.Rows) {
		t.Errorf("second: %+v", second)
	}

	p.polar.Goto(3) // three of these links are gone; prices, products and links changed
	out := once(t, p.env, exitDone, "backfill").stdout.String()
	for _, says := range []string{"default: succeeded, 60 links in ", " 3 removed, 0 failed\n", "  rows   "} {
		if !strings.Contains(out, says) {
			t.Errorf("the summary does not say %q:\n%s", says, out)
		}
	}
	if n := gone(t, p); n != 3 {
		t.Errorf("%d links are marked as gone", n)
	}
	if got := ask[string](t, p.database, "SELECT string_agg(concat_ws(' ', source, trigger, status, links_total), ', ' ORDER BY started_at) FROM sync_runs"); got !=
		"default backfill succeeded 60, default backfill succeeded 60, default backfill succeeded 60" {
		t.Errorf("sync_runs: %s", got)
	}
}

func TestConfiguredLinksAreAskedForAsConfigured(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed")
	few := p.only(p.polar.LinkIDs()[:1]...)
	for _, test := range []struct {
		env         variables
		lists, gets int
	}{
		{p.env, 0, 60},
		{p.env.with("SYNCER_FETCH", "auto"), 1, 0},
		{p.env.with("SYNCER_FETCH", "list"), 1, 0},
		{few.with("SYNCER_FETCH", "auto"), 0, 1},
		{few.with("SYNCER_FETCH", "list"), 1, 0},
	} {
		p.polar.ResetCounts()
		backfilled(t, test.env, exitDone)
		if got := p.polar.Requests(); got.Lists != test.lists || got.Gets != test.gets {
			t.Errorf("fetch %s: %d pages, %d links by id; want %d, %d", test.env["SYNCER_FETCH"], got.Lists, got.Gets, test.lists, test.gets)
		}
	}
}

func TestBackfillSyncsTheGivenLinksInAnySpelling(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	ids := p.polar.LinkIDs()
	report := backfilled(t, p.env, exitDone, strings.ToUpper(ids[3]), strings.ReplaceAll(ids[5], "-", ""), ids[3])
	sameReport(t, report, "default", "succeeded", [5]int{2, 2, 0, 0, 0})
	if n := ask[int](t, p.database, "SELECT count(*) FROM checkout_links WHERE id::text = ANY ($1)", []string{ids[3], ids[5]}); n != 2 || live(t, p) != 2 {
		t.Errorf("not these two")
	}
	if got := p.polar.Requests(); got.Total != 2 || got.ByID[ids[3]] != 1 {
		t.Errorf("requests: %+v", got)
	}
}

func TestBackfillAllSyncsEveryLinkOfTheOrganization(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--all"}, {"all"}, nil} {
		p := newPlace(t, "alpha")
		env := p.env
		if args == nil {
			env = p.all()
		}
		report := backfilled(t, env, exitDone, args...)
		sameReport(t, report, "default", "succeeded", [5]int{120, 120, 0, 0, 0})
		if got := p.polar.Requests(); got.Lists != 2 || got.Gets != 0 {
			t.Errorf("%v: requests %+v", args, got)
		}
	}
}

func TestLinksUnknownToPolarAreNamedAndFailNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	out := once(t, p.env, exitPartial, "backfill", someID, p.polar.LinkIDs()[0]).stdout.String()
	want := "unknown to Polar: " + someID + " (deleted, of another organization, or mistyped)"
	if !strings.Contains(out, want) {
		t.Errorf("does not say %q:\n%s", want, out)
	}
	once(t, p.env, exitPartial, "backfill", "--dry-run", someID).printing(want)

	// In the configuration it may have been deleted since.
	env := p.only(someID, p.polar.LinkIDs()[0])
	once(t, env, exitDone, "backfill").printing(want)
	report := backfilled(t, env, exitDone)
	sameReport(t, report, "default", "succeeded", [5]int{2, 0, 1, 0, 0})
	if diff := cmp.Diff([]string{someID}, report.Links.Unknown); diff != "" {
		t.Errorf("unknown:\n%s", diff)
	}
}

// TestATokenOfAnotherOrganizationExits4 exchanges the token, and then the server.
func TestATokenOfAnotherOrganizationExits4(t *testing.T) {
	t.Parallel()
	p, other := newPlace(t, "seed-ads"), newPlace(t, "seed")
	backfilled(t, p.all(), exitDone)
	p.polar.Use(other.polar.Links()...)
	for _, args := range [][]string{{"backfill"}, {"backfill", "--dry-run"}} {
		once(t, p.all(), exitRefused, args...).saying("keeps organization 60b979a2-1829-4414-a96e-657da0aa15fa",
			"sees organization 12dae0bc-375a-4098-86ad-ffbd956ca9b8 instead", "nothing was written or removed", "`syncer backfill --new-organization`")
	}
	daemon := start(t, p.all(), "run")
	eventually(t, "the daemon's first run", func() bool { return strings.Contains(daemon.stderr.String(), "syncer backfill --new-organization") })
	daemon.signal(syscall.SIGTERM)
	daemon.exits(exitSignal + int(syscall.SIGTERM))
	once(t, p.all(), exitDifferent, "backfill", "--dry-run", "--new-organization").printing("of 60 links, 60 would change")
	sameReport(t, backfilled(t, p.all(), exitDone, "--new-organization"), "default", "succeeded", [5]int{60, 60, 0, 0, 0})
	sameReport(t, backfilled(t, p.all(), exitDone), "default", "succeeded", [5]int{60, 0, 60, 0, 0})

	moved := p.all().with("POLAR_SERVER", other.polar.URL)
	once(t, moved, exitRefused, "backfill").saying(p.polar.URL, other.polar.URL, "nothing was written or removed", "`syncer backfill --new-organization`")
	sameReport(t, backfilled(t, moved, exitDone, "--new-organization"), "default", "succeeded", [5]int{60, 0, 60, 0, 0})
}

// severalSources returns a configuration of two organizations, each in its own schema.
func severalSources(tb testing.TB) (env variables, a, b *place) {
	tb.Helper()
	database := dbtest.Empty(tb)
	a = placeFor(tb, database, fetchtest.StartServer(tb, fetchtest.NewServer(recording(tb, "seed-ads"))))
	b = placeFor(tb, database, fetchtest.StartServer(tb, fetchtest.NewServer(recording(tb, "seed"))))
	file := writeFile(tb, "syncer.yaml", `
database_url: `+a.database+`
http_addr: ""
sources:
  - {name: ads, server: "`+a.polar.URL+`", access_token: `+testToken+`, checkout_link_ids: all}
  - {name: seed, server: "`+b.polar.URL+`", access_token: `+testToken+`, checkout_link_ids: all, schema: seed}
`)
	env = variables{"SYNCER_CONFIG": file}
	once(tb, env, exitDone, "migrate")
	return env, a, b
}

func TestSeveralSourcesReportAsAnArray(t *testing.T) {
	t.Parallel()
	env, a, _ := severalSources(t)
	reports := decode[[]backfillReport](t, once(t, env, exitDone, "backfill", "--json").stdout.String())
	if len(reports) != 2 {
		t.Fatalf("reports: %+v", reports)
	}
	sameReport(t, reports[0], "ads", "succeeded", [5]int{20, 20, 0, 0, 0})
	sameReport(t, reports[1], "seed", "succeeded", [5]int{60, 60, 0, 0, 0})
	sameReport(t, backfilled(t, env, exitDone, "--source", "seed"), "seed", "succeeded", [5]int{60, 0, 60, 0, 0})
	sameReport(t, backfilled(t, env, exitDone, "--source", "ads", a.polar.LinkIDs()[0]), "ads", "succeeded", [5]int{1, 0, 1, 0, 0})
	once(t, env, exitUsage, "backfill", someID).saying("which source? Several are configured; name one with --source")
	once(t, env, exitUsage, "backfill", "--all").saying("which source?")
	if n := ask[int](t, a.database, "SELECT count(*) FROM checkout_links") + 1000*ask[int](t, a.database, "SELECT count(*) FROM seed.checkout_links"); n != 60020 {
		t.Errorf("links in both schemas: %d", n)
	}
}

func TestOneSourceThatFailsDoesNotKeepTheOtherBack(t *testing.T) {
	t.Parallel()
	env, a, _ := severalSources(t)
	a.polar.SetToken("") // revoked
	p := once(t, env, exitRefused, "backfill", "--json").saying(`source "ads": Polar refused the token`, "Check POLAR_ACCESS_TOKEN")
	reports := decode[[]backfillReport](t, p.stdout.String())
	sameReport(t, reports[0], "ads", "failed", [5]int{})
	sameReport(t, reports[1], "seed", "succeeded", [5]int{60, 60, 0, 0, 0})
}
