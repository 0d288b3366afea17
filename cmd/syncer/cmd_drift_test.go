package main

import "testing"

// TestDriftSuggestsWhatToDo sends an unknown key and an unknown value.
func TestDriftSuggestsWhatToDo(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	once(t, p.env, exitDone, "drift").printing("no drift")
	p.polar.Overlay(`
		0 payment_processor "abacus"
		0 api_token         "hush"
		0 colour            "blue"`)
	backfilled(t, p.env, exitDone)
	backfilled(t, p.env, exitDone)
	once(t, p.env, exitDone, "drift").printing(`key colour = "blue"`, "in 2 links", "The value is in extra", `value payment_processor = "abacus"`, "key api_token = [hidden]")
	entries := decode[[]driftEntry](t, once(t, p.env, exitDone, "drift", "--json").stdout.String())
	if len(entries) != 3 {
		t.Errorf("%+v", entries)
	}
}
