package fetch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"syncer/internal/fetch"
	"syncer/internal/fetch/wire"
)

// FuzzDecodeLink expects no loss from any text that reads as a link.
func FuzzDecodeLink(f *testing.F) {
	kinds := map[string]bool{} // one small link of each combination
	for _, body := range recorded(f) {
		var kind strings.Builder
		for _, word := range []string{"custom", "free", "metered_unit", "metered_tiers", "seat_based", "unit_based", "percentage", "amounts", "legacy", "medias\":[{", "benefits\":[{"} {
			if bytes.Contains(body, []byte(word)) {
				kind.WriteString(word)
			}
		}
		if !kinds[kind.String()] && len(body) < 20_000 {
			kinds[kind.String()] = true
			f.Add(body)
		}
	}
	smallest := recorded(f)[0]
	for was, is := range map[string]string{
		`"label":`:  `"new":{"a":[1180591620717411303424,1e300,"\ud800"]},"label":`,
		`"seats":`:  `"seats":1e3,"seats":`,
		`"url":`:    `"U\u0000rl":"\u0000","url":`,
		`"fixed"`:   `"odd"`,
		`"prices":`: `"prices":[{"id":1}],"old":`,
		`Z"`:        `"`,
	} {
		f.Add(bytes.ReplaceAll(smallest, []byte(was), []byte(is)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		link, _, err := fetch.DecodeLink(body)
		if err != nil {
			if _, ok := errors.AsType[*wire.Error](err); !ok || link != nil {
				t.Fatalf("link %v, error %#v", link, err)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatal("not JSON")
		}
		if !ambiguous.Match(body) {
			nothingLost(t, body, link)
		}
	})
}

// ambiguous texts make encoding/json merge two keys of a map into one, or hold
// a number too large for memory.
var ambiguous = regexp.MustCompile(`\\u0000|\\u[dD][89a-fA-F]|[^\x00-\x7f]|[eE][+-]?\d{4}`)
