package main

import (
	"encoding/json"
	"strings"
	"testing"

	"syncer/internal/fetch/fetchtest"
)

// TestStatusShowsRunsAndWhatFails looks at a source before its first run, after
// one that was partial, and after one that healed.
func TestStatusShowsRunsAndWhatFails(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	once(t, p.env, exitDone, "status").printing("source default, schema polar", "no run yet")
	p.polar.Goto(7)
	poisoned := backfilled(t, p.env, exitPartial).Failures[0].ID
	once(t, p.env, exitDone, "status").printing("backfill  partial", "1 link fails", poisoned+"  since ", "1 run: Polar is unavailable: status 500")
	status := decode[[]sourceStatus](t, once(t, p.env, exitDone, "status", "--json").stdout.String())
	if len(status) != 1 || len(status[0].Runs) != 1 || len(status[0].Failures) != 1 || status[0].Failures[0].ID != poisoned {
		t.Errorf("%+v", status)
	}
	p.polar.Next()
	backfilled(t, p.env, exitDone)
	once(t, p.env, exitDone, "status").printing("backfill  succeeded", "no link fails")
}

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
		printing("there: last seen ", "offers now", `price of "Pro webhook 14" 29.00 usd a seat a month -> 5.00 usd a seat a month, `, " between ")
	told := decode[story](t, once(t, p.env, exitDone, "explain", "--json", priced).stdout.String())
	if told.ID != priced || len(told.Offers) == 0 || len(told.Changes) == 0 || told.LastSeenAt == nil {
		t.Errorf("%+v", told)
	}
	removed := ask[string](t, p.database, `SELECT min(id::text) FROM checkout_links WHERE removed_at IS NOT NULL`)
	once(t, p.env, exitDone, "explain", removed).printing("gone: Polar says so since ", " is gone, ")
	p.polar.Inject(fetchtest.Fault{Match: fetchtest.OnLink(priced), Play: fetchtest.Status(500, "Internal Server Error")})
	backfilled(t, p.env, exitPartial, priced)
	once(t, p.env, exitDone, "explain", priced).printing("fails since ", "status 500", "its rows are as last seen")
	stranger := "ffffffff-ffff-4fff-bfff-ffffffffffff"
	once(t, p.env, exitUnexpected, "explain", stranger).saying("never synced", "syncer backfill "+stranger)
	once(t, p.env, exitUsage, "explain", "foo").saying("no checkout link id")
	once(t, p.env, exitUsage, "explain")
}

// TestDriftSuggestsWhatToDo sends a key and a value that nobody knows.
func TestDriftSuggestsWhatToDo(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	once(t, p.env, exitDone, "drift").printing("no drift")
	link := p.polar.LinkIDs()[0]
	p.polar.Mutate(link, func(body []byte) []byte {
		return []byte(strings.Replace(string(body), `"payment_processor":"stripe"`, `"payment_processor":"abacus","api_token":"hush","colour":"blue"`, 1))
	})
	backfilled(t, p.env, exitDone)
	backfilled(t, p.env, exitDone)
	once(t, p.env, exitDone, "drift").printing(`key colour = "blue"`, "in 2 links", "The value is in extra", `value payment_processor = "abacus"`, "key api_token = [hidden]")
	entries := decode[[]driftEntry](t, once(t, p.env, exitDone, "drift", "--json").stdout.String())
	if len(entries) != 3 {
		t.Errorf("%+v", entries)
	}
}

// TestADryRunSaysWhatWouldChange shows the differences of a step, exits 10, and
// exits 0 when there are none.
func TestADryRunSaysWhatWouldChange(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	once(t, p.env, exitDifferent, "backfill", "--dry-run").printing("of 120 links 120 would change", "Nothing was written.", "+ link is new")
	if n := ask[int](t, p.database, `SELECT (SELECT count(*) FROM checkout_links) + (SELECT count(*) FROM sync_runs) + (SELECT count(*) FROM changes)`); n != 0 {
		t.Errorf("%d rows were written", n)
	}
	backfilled(t, p.env, exitDone)
	once(t, p.env, exitDone, "backfill", "--dry-run").printing("of 120 links 0 would change")
	p.polar.Next()
	once(t, p.env, exitDifferent, "backfill", "--dry-run").
		printing("of 120 links 73 would change", `~ price of "Pro webhook 14" 29.00 usd a seat a month -> 5.00 usd a seat a month`)
	var told struct {
		Links       struct{ Changed int }
		Differences []struct {
			ID      string
			Changes []json.RawMessage
		}
	}
	out := once(t, p.env, exitDifferent, "backfill", "--dry-run", "--json").stdout.String()
	if err := json.Unmarshal([]byte(out), &told); err != nil || told.Links.Changed != 73 || len(told.Differences) != 73 {
		t.Errorf("%v, %d differences", err, len(told.Differences))
	}
}

// printing makes sure that texts stand in what was printed on stdout.
func (p *process) printing(texts ...string) {
	p.tb.Helper()
	for _, text := range texts {
		if !strings.Contains(p.stdout.String(), text) {
			p.tb.Errorf("stdout does not say %q:\n%s", text, p)
		}
	}
}
