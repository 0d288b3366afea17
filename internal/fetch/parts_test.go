package fetch_test

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/fetch"
)

// sums are a part's fingerprint and content.
type sums struct{ fingerprint, content uint64 }

// parts returns the sums of everything that other links may show too, by id.
// Copies in one body must be alike.
func parts(tb testing.TB, seed maphash.Seed, body []byte) map[uuid.UUID]sums {
	tb.Helper()
	observed := fetch.ObserveBody(body)
	if observed.Err != nil {
		tb.Fatal(observed.Err)
	}
	return partsOf(tb, seed, &observed)
}

func partsOf(tb testing.TB, seed maphash.Seed, observed *fetch.Observed) map[uuid.UUID]sums {
	tb.Helper()
	all := map[uuid.UUID]sums{}
	for part := range observed.Link.Parts() {
		if part.Kind == "price" {
			continue
		}
		s := sums{observed.Fingerprint(seed, &part), part.Content(seed)}
		if other, twice := all[part.ID]; twice && other != s {
			tb.Errorf("two copies of %s %s differ", part.Kind, part.ID)
		}
		all[part.ID] = s
	}
	return all
}

// TestPartsAreEverythingNested compares the parts of recorded links with their
// bodies: kind, id, name, owner, and place.
func TestPartsAreEverythingNested(t *testing.T) {
	t.Parallel()
	seed := maphash.MakeSeed()
	kinds := map[string]int{}
	for _, body := range recorded(t) {
		observed := fetch.ObserveBody(body)
		if observed.Err != nil {
			t.Fatal(observed.Err)
		}
		var got, want []string
		for part := range observed.Link.Parts() {
			kinds[part.Kind]++
			if part.Kind != "price" && part.Content(seed) == 0 {
				t.Errorf("a %s has no content: torn copies would pass for alike", part.Kind)
			}
			var sent struct{ ID, OrganizationID, Name, Description string }
			if err := json.Unmarshal(withoutUnderscores(body[part.Sent.Start:part.Sent.End]), &sent); err != nil {
				t.Fatal(err)
			}
			organization := strings.Trim(strings.ReplaceAll(part.Organization.String(), uuid.Nil.String(), ""), " ")
			if sent.ID != part.ID.String() || sent.OrganizationID != organization {
				t.Errorf("%s %s of %q: where it stands is %+v", part.Kind, part.ID, organization, sent)
			}
			name := map[string]string{"benefit": sent.Description, "price": part.Name}[part.Kind]
			if part.Name != name && part.Name != sent.Name {
				t.Errorf("%s is called %q, and %+v was sent", part.Kind, part.Name, sent)
			}
			got = append(got, part.Kind+" "+part.ID.String())
		}
		l := observed.Link
		if l.Discount != nil {
			want = append(want, "discount "+l.Discount.ID.String())
		}
		for _, p := range l.Products {
			want = append(want, "product "+p.ID.String())
			for _, price := range p.Prices {
				want = append(want, "price "+price.ID.String())
				if price.Meter != nil {
					want = append(want, "meter "+price.Meter.ID.String())
				}
			}
			for _, b := range p.Benefits {
				want = append(want, "benefit "+b.ID.String())
			}
			for _, m := range p.Medias {
				want = append(want, "media "+m.ID.String())
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		for range l.Parts() { // stopping early must be safe
			break
		}
	}
	if len(kinds) != 6 {
		t.Errorf("the recordings hold %v", kinds)
	}
}

// withoutUnderscores lets encoding/json find organization_id by a field's name.
func withoutUnderscores(body []byte) []byte { return bytes.ReplaceAll(body, []byte("_"), nil) }

// TestWhatTellsCopiesApart changes a recorded answer: spelling counts for the
// fingerprint, meaning for the content.
func TestWhatTellsCopiesApart(t *testing.T) {
	t.Parallel()
	seed := maphash.MakeSeed()
	var body []byte
	for _, b := range recorded(t) { // one that has everything
		l := fetch.ObserveBody(b).Link
		if l.Discount != nil && slices.ContainsFunc(l.Products, func(p fetch.Product) bool { return len(p.Prices) > 1 && len(p.Benefits) > 0 && len(p.Medias) > 0 }) &&
			(body == nil || len(b) < len(body)) {
			body = b
		}
	}
	if body == nil {
		t.Fatal("no recorded link has everything")
	}
	link := fetch.ObserveBody(body).Link
	at := slices.IndexFunc(link.Products, func(p fetch.Product) bool { return len(p.Prices) > 1 && len(p.Benefits) > 0 && len(p.Medias) > 0 })
	product := &link.Products[at]
	before := parts(t, seed, body)
	text := func(start, end int) string { return string(body[start:end]) }
	first, second := product.Prices[0].Sent, product.Prices[1].Sent
	benefit, discount := product.Benefits[0], link.Discount
	replaced := func(old, now string) []byte { return bytes.ReplaceAll(body, []byte(old), []byte(now)) }
	in := func(start, end int, pattern, now string) []byte { // within one object, wherever it stands
		old := text(start, end)
		return replaced(old, regexp.MustCompile(pattern).ReplaceAllString(old, now))
	}
	for name, test := range map[string]struct {
		body              []byte
		id                uuid.UUID
		rewritten, differ bool
	}{
		"nothing":                        {body, product.ID, false, false},
		"the order of prices":            {slices.Concat(body[:first.Start], body[second.Start:second.End], body[first.End:second.Start], body[first.Start:first.End], body[second.End:]), product.ID, false, false},
		"a product's name":               {in(product.Sent.Start, product.Sent.End, `"name":"`, `"name":"x`), product.ID, true, true},
		"an unknown key":                 {in(product.Sent.Start, product.Sent.End, `^\{`, `{"new":1,`), product.ID, true, false},
		"a price":                        {in(first.Start, first.End, `"tax_behavior":(null|"[a-z]+")`, `"tax_behavior":"other"`), product.ID, true, true},
		"white space":                    {in(product.Sent.Start, product.Sent.End, `^\{`, `{ `), product.ID, true, false},
		"a benefit's text, its product":  {in(benefit.Sent.Start, benefit.Sent.End, `"description":"`, `"description":"x`), product.ID, true, false},
		"a benefit's text, itself":       {in(benefit.Sent.Start, benefit.Sent.End, `"description":"`, `"description":"x`), benefit.ID, true, true},
		"a benefit twice":                {in(benefit.Sent.Start, benefit.Sent.End, `(?s)^(.*)$`, `$1,$1`), product.ID, true, true},
		"a discount's redemptions":       {in(discount.Sent.Start, discount.Sent.End, `"redemptions_count":`, `"redemptions_count":1`), discount.ID, true, false},
		"a discount's name":              {in(discount.Sent.Start, discount.Sent.End, `"name":"`, `"name":"x`), discount.ID, true, true},
		"another key of the link itself": {replaced(`"label":`, `"new":1,"label":`), product.ID, false, false},
	} {
		if name != "nothing" && bytes.Equal(test.body, body) {
			t.Errorf("%s: this link has none", name)
		}
		after := parts(t, seed, test.body)[test.id]
		if (after.fingerprint != before[test.id].fingerprint) != test.rewritten || (after.content != before[test.id].content) != test.differ {
			t.Errorf("%s: rewritten %v, want %v; differs %v, want %v", name,
				after.fingerprint != before[test.id].fingerprint, test.rewritten, after.content != before[test.id].content, test.differ)
		}
	}
	if parts(t, maphash.MakeSeed(), body)[product.ID] == before[product.ID] {
		t.Error("the seed does not count")
	}
}
