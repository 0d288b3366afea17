package main

import (
	"slices"
	"testing"
)

// TestStatusShowsRunsAndWhatFails looks at a source before its first run, after
// a partial one, and after one that healed.
func TestStatusShowsRunsAndWhatFails(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	once(t, p.env, exitDone, "status").printing("source default, schema polar", "no run yet")
	p.polar.Goto(7)
	poisoned := backfilled(t, p.env, exitPartial).Failures[0].ID
	once(t, p.env, exitDone, "status").printing("backfill  partial", "1 link fails", poisoned+"  since ", "1 run: Polar is unavailable: status 500")
	status := decode[[]sourceStatus](t, once(t, p.env, exitDone, "status", "--json").stdout.String())
	if v := status[0].Runs[0].APIVersion; v == nil || *v != "2027-01" {
		t.Errorf("API version %v", v)
	}
	if len(status) != 1 || len(status[0].Runs) != 1 || len(status[0].Failures) != 1 || status[0].Failures[0].ID != poisoned {
		t.Errorf("%+v", status)
	}
	p.polar.Next()
	backfilled(t, p.env, exitDone)
	once(t, p.env, exitDone, "status").printing("backfill  succeeded", "no link fails")
}

// TestStatusNamesLinksUnknownToPolar looks before a run has asked for a mistyped link,
// and after.
func TestStatusNamesLinksUnknownToPolar(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	backfilled(t, p.env, exitDone)
	env := p.only(someID, p.polar.LinkIDs()[0])
	read := func() []string {
		t.Helper()
		return decode[[]sourceStatus](t, once(t, env, exitDone, "status", "--json").stdout.String())[0].Unknown
	}
	if got := read(); len(got) != 0 {
		t.Errorf("before a run: %q", got)
	}
	backfilled(t, env, exitDone)
	if got := read(); !slices.Equal(got, []string{someID}) {
		t.Errorf("after it: %q", got)
	}
	once(t, env, exitDone, "status").printing("unknown to Polar: " + someID + " (deleted, of another organization, or mistyped)")
}
