package db_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// show saves a batch without rows, as if its links were of the organizations.
func show(tb testing.TB, d *db.DB, run *db.Run, organizations ...uuid.UUID) {
	tb.Helper()
	claim(tb, d, run, organizations...)
	if _, err := d.Save(tb.Context(), run, &db.Batch{Organizations: organizations, Shown: organizations}); err != nil {
		tb.Fatal(err)
	}
}

// addLink inserts a live link of the organization, as if a run had.
func addLink(tb testing.TB, d *db.DB, organization uuid.UUID) (id uuid.UUID) {
	tb.Helper()
	id = uuid.New()
	exec(tb, d, `INSERT INTO checkout_links (id, created_at, organization_id, url, client_secret, payment_processor, allow_discount_codes, metadata, first_seen_at, changed_at)
		VALUES ($1, $2, $3, '', '', 'stripe', true, '{}', $2, $2)`, id, noon, organization)
	return id
}

func finishWith(tb testing.TB, d *db.DB, run *db.Run, result db.Result) {
	tb.Helper()
	if err := d.FinishRun(tb.Context(), run, result); err != nil {
		tb.Fatal(err)
	}
}

func startWith(tb testing.TB, d *db.DB, start db.Start) *db.Run {
	tb.Helper()
	start.Source, start.Trigger, start.Scope = "shop", "test", "all"
	run, err := d.StartRun(tb.Context(), start)
	if err != nil {
		tb.Fatal(err)
	}
	return run
}

func TestASourceKeepsTheOrganizationsItWasShown(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	keeps := func(run *db.Run, want ...db.Organization) {
		t.Helper()
		if diff := cmp.Diff(want, run.Kept, cmpopts.IgnoreUnexported(db.Organization{})); diff != "" {
			t.Errorf("kept:\n%s", diff)
		}
	}
	first := startWith(t, d, db.Start{Server: "https://a"})
	if keeps(first); first.Organizations != nil {
		t.Errorf("a first run claims %v", first.Organizations)
	}
	if _, err := d.Save(t.Context(), first, &db.Batch{Organizations: []uuid.UUID{organization(1)}, Shown: []uuid.UUID{organization(1)}}); !errors.Is(err, db.ErrLost) {
		t.Fatalf("a batch without its claims: %v", err)
	}
	keeps(first) // a batch that did not land has shown nothing
	show(t, d, first, organization(1))
	show(t, d, first, organization(1), organization(2))
	keeps(first, db.Organization{ID: organization(1), Server: "https://a"}, db.Organization{ID: organization(2), Server: "https://a"})
	finishWith(t, d, first, db.Result{Status: db.Succeeded, Seen: []uuid.UUID{organization(1), organization(2)}})

	// The previous run is the last one that saw the organization and finished.
	second := startWith(t, d, db.Start{Server: "https://a"})
	finishWith(t, d, second, db.Result{Status: db.Partial, Seen: []uuid.UUID{organization(1)}})
	finishWith(t, d, startWith(t, d, db.Start{Server: "https://a"}), db.Result{Status: db.Failed, Seen: []uuid.UUID{organization(1)}})
	kept, err := d.KeptOrganizations(t.Context(), db.Start{Source: "shop", Scope: "all"})
	if err != nil {
		t.Fatal(err)
	}
	keeps(&db.Run{Kept: kept},
		db.Organization{ID: organization(1), Server: "https://a", Previous: second.Since},
		db.Organization{ID: organization(2), Server: "https://a", Previous: first.Since})

	// A source that goes over to another forgets them, with the first batch of that.
	moving := startWith(t, d, db.Start{Server: "https://b"})
	moving.Kept, moving.Moves = nil, true
	if n := ask[int](t, d, "SELECT count(*) FROM source_organizations"); n != 2 {
		t.Errorf("%d organizations before there is a batch", n)
	}
	show(t, d, moving, organization(3))
	show(t, d, moving, organization(4))
	finishWith(t, d, moving, db.Result{Status: db.Succeeded})
	last := startWith(t, d, db.Start{Server: "https://b"})
	keeps(last, db.Organization{ID: organization(3), Server: "https://b"}, db.Organization{ID: organization(4), Server: "https://b"})
	if first := ask[time.Time](t, d, "SELECT DISTINCT first_seen_at FROM source_organizations"); !first.Equal(moving.Since) {
		t.Errorf("first seen %v, want %v", first, moving.Since)
	}
}

// TestARunClaimsWhatItsSourceWantsLinksOf lets a source want more and fewer links of
// the organizations that it keeps.
func TestARunClaimsWhatItsSourceWantsLinksOf(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	run := startWith(t, d, db.Start{})
	show(t, d, run, organization(1), organization(2), organization(3))
	finish(t, d, run)
	one, two := addLink(t, d, organization(1)), addLink(t, d, organization(2))
	addLink(t, d, organization(4)) // another source's
	for _, test := range []struct {
		links []uuid.UUID
		want  []uuid.UUID
	}{
		{nil, []uuid.UUID{organization(1), organization(2)}}, // none is left of 3
		{[]uuid.UUID{two, uuid.New()}, []uuid.UUID{organization(2)}},
		{[]uuid.UUID{one, two}, []uuid.UUID{organization(1), organization(2)}},
	} {
		run := startWith(t, d, db.Start{Links: test.links})
		if diff := cmp.Diff(test.want, run.Organizations); diff != "" {
			t.Errorf("%v:\n%s", test.links, diff)
		}
		finish(t, d, run)
	}
	exec(t, d, "UPDATE checkout_links SET removed_at = now() WHERE id = $1", one)
	if run := startWith(t, d, db.Start{}); len(run.Organizations) != 1 {
		t.Errorf("claims %v with its last link gone", run.Organizations)
	}
}
