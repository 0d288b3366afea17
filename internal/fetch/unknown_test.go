package fetch_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/wire"
)

// newValue is what tomorrow's key may hold: a float64 would ruin all of it.
const newValue = `{"big":1180591620717411303424,"huge":1e300,"rate":0.10,"none":null,"deep":[[],{"a":"\u00e9"}]}`

// TestAnUnknownKeyIsKeptNextToWhereItStood also checks that the object around keeps
// it when its own has no Extra: mirrored, with the other elements of an array empty.
func TestAnUnknownKeyIsKeptNextToWhereItStood(t *testing.T) {
	t.Parallel()
	for at, row := range map[string]struct {
		kept  func(*fetch.CheckoutLink) wire.Extra
		extra string // NEW is the new key and its value
	}{
		"":                                    {func(l *fetch.CheckoutLink) wire.Extra { return l.Extra }, `{NEW}`},
		"discount.":                           {func(l *fetch.CheckoutLink) wire.Extra { return l.Discount.Extra }, `{NEW}`},
		"products[0].":                        {func(l *fetch.CheckoutLink) wire.Extra { return l.Products[0].Extra }, `{NEW}`},
		"products[0].benefits[0].":            {func(l *fetch.CheckoutLink) wire.Extra { return l.Products[0].Benefits[0].Extra }, `{NEW}`},
		"products[0].benefits[1].properties.": {func(l *fetch.CheckoutLink) wire.Extra { return l.Products[0].Benefits[1].Extra }, `{"properties":{NEW}}`},
		"products[0].medias[0].":              {func(l *fetch.CheckoutLink) wire.Extra { return l.Products[0].Medias[0].Extra }, `{NEW}`},
		"products[0].prices[2].":              {func(l *fetch.CheckoutLink) wire.Extra { return l.Products[0].Prices[2].Extra }, `{NEW}`},
		"products[0].prices[3].meter.":        {func(l *fetch.CheckoutLink) wire.Extra { return l.Products[0].Prices[3].Meter.Extra }, `{NEW}`},
		"products[0].prices[4].seat_tiers.":   {func(l *fetch.CheckoutLink) wire.Extra { return l.Products[0].Prices[4].Extra }, `{"seat_tiers":{NEW}}`},

		"products[0].prices[4].seat_tiers.tiers[1].": {func(l *fetch.CheckoutLink) wire.Extra { return l.Products[0].Prices[4].Extra }, `{"seat_tiers":{"tiers":[{},{NEW}]}}`},
		"products[0].prices[5].tiers.":               {func(l *fetch.CheckoutLink) wire.Extra { return l.Products[0].Prices[5].Extra }, `{"tiers":{NEW}}`},
		"products[0].prices[5].tiers.tiers[0].":      {func(l *fetch.CheckoutLink) wire.Extra { return l.Products[0].Prices[5].Extra }, `{"tiers":{"tiers":[{NEW},{}]}}`},
	} {
		body := edited(t, at+"brand_new "+newValue)
		link, notes, err := fetch.DecodeLink(body)
		if err != nil {
			t.Errorf("%s: %v", at, err)
			continue
		}
		if diff := cmp.Diff(strings.ReplaceAll(row.extra, "NEW", `"brand_new":`+newValue), string(row.kept(link))); diff != "" {
			t.Errorf("%s: extra: %s", at, diff)
		}
		if diff := cmp.Diff([]wire.Note{{Kind: wire.UnknownKey, Path: noIndices(at + "brand_new"), Value: []byte(newValue)}}, notes); diff != "" {
			t.Errorf("%s: notes: %s", at, diff)
		}
		nothingLost(t, body, link)
	}
}

// oddities are values that no field expects, or not all of them.
var oddities = []string{
	`"x"`, `""`, `7`, `1.5`, `-1e400`, `true`, `[]`, `{}`, `null`, `[1,{"a":[2]}]`, `{"a":1,"id":"x","tiers":[{"b":2}]}`, newValue,
	`"5.00E-10"`, `"1e999999999"`, `"2026-11-22T18:16:01Z"`, `"aaaaaaaa-0000-4000-8000-00000000000a"`,
	`{"type":"volume","tiers":[{"bound":1,"unit_amount":"1","why":2}],"how":3}`,
	`{"seat_tier_type":null,"tiers":[],"minimum_seats":1}`, `{"usd":1,"eur":2}`, `{"usd":"x"}`,
	`{"id":"aaaaaaaa-0000-4000-8000-00000000000a","name":"n","unit":"furlong","custom_label":null,"new":1}`,
}

func TestWhateverAnUnknownKindHoldsLandsSomewhere(t *testing.T) {
	t.Parallel()
	const price = "products[0].prices[2]." // the free one, which has nothing of its own
	for _, row := range []struct{ rules, at, kind string }{
		{"products[0].prices[0].", price, price + `amount_type "unheard_of"` + "\n" + price + `meter_id "aaaaaaaa-0000-4000-8000-00000000000a"`},
		{"discount.", "discount.", `discount.type "unheard_of"`},
		{"discount.", "discount.", `discount.duration "unheard_of"`},
	} {
		for _, r := range eachRule() {
			key, mine := strings.CutPrefix(r.path, row.rules)
			if !mine || r.presence == "required" {
				continue
			}
			for _, odd := range oddities {
				body := edited(t, row.kind+"\n"+row.at+key+" "+odd)
				link, notes, err := fetch.DecodeLink(body)
				if err != nil {
					t.Errorf("%s %s: %v", r.path, odd, err)
					continue
				}
				nothingLost(t, body, link)
				extra := link.Discount.Extra
				if row.at == price {
					extra = link.Products[0].Prices[2].Extra
				}
				if hasNote(notes, wire.OddShape, noIndices(row.at+key)) && string(parseRaw(t, extra)[key]) != odd {
					t.Errorf("%s %s: noted as odd, and not in extra %s", r.path, odd, extra)
				}
			}
		}
	}
}

func hasNote(notes []wire.Note, kind wire.NoteKind, path string) bool {
	for _, n := range notes {
		if n.Kind == kind && n.Path == path {
			return true
		}
	}
	return false
}

func parseRaw(t *testing.T, body []byte) (o map[string]json.RawMessage) {
	t.Helper()
	if err := json.Unmarshal(body, &o); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return o
}

// What a meter_credit gives has columns. All else that a benefit's properties hold
// is kept as it is, and never costs a link.
func TestTheOtherPropertiesOfABenefitAreKept(t *testing.T) {
	t.Parallel()
	const at, path, meter = "products[0].benefits[1].", "products[].benefits[].properties", "60000000-0000-4000-8000-000000000000"
	credit := func(units int64) *fetch.Credit {
		return &fetch.Credit{Units: new(units), MeterID: new(uuid.MustParse(meter))}
	}
	for name, row := range map[string]struct {
		change, extra string
		credit        *fetch.Credit
		notes         []wire.Note
	}{
		"what a credit has":  {at + `properties.units 5`, ``, credit(5), nil},
		"absent, as of old":  {at + `properties -`, ``, nil, nil},
		"a key of its own":   {at + `properties.rollover true`, `{"properties":{"rollover":true}}`, credit(1000), []wire.Note{{Kind: wire.UnknownKey, Path: path + ".rollover", Value: []byte(`true`)}}},
		"a number as a text": {at + `properties.units "5"`, `{"properties":{"units":"5"}}`, &fetch.Credit{MeterID: credit(0).MeterID}, []wire.Note{{Kind: wire.OddShape, Path: path + ".units", Value: []byte(`"5"`)}}},
		"null":               {at + `properties null`, `{"properties":null}`, nil, []wire.Note{{Kind: wire.OddShape, Path: path, Value: []byte(`null`)}}},
		"a list":             {at + `properties [{"units":5}]`, `{"properties":[{"units":5}]}`, nil, []wire.Note{{Kind: wire.OddShape, Path: path, Value: []byte(`[{"units":5}]`)}}},
		"of another kind": {
			at + `type "license_keys"` + "\n" + at + `properties {"units":5,"meter_id":"x"}`, `{"properties":{"units":5,"meter_id":"x"}}`, nil,
			[]wire.Note{{Kind: wire.UnknownKey, Path: path, Value: []byte(`{"units":5,"meter_id":"x"}`)}},
		},
		"of another kind, null": {
			at + `type "custom"` + "\n" + at + `properties null`, `{"properties":null}`, nil, []wire.Note{{Kind: wire.UnknownKey, Path: path, Value: []byte(`null`)}},
		},
		"before the kind": {
			at + `type -` + "\n" + at + `type "meter_credit"`, ``, credit(1000), nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := edited(t, row.change)
			link, notes, err := fetch.DecodeLink(body)
			if err != nil {
				t.Fatal(err)
			}
			benefit := link.Products[0].Benefits[1]
			if diff := cmp.Diff(row.credit, benefit.Properties); diff != "" {
				t.Errorf("credit: %s", diff)
			}
			if diff := cmp.Diff(row.extra, string(benefit.Extra)); diff != "" {
				t.Errorf("extra: %s", diff)
			}
			if diff := cmp.Diff(row.notes, notes); diff != "" {
				t.Errorf("notes: %s", diff)
			}
			nothingLost(t, body, link)
		})
	}
}

// Prices of a kind that nobody knows: the free one of the sample with other keys.
func TestAPriceOfAnUnknownKindKeepsWhatItHolds(t *testing.T) {
	t.Parallel()
	const (
		at    = "products[0].prices[2]."
		meter = "aaaaaaaa-0000-4000-8000-00000000000a"
		big   = `{"per":"hour","minor":1180591620717411303424}`
	)
	for name, row := range map[string]struct{ change, extra, odd string }{
		"tiers that are a text":       {at + `tiers "steep"`, `{"tiers":"steep"}`, `tiers "steep"`},
		"an amount that is an object": {at + `price_amount ` + big, `{"price_amount":` + big + `}`, `price_amount ` + big},
		"a meter that is only named":  {at + `meter_id "` + meter + `"`, `{"meter_id":"` + meter + `"}`, ``},
		"a meter that is only named, and other extras": {
			at + `meter_id "` + strings.ToUpper(meter) + `"` + "\n" + at + `meter "m"`, `{"meter":"m","meter_id":"` + meter + `"}`, `meter "m"`,
		},
		"another meter than the one shown": {
			at + `meter_id "` + meter + `"` + "\n" + at + `meter {"id":"bbbbbbbb-0000-4000-8000-00000000000b","name":"n","unit":"token"}`, `{"meter_id":"` + meter + `"}`, ``,
		},
		"no currency": {at + `price_currency null`, `{"price_currency":null}`, `price_currency null`},
	} {
		body := edited(t, at+`amount_type "barter"`+"\n"+row.change)
		link, notes, err := fetch.DecodeLink(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(row.extra, string(link.Products[0].Prices[2].Extra)); diff != "" {
			t.Errorf("%s: extra: %s", name, diff)
		}
		want := []wire.Note{{Kind: wire.UnknownValue, Path: "products[].prices[].amount_type", Value: []byte(`"barter"`)}}
		if key, value, odd := strings.Cut(row.odd, " "); odd {
			want = append(want, wire.Note{Kind: wire.OddShape, Path: "products[].prices[]." + key, Value: []byte(value)})
		}
		if diff := cmp.Diff(want, notes); diff != "" {
			t.Errorf("%s: notes: %s", name, diff)
		}
		nothingLost(t, body, link)
	}
}
