package db_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// TestAStoryHoldsWhatIsKnown grows a link: it is unknown, it fails, it has a
// row, and a run has seen it.
func TestAStoryHoldsWhatIsKnown(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	link := uuid.MustParse("00000000-0000-4000-8000-000000000001")
	read := func() *db.Story {
		t.Helper()
		story, err := d.Story(t.Context(), link, 10)
		if err != nil {
			t.Fatal(err)
		}
		return story
	}
	if story := read(); story != nil {
		t.Errorf("nothing: %+v", story)
	}
	exec(t, d, `INSERT INTO sync_failures (source, checkout_link_id, since, last_at, kind, message, run_id)
		VALUES ('shop', $1, $2, $2, 'status', 'no', gen_random_uuid())`, link, noon)
	if story := read(); story == nil || story.Link != nil || len(story.Failures) != 1 || story.Failures[0].Message != "no" {
		t.Errorf("a failure: %+v", story)
	}
	exec(t, d, `INSERT INTO products (id, created_at, organization_id, name, is_recurring, is_archived, first_seen_at, changed_at)
		SELECT ('00000000-0000-4000-8000-00000000001' || n)::uuid, $1, gen_random_uuid(), 'product ' || n, false, n = 2, $1, $1
		FROM generate_series(1, 2) AS n`, noon)
	exec(t, d, `INSERT INTO prices (id, product_id, created_at, amount_type, is_archived, price_amount, price_currency, first_seen_at, changed_at)
		SELECT gen_random_uuid(), '00000000-0000-4000-8000-000000000011', $1, 'fixed', false, n, 'usd', $1, $1 FROM generate_series(1, 2) AS n`, noon)
	exec(t, d, `INSERT INTO checkout_links (id, created_at, organization_id, url, client_secret, payment_processor, allow_discount_codes, metadata, first_seen_at, changed_at)
		VALUES ($1, $2, gen_random_uuid(), '', '', 'stripe', true, '{}', $2, $2)`, link, noon)
	exec(t, d, `INSERT INTO checkout_link_products (checkout_link_id, product_id, position)
		SELECT $1, ('00000000-0000-4000-8000-00000000001' || n)::uuid, n FROM generate_series(1, 2) AS n`, link)
	story := read()
	if story.Link == nil || !story.Link.FirstSeenAt.Equal(noon) || story.Link.LastSeenAt != nil {
		t.Errorf("a row, and a failure: %+v", story.Link)
	}
	if len(story.Offers) != 2 || len(story.Offers[0].Prices) != 2 {
		t.Fatalf("offers: %+v", story.Offers)
	}
	if diff := cmp.Diff(db.Offer{Product: "product 2", Archived: true}, story.Offers[1]); diff != "" {
		t.Errorf("archived, and without a price:\n%s", diff)
	}
	exec(t, d, `INSERT INTO meters (id, name, unit, first_seen_at, changed_at) VALUES ('00000000-0000-4000-8000-000000000021', 'calls', 'scalar', $1, $1)`, noon)
	exec(t, d, `INSERT INTO benefits (id, created_at, organization_id, type, description, selectable, deletable, credit_meter_id, first_seen_at, changed_at)
		SELECT '00000000-0000-4000-8000-000000000022', $1, gen_random_uuid(), 'meter_credit', 'credit', true, true, id, $1, $1 FROM meters`, noon)
	exec(t, d, `INSERT INTO product_benefits (product_id, position, benefit_id) SELECT '00000000-0000-4000-8000-000000000011', 0, id FROM benefits`)
	if names := read().Names; names[uuid.MustParse("00000000-0000-4000-8000-000000000021")] != "calls" {
		t.Errorf("a credit's meter has no name: %v", names)
	}
	for _, c := range story.Changes {
		if id := "00000000-0000-4000-8000-000000000012"; c.Entity == "checkout_link_products" && story.Names[uuid.MustParse(id)] != "product 2" {
			t.Errorf("names: %v", story.Names)
		}
	}

	exec(t, d, "DELETE FROM sync_failures")
	if seen := read().Link.LastSeenAt; seen == nil || !seen.Equal(noon) {
		t.Errorf("before the first run: last seen %v", seen)
	}
	for day, sees := range []bool{true, false} { // the second is of another organization
		run := startRun(t, d, "shop")
		exec(t, d, `UPDATE sync_runs SET status = 'succeeded', finished_at = now(), observing_since = $2,
			seen_organization_ids = ARRAY[CASE WHEN $3 THEN (SELECT organization_id FROM checkout_links) ELSE gen_random_uuid() END]
			WHERE id = $1`, run.ID, noon.AddDate(0, 0, day+1), sees)
		if seen := read().Link.LastSeenAt; seen == nil || !seen.Equal(noon.AddDate(0, 0, 1)) {
			t.Errorf("after run %d: last seen %v", day, seen)
		}
	}
	exec(t, d, "UPDATE checkout_links SET removed_at = $1", noon)
	if l := read().Link; l.LastSeenAt != nil || l.RemovedAt == nil {
		t.Errorf("gone: %+v", l)
	}
}
