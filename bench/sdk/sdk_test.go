package sdk_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/polarsource/polar-go/models/components"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/fetch/wire"
)

// Ours reads every recorded link, and where the SDK can read it too, both see
// the same except for the losses.
func TestBothReadTheSame(t *testing.T) {
	t.Parallel()
	compared := 0
	shown, lost := map[string]bool{}, map[string]bool{}
	for _, scenario := range fetchtest.Scenarios() {
		links, unread := recorded(t, scenario), map[string]int{}
		for _, answer := range links {
			ours, _, err := fetch.DecodeLink(answer.Body)
			if err != nil {
				t.Errorf("%s: link %s: ours: %v", scenario, answer.ID, err)
				continue
			}
			if ours.ID.String() != answer.ID {
				t.Errorf("%s: link %s: ours has id %s", scenario, answer.ID, ours.ID)
			}
			var theirs components.CheckoutLink
			if err := json.Unmarshal(answer.Body, &theirs); err != nil {
				unread[reason(err)]++
				continue
			}
			compared++
			note(ours, shown)
			forget(ours, lost)
			if diff := cmp.Diff(converter{t}.link(&theirs), ours, cmpopts.IgnoreTypes(wire.Span{}), byValue); diff != "" {
				t.Fatalf("%s: link %s (-SDK +ours):\n%s", scenario, answer.ID, diff)
			}
		}
		t.Log(summary(scenario, len(links), unread))
	}
	if compared == 0 {
		t.Error("no link was compared")
	}
	why := map[string]string{}
	for _, l := range losses {
		why[l.field] = l.why
		if l.forget != nil && !lost[l.field] {
			t.Errorf("%s is named as a loss (%s), and nothing was lost", l.field, l.why)
		}
		if l.forget == nil && shown[l.field] {
			t.Errorf("%s is named as not shown (%s), and is", l.field, l.why)
		}
	}
	for _, name := range names(reflect.TypeFor[fetch.CheckoutLink]()) {
		switch {
		case !inSDK(name):
			t.Logf("%s is not in the SDK, and not compared", name)
		case !shown[name] && why[name] == "":
			t.Errorf("%s was not compared: no link has a value", name)
		}
	}
}

// note collects the fields that have a value.
func note(link *fetch.CheckoutLink, shown map[string]bool) {
	walk(reflect.ValueOf(link), func(name string, _, field reflect.Value) {
		if !field.IsZero() {
			shown[name] = true
		}
	})
}

// forget drops from our link what the SDK loses.
func forget(link *fetch.CheckoutLink, lost map[string]bool) {
	walk(reflect.ValueOf(link), func(name string, parent, field reflect.Value) {
		if !inSDK(name) {
			field.SetZero()
		}
		for _, l := range losses {
			if l.field == name && l.forget != nil && l.forget(parent, field) {
				lost[name] = true
			}
		}
	})
}

// byValue compares raw JSON by meaning, numbers exactly.
var byValue = cmp.Transformer("meaning", func(text json.RawMessage) any {
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return string(text)
	}
	for key, member := range v {
		if number, is := member.(json.Number); is {
			if exact, ok := new(big.Rat).SetString(number.String()); ok {
				v[key] = json.Number(exact.RatString())
			}
		}
	}
	return v
})

// reason explains briefly why the SDK cannot read a body. For a price the SDK
// only says that nothing fits, and quotes it: so the price is read again, as
// the kind it claims to be.
func reason(err error) string {
	text := err.Error()
	start, end := strings.Index(text, "`"), strings.LastIndex(text, "`")
	if start == end {
		return text
	}
	quoted := []byte(text[start+1 : end])
	var price struct {
		Kind string `json:"amount_type"`
	}
	if json.Unmarshal(quoted, &price) != nil || price.Kind == "" {
		return text[:start] + "..." + text[end+1:]
	}
	why := fmt.Sprint(json.Unmarshal(quoted, new(components.ProductPrice)))
	return "price of kind " + price.Kind + ":" + why[strings.LastIndex(why, "`")+1:]
}

func summary(scenario string, links int, unread map[string]int) string {
	var lines strings.Builder
	total := 0
	for _, why := range slices.Sorted(maps.Keys(unread)) {
		total += unread[why]
		fmt.Fprintf(&lines, "\n  %4d  %s", unread[why], why)
	}
	return fmt.Sprintf("%s: %d distinct links, the SDK cannot read %d%s", scenario, links, total, lines.String())
}
