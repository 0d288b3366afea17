package fetch_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"testing"

	"syncer/internal/fetch/fetchtest"
)

// sample is a link that has every key Polar ever sent, and a price of every kind.
// The first price has the keys of all kinds.
//
//go:embed testdata/link.json
var sample []byte

// edited is the sample after a change: see fetchtest.Edit. All bodies are on one
// line, so that what is kept as sent is easy to tell.
func edited(tb testing.TB, text string) []byte {
	tb.Helper()
	var body bytes.Buffer
	if err := json.Compact(&body, sample); err != nil {
		tb.Fatal(err)
	}
	changed, err := fetchtest.Edit(body.Bytes(), text)
	if err != nil {
		tb.Fatal(err)
	}
	return changed
}
