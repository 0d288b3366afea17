package main

import (
	"strings"
	"testing"

	"syncer/internal/fetch/fetchtest"
)

// TestExplainTellsALinksStory reads the story of a link whose price changed, of
// one that is gone, of one that fails, and of one that nobody knows.
func TestExplainTellsALinksStory(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	for _, step := range []int{0, 1, 8, 9} {
		p.polar.Goto(step)
		backfilled(t, p.env, exitDone, "--all")
	}
	priced := ask[string](t, p.database, `SELECT j.checkout_link_id::text FROM prices AS r JOIN products AS p ON p.id = r.product_id
		JOIN checkout_link_products AS j ON j.product_id = p.id JOIN checkout_links AS l ON l.id = j.checkout_link_id
		WHERE p.name = 'Pro webhook 14' AND r.removed_at IS NOT NULL AND l.removed_at IS NULL ORDER BY 1 LIMIT 1`)
	once(t, p.env, exitDone, "explain", strings.ToUpper(priced)).
		printing("there: last seen ", "offers now", `price of "Pro webhook 14" 29.00 usd a seat a month -> by seats, volume: 5-39 at 5.00 usd, 40-88 at 10.00 usd, from 89 at 999.99 usd a seat a month, `, " between ")
	told := decode[story](t, once(t, p.env, exitDone, "explain", "--json", priced).stdout.String())
	if told.ID != priced || len(told.Offers) == 0 || len(told.Changes) == 0 || told.LastSeenAt == nil {
		t.Errorf("%+v", told)
	}
	removed := ask[string](t, p.database, `SELECT min(id::text) FROM checkout_links WHERE removed_at IS NOT NULL`)
	once(t, p.env, exitDone, "explain", removed).printing("gone: Polar has said so since ", " is gone, ")
	p.polar.Inject(fetchtest.Fault{Match: fetchtest.OnLink(priced), Play: fetchtest.Status(500, "Internal Server Error")})
	backfilled(t, p.env, exitPartial, priced)
	once(t, p.env, exitDone, "explain", priced).printing("has failed since ", "status 500", "its rows are as last seen")
	stranger := "ffffffff-ffff-4fff-bfff-ffffffffffff"
	once(t, p.env, exitUnexpected, "explain", stranger).saying("never synced", "syncer backfill "+stranger)
	once(t, p.env, exitUsage, "explain", "foo").saying("is not a checkout link id")
	once(t, p.env, exitUsage, "explain")
}
