package syncer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer"
)

// The organizations of recordings, which share nothing.
const (
	seedOrganization  = "12dae0bc-375a-4098-86ad-ffbd956ca9b8" // 60 links
	adsOrganization   = "60b979a2-1829-4414-a96e-657da0aa15fa" // 20 links
	alphaOrganization = "b941ea4e-8a56-48ad-96a9-b559f2ce114f" // 120 links
)

// linksOf are the links of a recording's first step.
func linksOf(tb testing.TB, scenario string) []fetchtest.Answer {
	tb.Helper()
	rec, err := fetchtest.Load(scenario)
	if err != nil {
		tb.Fatal(err)
	}
	step, err := rec.Step(0)
	if err != nil {
		tb.Fatal(err)
	}
	var all []fetchtest.Answer
	for _, l := range step.Links {
		all = append(all, fetchtest.Answer{ID: l.ID, Status: l.Status, Body: l.Body})
	}
	return all
}

// kept lists the organizations that the source keeps.
func (b *bench) kept() []string {
	b.tb.Helper()
	return b.column(`SELECT organization_id::text FROM source_organizations WHERE source = 'test' ORDER BY 1`)
}

// TestATokenOfAnotherOrganizationWritesNothing exchanges the token: Polar shows the
// links of another organization, and knows none of those before. Nothing is written
// or removed until the source is told to go over.
func TestATokenOfAnotherOrganizationWritesNothing(t *testing.T) {
	t.Parallel()
	mine, theirs := linksOf(t, "seed"), linksOf(t, "seed-ads")
	for name, wanted := range map[string]func(*bench) syncer.Source{
		"all":          (*bench).all,
		"its ids":      (*bench).links,
		"one of its":   func(b *bench) syncer.Source { s := b.links(); s.IDs = s.IDs[:1]; return s },
		"their ids":    func(b *bench) syncer.Source { s := b.links(); s.IDs = ids(t, idsOfAnswers(theirs)...); return s },
		"an unknown":   func(b *bench) syncer.Source { s := b.links(); s.IDs = []uuid.UUID{{6: 0x40, 8: 0x80, 15: 1}}; return s },
		"some by page": func(b *bench) syncer.Source { s := b.links(); s.Strategy, s.IDs = "", s.IDs[:9]; return s },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "seed")
			source := wanted(b)
			b.run(b.all())
			before := b.dump()
			b.polar.Use(theirs...)
			for _, options := range []syncer.Options{{}, {AllowMassRemoval: true}} {
				report, err := b.attempt(source, options)
				if !errors.Is(err, syncer.ErrOtherOrganization) || report.Status != db.Failed {
					t.Fatalf("not stopped: %v, %+v", err, report)
				}
				if !strings.Contains(err.Error(), seedOrganization) || !strings.Contains(err.Error(), adsOrganization) {
					t.Errorf("names not both organizations: %v", err)
				}
				if _, again := b.syncer.Preview(t.Context(), source, options, func(syncer.Difference) {}); again == nil || again.Error() != err.Error() {
					t.Errorf("a run says %v, its preview %v", err, again)
				}
			}
			if diff := cmp.Diff(before, b.dump()); diff != "" {
				t.Errorf("rows changed:\n%.1000s", diff)
			}
			if !slices.Equal(b.kept(), []string{seedOrganization}) {
				t.Errorf("keeps %q", b.kept())
			}
			if name != "all" {
				return
			}
			if report, err := b.attempt(source, syncer.Options{NewOrganization: true}); err != nil || report.Links.Total != 20 || report.Links.Changed != 20 {
				t.Fatalf("told to go over: %v, %+v", err, report.Links)
			}
			if report := b.run(source); report.Links.Unchanged != 20 || !slices.Equal(b.kept(), []string{adsOrganization}) {
				t.Errorf("gone over: keeps %q, %+v", b.kept(), report.Links)
			}
			if left := b.column(`SELECT count(*)::text FROM checkout_links WHERE removed_at IS NULL`)[0]; left != "80" {
				t.Errorf("%s live links: those before do not stay as last seen", left)
			}
			b.polar.Use(mine...)
			if _, err := b.attempt(source, syncer.Options{}); !errors.Is(err, syncer.ErrOtherOrganization) {
				t.Errorf("and back again: %v", err)
			}
		})
	}
}

func idsOfAnswers(answers []fetchtest.Answer) (all []string) {
	for _, a := range answers {
		all = append(all, a.ID)
	}
	return all
}

// TestAnotherServerIsRefusedBeforeItIsAsked points a source at a server that shows the
// same links: it may be the sandbox.
func TestAnotherServerIsRefusedBeforeItIsAsked(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	one, two := benchOn(t, fetchtest.Start(t, "seed-ads"), d), benchOn(t, fetchtest.Start(t, "seed-ads"), d)
	one.run(one.all())
	_, err := two.attempt(two.all(), syncer.Options{})
	if !errors.Is(err, syncer.ErrOtherOrganization) || !strings.Contains(err.Error(), one.polar.URL) || !strings.Contains(err.Error(), two.polar.URL) {
		t.Errorf("does not name both servers: %v", err)
	}
	if n := two.polar.Requests().Total; n != 0 {
		t.Errorf("%d requests", n)
	}
	if report, err := two.attempt(two.all(), syncer.Options{NewOrganization: true}); err != nil || report.Links.Unchanged != 20 {
		t.Errorf("told to go over: %v, %+v", err, report.Links)
	}
	two.run(two.all())
	if _, err := one.attempt(one.all(), syncer.Options{}); !errors.Is(err, syncer.ErrOtherOrganization) {
		t.Errorf("the first server is still good: %v", err)
	}
}

// TestAPersonalTokenSeesSeveralOrganizations adds one beside the one that is kept. LIST
// shows its links first, a whole page of them.
func TestAPersonalTokenSeesSeveralOrganizations(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"all", "by id"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "seed-ads")
			b.run(b.all())
			b.polar.Use(append(linksOf(t, "alpha"), linksOf(t, "seed-ads")...)...)
			source := b.all()
			if way == "by id" { // only links of the new one
				source = b.links()
				source.IDs = ids(t, idsOfAnswers(linksOf(t, "alpha"))...)
			}
			report, err := b.attempt(source, syncer.Options{NewOrganization: true}) // which says nothing here
			if err != nil || report.Links.Changed != 120 {
				t.Errorf("%v, %+v", err, report.Links)
			}
			if want := []string{adsOrganization, alphaOrganization}; !slices.Equal(b.kept(), want) {
				t.Errorf("keeps %q", b.kept())
			}
		})
	}
}

// TestWhatARunDidNotSeeIsNoBound lets an organization's only link go and come back,
// while runs see another organization: what they began with bounds no change of it.
func TestWhatARunDidNotSeeIsNoBound(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed")
	other := linksOf(t, "seed-ads")[0]
	b.polar.Add(other)
	b.run(b.all())
	b.polar.Delete(other.ID)
	if report, err := b.attempt(b.all(), syncer.Options{AllowMassRemoval: true}); err != nil || report.Links.Removed != 1 {
		t.Fatalf("%v, %+v", err, report.Links)
	}
	b.run(b.all())
	b.polar.Add(other)
	b.run(b.all())
	got := b.column(`
		SELECT (SELECT string_agg(r.number::text, ' ') FROM sync_runs AS r WHERE c.not_before BETWEEN r.started_at AND r.finished_at)
		FROM changes AS c WHERE c.op = 'restore'`)
	if !slices.Equal(got, []string{"2"}) {
		t.Errorf("it came back after run %q, which saw it gone", got)
	}
	seen := b.column(`SELECT cardinality(seen_organization_ids)::text FROM sync_runs ORDER BY number`)
	if want := []string{"2", "1", "1", "2"}; !slices.Equal(seen, want) {
		t.Errorf("the runs saw %q organizations, want %q", seen, want)
	}
}

// TestARemovalIsBoundByTheRunBefore lets a link go that two runs have shown: no answer
// tells whose it was, and yet the later one bounds it.
func TestARemovalIsBoundByTheRunBefore(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	b.run(b.links())
	b.run(b.links())
	b.polar.Delete(b.polar.LinkIDs()[0])
	b.run(b.links())
	got := b.column(`SELECT (SELECT r.number::text FROM sync_runs AS r WHERE r.observing_since = c.not_before) FROM changes AS c WHERE c.op = 'remove'`)
	if !slices.Equal(got, []string{"2"}) {
		t.Errorf("it went after run %q", got)
	}
}

// TestAResumedRunSawWhatTheStoppedOneDid stops a backfill behind the only link of one
// organization; the next one goes on with those of the other.
func TestAResumedRunSawWhatTheStoppedOneDid(t *testing.T) {
	t.Parallel()
	b := newBench(t, "alpha")
	theirs := slices.MinFunc(linksOf(t, "seed-ads"), func(a, b fetchtest.Answer) int { return strings.Compare(a.ID, b.ID) })
	b.polar.Add(theirs)
	source := b.links()
	if source.IDs[99].String() <= theirs.ID {
		t.Fatal("it is not among the first hundred")
	}
	b.stopped(source, fetchtest.OnLink(source.IDs[120].String()))
	if report := b.resumed(source, false); report.Links.Total > 30 {
		t.Fatalf("not resumed: %+v", report.Links)
	}
	seen := b.column(`SELECT array_to_string(seen_organization_ids, ' ') FROM sync_runs ORDER BY number DESC LIMIT 1`)
	if want := []string{adsOrganization + " " + alphaOrganization}; !slices.Equal(seen, want) {
		t.Errorf("saw %q, want %q", seen, want)
	}
}
