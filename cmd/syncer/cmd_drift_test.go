package main

import (
	"strings"
	"testing"
)

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
