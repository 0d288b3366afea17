package main

import (
	"encoding/json"
	"testing"
)

// TestADryRunSaysWhatWouldChange shows the differences of a step and exits 10;
// without any it exits 0.
func TestADryRunSaysWhatWouldChange(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	once(t, p.env, exitDifferent, "backfill", "--dry-run").printing("of 120 links, 120 would change", "Nothing was written.", "+ link is new")
	if n := ask[int](t, p.database, `SELECT (SELECT count(*) FROM checkout_links) + (SELECT count(*) FROM sync_runs) + (SELECT count(*) FROM changes)`); n != 0 {
		t.Errorf("%d rows were written", n)
	}
	backfilled(t, p.env, exitDone)
	once(t, p.env, exitDone, "backfill", "--dry-run").printing("of 120 links, 0 would change")
	p.polar.Next()
	once(t, p.env, exitDifferent, "backfill", "--dry-run").
		printing("of 120 links, 73 would change", `~ price of "Pro webhook 14" 29.00 usd a seat a month -> by seats, volume: 5-39 at 5.00 usd, 40-88 at 10.00 usd, from 89 at 999.99 usd a seat a month`)
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
