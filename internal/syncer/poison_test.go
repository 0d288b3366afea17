package syncer_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/db"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer"
	"syncer/internal/syncer/oracle"
)

// TestPoisonCostsOneLink sends links that cannot be read, or that Postgres cannot
// hold, among many good ones: they are on record with their bodies, all others
// land, and they clear when they are healed.
func TestPoisonCostsOneLink(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		poison, kind, path string
	}{
		"rows that Postgres refuses":  {`label "poison"`, "rejected", "NULL"},
		"a required field is null":    {`products[0].is_recurring null`, "bad_answer", "products[0].is_recurring"},
		"a required field is missing": {`products[0].prices[0].amount_type -`, "bad_answer", "products[0].prices[0].amount_type"},
		"no JSON":                     {"", "bad_answer", "NULL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for kind, source := range map[string]func(*bench) syncer.Source{"by id": (*bench).links, "all": (*bench).all} {
				rec, err := fetchtest.Load("alpha")
				if err != nil {
					t.Fatal(err)
				}
				b, o := newBench(t, "alpha"), oracle.New()
				b.exec(`ALTER TABLE checkout_links ADD CHECK (label <> 'poison')`)
				answers := b.answers(rec)
				bad := map[string]bool{}
				for _, i := range []int{3, 50, 99, 100, 119} {
					if name == "no JSON" {
						b.polar.Set(answers[i].ID, fetchtest.Answer{Body: answers[i].Body[:len(answers[i].Body)-1]})
					} else {
						b.polar.Overlay(fmt.Sprint(i, " ", test.poison))
					}
					bad[answers[i].ID] = true
					answers[i].Status = 500 // nothing the oracle can use
				}
				for run := 1; run <= 2; run++ {
					report := b.run(source(b))
					if report.Status != db.Partial || report.Links.Failed != len(bad) || report.Links.Total != 120 {
						t.Fatalf("%s: %s, %+v", kind, report.Status, report.Links)
					}
					if err := o.Observe(b.at(), answers); err != nil {
						t.Fatal(err)
					}
					b.check(o)
					for _, line := range b.column(`SELECT checkout_link_id || ' ' || kind || ' ' || coalesce(path, 'NULL') || ' ' || attempts || ' ' || (body LIKE '%client_secret%') FROM sync_failures`) {
						id, rest, _ := strings.Cut(line, " ")
						want := fmt.Sprintf("%s %s %d true", test.kind, test.path, run)
						if !bad[id] || rest != want {
							t.Errorf("%s: on record: %s %s, want %s", kind, id, rest, want)
						}
					}
				}
				// The first run saw it fail first, the second one last.
				when := b.column(`
					SELECT DISTINCT concat_ws(' ', (SELECT number FROM sync_runs WHERE since BETWEEN started_at AND finished_at),
						(SELECT number FROM sync_runs WHERE last_at BETWEEN started_at AND finished_at))
					FROM sync_failures`)
				if diff := cmp.Diff([]string{"1 2"}, when); diff != "" {
					t.Errorf("%s: the runs of since and last_at:\n%s", kind, diff)
				}
				b.polar.Reset()
				if report := b.run(source(b)); report.Status != db.Succeeded || report.Links.Changed != len(bad) {
					t.Errorf("%s: healed, and %s %+v", kind, report.Status, report.Links)
				}
				if left := b.column(`SELECT checkout_link_id::text FROM sync_failures`); left != nil {
					t.Errorf("%s: failures left: %q", kind, left)
				}
			}
		})
	}
}

// TestALinkThatListCannotShowIsOnRecord has links that Polar cannot show, or whose id
// cannot be read, and whose id nobody knows yet: each is on record by its place, in
// every output, all others land, and once they are healed they land too.
func TestALinkThatListCannotShowIsOnRecord(t *testing.T) {
	t.Parallel()
	b := newBench(t, "alpha")
	links := b.polar.LinkIDs()
	for _, place := range []int{7, 8, 103} {
		b.polar.Set(links[place-1], fetchtest.Answer{Status: 500})
	}
	b.polar.Overlay(`110 id "none"`)
	var logged bytes.Buffer
	b.syncer.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	place := func(n int) string { return fmt.Sprintf("link %d of the organization's list", n) }
	want := []string{place(7) + " unavailable", place(8) + " unavailable", place(103) + " unavailable", place(111) + " bad_answer"}
	for run := 1; run <= 2; run++ {
		report := b.run(b.all())
		if report.Status != db.Partial || report.Links.Failed != 4 || report.Links.Total != 120 {
			t.Errorf("%s, %+v", report.Status, report.Links)
		}
		var told []string
		for _, f := range report.Failures {
			told = append(told, f.ID+" "+f.Kind)
			if !strings.Contains(logged.String(), fmt.Sprintf("link=%q kind=%s", f.ID, f.Kind)) {
				t.Errorf("not logged: %s", f.ID)
			}
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Error(diff)
		}
		record := b.column(`SELECT link || ' ' || kind || ' ' || attempts FROM sync_failures WHERE checkout_link_id IS NULL ORDER BY place`)
		for i := range record {
			record[i] = strings.TrimSuffix(record[i], fmt.Sprint(" ", run))
		}
		if diff := cmp.Diff(want, record); diff != "" {
			t.Errorf("on record: %s", diff)
		}
		failing, err := b.db.FailingLinks(t.Context(), "test", 10)
		if err != nil || len(failing) != 4 {
			t.Errorf("%+v, %v", failing, err)
		}
		for _, f := range failing {
			if !slices.Contains(want, f.Link+" "+f.Kind) {
				t.Errorf("%+v", f)
			}
		}
	}
	b.polar.Reset()
	if report := b.run(b.all()); report.Status != db.Succeeded || report.Links.Total != 120 {
		t.Errorf("healed: %s, %+v", report.Status, report.Links)
	}
	if left := b.column(`SELECT link FROM sync_failures`); left != nil {
		t.Errorf("failures left: %q", left)
	}
}
