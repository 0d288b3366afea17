package fetch_test

import (
	"bytes"
	"hash/maphash"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/wire"
)

func TestASpanIsWhereAnObjectStands(t *testing.T) {
	t.Parallel()
	spans := map[string]int{}
	for i, body := range recorded(t) {
		if i%20 > 0 {
			continue
		}
		link, _, err := fetch.DecodeLink(body)
		if err != nil {
			t.Fatal(err)
		}
		places(parse(t, body), func(owner reflect.Type, o object, at trail) {
			sent := reflect.Indirect(at.inLink(link)).FieldByName("Sent")
			if !sent.IsValid() {
				return
			}
			spans[owner.Name()]++
			span := sent.Interface().(wire.Span)
			if got := parse(t, body[span.Start:span.End]); !reflect.DeepEqual(o, got) {
				t.Errorf("%s: %s", at, cmp.Diff(o, got))
			}
		})
	}
	if len(spans) != 6 {
		t.Errorf("spans of %v", spans)
	}
}

// prints are the prints of a body by the id they are of, each one sum.
func prints(t *testing.T, seed maphash.Seed, body []byte) map[uuid.UUID]uint64 {
	t.Helper()
	observed := fetch.ObserveBody(body)
	if observed.Err != nil {
		t.Fatal(observed.Err)
	}
	all := map[uuid.UUID]uint64{}
	for _, p := range observed.Prints(seed) {
		if sum, ok := all[p.ID]; ok && sum != p.Sum {
			t.Errorf("%s has two prints", p.ID)
		}
		all[p.ID] = p.Sum
	}
	return all
}

func TestAPrintIsOfEverythingThatOtherLinksMayShow(t *testing.T) {
	t.Parallel()
	seed := maphash.MakeSeed()
	bodies := recorded(t)
	kinds := map[string]bool{}
	for _, body := range bodies[:20] {
		var want []string
		places(parse(t, body), func(owner reflect.Type, o object, _ trail) {
			if slices.Contains([]string{"Product", "Benefit", "Media", "Meter", "Discount"}, owner.Name()) {
				want, kinds[owner.Name()] = append(want, o["id"].(string)), true
			}
		})
		var got []string
		for id := range prints(t, seed, body) {
			got = append(got, id.String())
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
			t.Error(diff)
		}
	}
	if len(kinds) < 4 {
		t.Errorf("prints of %v", kinds)
	}
	if got := (&fetch.Observed{}).Prints(seed); got != nil {
		t.Errorf("%v of an observation without a link", got)
	}
}

func TestAPrintTellsCopiesApartButForTheOrderOfPrices(t *testing.T) {
	t.Parallel()
	seed := maphash.MakeSeed()
	sent, product := linkWith(t, "Product")
	for _, body := range recorded(t) {
		found := false
		places(parse(t, body), func(owner reflect.Type, o object, at trail) {
			if prices, ok := o["prices"].([]any); ok && owner.Name() == "Product" && len(prices) > 2 && !found {
				sent, product, found = parse(t, body), at, true
			}
		})
		if found {
			break
		}
	}
	same := prints(t, seed, text(t, sent))
	p := product.in(sent).(object)
	id := uuid.MustParse(p["id"].(string))

	list := p["prices"].([]any)
	for range list {
		list = append(list[1:], list[0])
		p["prices"] = list
		if diff := cmp.Diff(same, prints(t, seed, text(t, sent))); diff != "" {
			t.Errorf("the order of prices counts: %s", diff)
		}
	}
	sent["label"], sent["metadata"] = "another", object{"a": "b"}
	if diff := cmp.Diff(same, prints(t, seed, text(t, sent))); diff != "" {
		t.Errorf("the link itself counts: %s", diff)
	}
	for name, change := range map[string]func(product object){
		"its name":       func(o object) { o["name"] = "another" },
		"a price":        func(o object) { o["prices"].([]any)[0].(object)["tax_behavior"] = "exclusive" },
		"a price less":   func(o object) { o["prices"] = o["prices"].([]any)[1:] },
		"an unknown key": func(o object) { o["new"] = 1 },
		"a benefit":      func(o object) { o["benefits"] = append(o["benefits"].([]any), o["benefits"].([]any)...) },
	} {
		other := parse(t, text(t, sent))
		before := text(t, other)
		change(product.in(other).(object))
		if bytes.Equal(before, text(t, other)) {
			continue // this product has none
		}
		if got := prints(t, seed, text(t, other)); got[id] == same[id] {
			t.Errorf("%s does not count", name)
		}
	}
	if slices.Equal(slices.Sorted(maps.Values(same)), slices.Sorted(maps.Values(prints(t, maphash.MakeSeed(), text(t, sent))))) {
		t.Error("the seed does not count")
	}
}
