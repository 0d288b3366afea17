package fetch_test

import (
	_ "embed"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch"
	"syncer/internal/fetch/wire"
)

// rules are what Polar's answers hold: where an object stands in the sample, then
// its keys. A required key is an error when it is missing or null, a nonnull one
// when it is null, a nullable one may be both; a loose one may be anything. A kind
// of price or discount may ask for more: see kinds. Behind the type stand the texts that are known.
//
//go:embed testdata/rules.txt
var rules string

// kinds is what else a kind of price or discount must have: change the sample as
// the line says, and that key is missing.
var kinds = []struct{ change, path, reason string }{
	{"products[0].prices[0].price_amount -", "products[0].prices[0].price_amount", "missing, and a fixed price has it"},
	{"products[0].prices[0].price_currency -", "products[0].prices[0].price_currency", "missing, and a fixed price has it"},
	{"products[0].prices[1].price_currency -", "products[0].prices[1].price_currency", "missing, and a custom price has it"},
	{"products[0].prices[3].price_currency -", "products[0].prices[3].price_currency", "missing, and a metered_unit price has it"},
	{"products[0].prices[3].unit_amount -", "products[0].prices[3].unit_amount", "missing, and a metered_unit price has it"},
	{"products[0].prices[3].meter_id -", "products[0].prices[3].meter_id", "missing, and a metered_unit price has it"},
	{"products[0].prices[3].meter -", "products[0].prices[3].meter", "missing, and a metered_unit price has it"},
	{"products[0].prices[4].price_currency -", "products[0].prices[4].price_currency", "missing, and a seat_based price has it"},
	{"products[0].prices[4].seat_tiers -", "products[0].prices[4].seat_tiers", "missing, and a seat_based price has it"},
	{"products[0].prices[5].price_currency -", "products[0].prices[5].price_currency", "missing, and a unit_based price has it"},
	{"products[0].prices[5].tiers -", "products[0].prices[5].tiers", "missing, and a unit_based price has it"},
	{"products[0].prices[6].price_currency -", "products[0].prices[6].price_currency", "missing, and a metered_tiers price has it"},
	{"products[0].prices[6].tiers -", "products[0].prices[6].tiers", "missing, and a metered_tiers price has it"},
	{"products[0].prices[6].meter_id -", "products[0].prices[6].meter_id", "missing, and a metered_tiers price has it"},
	{"products[0].prices[6].meter -", "products[0].prices[6].meter", "missing, and a metered_tiers price has it"},
	{"products[0].prices[1].minimum_amount -", "", ""},
	{"products[0].prices[3].cap_amount -", "", ""},
	{"products[0].prices[4].price_per_seat -", "", ""},
	{"products[0].prices[5].minimum_units -", "", ""},
	{"products[0].prices[6].cap_amount -", "", ""},
	{"discount.amount -\ndiscount.amounts -", "discount.amount", "missing, and a fixed discount has it"},
	{"discount.amount -\ndiscount.amounts null", "discount.amount", "missing, and a fixed discount has it"},
	{"discount.amount -", "", ""},
	{"discount.amounts -", "", ""},
	{"discount.basis_points -", "", ""},
	{"discount.type \"percentage\"\ndiscount.basis_points -", "discount.basis_points", "missing, and a percentage discount has it"},
	{"discount.type \"percentage\"\ndiscount.amount -\ndiscount.amounts -", "", ""},
	{"discount.duration_in_months -", "discount.duration_in_months", "missing, and a repeating discount has it"},
	{"discount.duration \"once\"\ndiscount.duration_in_months -", "", ""},
	{"discount.duration \"forever\"\ndiscount.duration_in_months -", "", ""},
	// What contradicts each other.
	{"discount -", "discount", "not the discount that discount_id names"},
	{"discount null", "discount", "not the discount that discount_id names"},
	{"discount -\ndiscount_id null", "", ""},
	{"discount_id \"10000000-0000-4000-8000-000000000000\"", "discount", "not the discount that discount_id names"},
	{"products[0].prices[2].product_id \"10000000-0000-4000-8000-000000000000\"", "products[0].prices[2].product_id", "not the id of the product around it"},
	{"products[0].prices[3].meter_id \"10000000-0000-4000-8000-000000000000\"", "products[0].prices[3].meter_id", "not the id of the meter beside it"},
	{"products[0].prices[6].meter_id \"10000000-0000-4000-8000-000000000000\"", "products[0].prices[6].meter_id", "not the id of the meter beside it"},
}

// rule is one line of rules.
type rule struct {
	path, presence, kind string
	known                []string
}

func eachRule() (all []rule) {
	var owner string
	for line := range strings.Lines(rules) {
		switch words := strings.Fields(line); {
		case len(words) == 1:
			owner = strings.TrimPrefix(words[0], ".")
		case len(words) > 1:
			all = append(all, rule{owner + words[0], words[1], words[2], words[3:]})
		}
	}
	return all
}

// noIndices is a path as a note writes it.
func noIndices(path string) string { return regexp.MustCompile(`\[\d+`).ReplaceAllString(path, "[") }

func TestTheRulesAreAboutEveryFieldAndItsKnownValues(t *testing.T) {
	t.Parallel()
	want, got := map[string]string{}, map[string]string{}
	for _, r := range eachRule() {
		want[noIndices(r.path)] = strings.Join(r.known, "|")
	}
	var find func(t reflect.Type, path string)
	find = func(t reflect.Type, path string) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t, path = t.Elem(), path+map[bool]string{true: "[]"}[t.Kind() == reflect.Slice]
		}
		for i := 0; t.Kind() == reflect.Struct && i < t.NumField(); i++ {
			f := t.Field(i)
			if key, options, _ := strings.Cut(f.Tag.Get("wire"), ","); key != "" {
				at := strings.TrimPrefix(path+"."+key, ".")
				if f.IsExported() && !strings.EqualFold(f.Name, strings.ReplaceAll(key, "_", "")) {
					got[at] = "read into " + f.Name // another key's, it seems
				}
				_, enum, _ := strings.Cut(options, "enum=")
				known, _, _ := strings.Cut(enum, ",")
				got[at] += known
				find(f.Type, at)
			}
		}
	}
	find(reflect.TypeFor[fetch.CheckoutLink](), "")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// wantRead expects a change of the sample to be read without a note, or to be an
// error at path if there is a reason.
func wantRead(t *testing.T, change, path, reason string) {
	t.Helper()
	_, notes, err := fetch.DecodeLink(edited(t, change))
	switch e, _ := errors.AsType[*wire.Error](err); {
	case reason == "" && (err != nil || len(notes) > 0):
		t.Errorf("%s: %v, notes %q", change, err, notes)
	case reason != "" && (e == nil || *e != wire.Error{Path: path, Reason: reason}):
		t.Errorf("%s: %v, want %s: %s", change, err, path, reason)
	}
}

func TestKeysAreThereOrNotAsTheRulesSay(t *testing.T) {
	t.Parallel()
	demanded := map[string]string{} // by changes like the ones below
	for _, k := range kinds {
		demanded[k.change] = k.reason
	}
	for _, r := range eachRule() {
		absent, null := r.path+" -", r.path+" null"
		switch r.presence {
		case "required":
			wantRead(t, absent, r.path, "missing")
			wantRead(t, null, r.path, "null")
		case "nonnull":
			wantRead(t, absent, r.path, demanded[absent])
			wantRead(t, null, r.path, "null")
		case "nullable", "ignored":
			wantRead(t, absent, r.path, demanded[absent])
			wantRead(t, null, r.path, demanded[null])
		case "loose":
			wantRead(t, absent, "", "")
			wantKept(t, r.path, "null")
		default:
			t.Errorf("%s: %q is no rule", r.path, r.presence)
		}
	}
}

func TestAKindMustHaveWhatItNeeds(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		wantRead(t, k.change, k.path, k.reason)
	}
}

func TestAValueOfAnotherTypeIsAnError(t *testing.T) {
	t.Parallel()
	const word, number, yes, list, odd = `"x"`, `7`, `true`, `[[]]`, `{"odd":{}}`
	others := map[string][]string{
		"any": nil, "bool": {word, number, list, odd}, "text": {number, yes, list, odd}, "int": {word, yes, list, odd, `"7"`, `7.5`},
		"decimal": {word, yes, list, odd}, "time": {word, number, yes, list, odd}, "uuid": {word, number, yes, list, odd},
		"object": {word, number, yes, list}, "amounts": {word, number, yes, list, odd, `{"usd":"x"}`},
		"part": {word, number, yes, list, odd}, "parts": {word, number, yes, list, odd},
	}
	for _, r := range eachRule() {
		values, typed := others[r.kind]
		if !typed {
			t.Errorf("%s: %q is no type", r.path, r.kind)
		}
		for _, value := range values {
			if r.presence == "loose" {
				wantKept(t, r.path, value)
				continue
			}
			_, _, err := fetch.DecodeLink(edited(t, r.path+" "+value))
			if e, ok := errors.AsType[*wire.Error](err); !ok || !strings.HasPrefix(e.Path, r.path) {
				t.Errorf("%s %s: %v", r.path, value, err)
			}
		}
	}
}

// wantKept expects a value that does not fit to be kept and noted.
func wantKept(t *testing.T, path, value string) {
	t.Helper()
	body := edited(t, path+" "+value)
	link, notes, err := fetch.DecodeLink(body)
	if err != nil || len(notes) != 1 || !strings.HasPrefix(notes[0].Path, noIndices(path)) {
		t.Errorf("%s %s: %v, notes %q", path, value, err, notes)
		return
	}
	nothingLost(t, body, link)
}

func TestAnUnknownValueOfAnEnumIsKeptAndNoted(t *testing.T) {
	t.Parallel()
	const unheard = `"unheard_of"`
	for _, r := range eachRule() {
		if len(r.known) == 0 {
			continue
		}
		link, notes, err := fetch.DecodeLink(edited(t, r.path+" "+unheard))
		if err != nil {
			t.Errorf("%s: %v", r.path, err)
			continue
		}
		if diff := cmp.Diff([]wire.Note{{Kind: wire.UnknownValue, Path: noIndices(r.path), Value: []byte(unheard)}}, notes); diff != "" {
			t.Errorf("%s: notes: %s", r.path, diff)
		}
		nothingLost(t, edited(t, r.path+" "+unheard), link)
		for _, known := range r.known {
			_, notes, _ := fetch.DecodeLink(edited(t, r.path+` "`+known+`"`)) // another kind may want other keys
			if len(notes) > 0 {
				t.Errorf("%s %s: notes %q", r.path, known, notes)
			}
		}
	}
}

func TestEveryRecordedLinkIsReadWholeAndWithoutNotes(t *testing.T) {
	t.Parallel()
	for _, body := range append(recorded(t), edited(t, "")) {
		link, notes, err := fetch.DecodeLink(body)
		if err != nil || len(notes) > 0 {
			t.Fatalf("%v, notes %q: %.200s", err, notes, body)
		}
		nothingLost(t, body, link)
	}
}
