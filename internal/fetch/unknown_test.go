package fetch_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch"
	"syncer/internal/fetch/wire"
)

// newValue is what tomorrow's key may hold: nothing in it survives a float64.
const newValue = `{"big":1180591620717411303424,"huge":1e300,"rate":0.10,"none":null,"deep":[[],{"a":"\u00e9"}]}`

func TestAnUnknownKeyIsKeptNextToWhereItStood(t *testing.T) {
	t.Parallel()
	bodies := recorded(t)
	tried := map[string]bool{}
	for _, s := range samples(t, bodies) {
		if tried[s.owner.Name()] {
			continue
		}
		tried[s.owner.Name()] = true
		t.Run(s.owner.Name(), func(t *testing.T) {
			t.Parallel()
			sent := parse(t, bodies[s.body])
			s.at.in(sent).(object)["brand_new"] = json.RawMessage(newValue)
			body := text(t, sent)
			link, notes, err := fetch.DecodeLink(body)
			if err != nil {
				t.Fatal(err)
			}
			owner, want := s.at.keeper(sent)
			if diff := cmp.Diff(string(want), string(extraText(owner.inLink(link)))); diff != "" {
				t.Errorf("extra of %q: %s", owner, diff)
			}
			noted := []wire.Note{{Kind: wire.UnknownKey, Path: s.at.to("brand_new").note(), Value: []byte(newValue)}}
			if diff := cmp.Diff(noted, notes); diff != "" {
				t.Errorf("notes: %s", diff)
			}
			nothingLost(t, body, link)
		})
	}
}

// keeper is the object whose Extra keeps the unknown key of the object that the
// trail leads to, and what that Extra is: the way from the one to the other is
// mirrored, with the other elements of an array as empty objects.
func (tr trail) keeper(sent object) (owner trail, extra []byte) {
	extra = []byte(`{"brand_new":` + newValue + `}`)
	for owner = tr; ; owner = owner[:len(owner)-1] {
		if _, has := owner.typ().FieldByName("Extra"); has {
			return owner, extra
		}
		switch last := owner[len(owner)-1].(type) {
		case string:
			extra = []byte(`{"` + last + `":` + string(extra) + `}`)
		case int:
			elements := make([]string, len(owner[:len(owner)-1].in(sent).([]any)))
			for i := range elements {
				elements[i] = "{}"
			}
			elements[last] = string(extra)
			extra = []byte("[" + strings.Join(elements, ",") + "]")
		}
	}
}

// typ is the struct that the trail leads to, an empty one for an array.
func (tr trail) typ() reflect.Type {
	t := reflect.TypeFor[fetch.CheckoutLink]()
	for i, s := range tr {
		if key, ok := s.(string); ok {
			f := fieldOf(t, key)
			if t = f.inner(); i == len(tr)-1 && f.typ.Kind() == reflect.Slice {
				return reflect.TypeFor[struct{}]()
			}
		}
	}
	return t
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
	bodies := recorded(t)
	kinds := map[string][]string{"Price": {"amount_type"}, "Discount": {"type", "duration"}} // the keys that say what it is
	tried := map[string]bool{}
	for _, s := range samples(t, bodies) {
		name := s.owner.Name() + "." + s.field.key
		if !s.field.optional || tried[name] {
			continue
		}
		tried[name] = true
		for _, kind := range kinds[s.owner.Name()] {
			t.Run(name+" of another "+kind, func(t *testing.T) {
				t.Parallel()
				for _, odd := range oddities {
					sent := parse(t, bodies[s.body])
					o := s.at.in(sent).(object)
					o[kind], o[s.field.key] = "unheard_of", json.RawMessage(odd)
					body := text(t, sent)
					link, notes, err := fetch.DecodeLink(body)
					if err != nil {
						t.Errorf("%s: %v", odd, err)
						continue
					}
					nothingLost(t, body, link)
					path := s.at.to(s.field.key)
					extra := parse(t, extraText(s.at.inLink(link)))
					_, inExtra := extra[s.field.key]
					if noted := hasNote(notes, wire.OddShape, path.note()); noted && !inExtra {
						t.Errorf("%s: noted as odd, and not in extra %v", odd, extra)
					}
				}
			})
		}
	}
}

func extraText(v reflect.Value) []byte {
	if extra := reflect.Indirect(v).FieldByName("Extra").Bytes(); extra != nil {
		return extra
	}
	return []byte("{}")
}

func hasNote(notes []wire.Note, kind wire.NoteKind, path string) bool {
	for _, n := range notes {
		if n.Kind == kind && n.Path == path {
			return true
		}
	}
	return false
}

func TestAPriceOfAnUnknownKindKeepsWhatItHolds(t *testing.T) {
	t.Parallel()
	const meter = "aaaaaaaa-0000-4000-8000-00000000000a"
	for name, row := range map[string]struct {
		change, extra string
		notes         []wire.Note
	}{
		"tiers that are a text": {`{"tiers":"steep"}`, `{"tiers":"steep"}`, []wire.Note{{Kind: wire.OddShape, Value: []byte(`"steep"`), Path: "tiers"}}},
		"an amount that is an object": {
			`{"price_amount":{"per":"hour","minor":1180591620717411303424}}`, `{"price_amount":{"per":"hour","minor":1180591620717411303424}}`,
			[]wire.Note{{Kind: wire.OddShape, Path: "price_amount", Value: []byte(`{"per":"hour","minor":1180591620717411303424}`)}},
		},
		"a meter that is only named": {`{"meter_id":"` + meter + `"}`, `{"meter_id":"` + meter + `"}`, nil},
		"a meter that is only named, and other extras": {
			`{"meter_id":"` + strings.ToUpper(meter) + `","meter":"m"}`, `{"meter":"m","meter_id":"` + meter + `"}`,
			[]wire.Note{{Kind: wire.OddShape, Path: "meter", Value: []byte(`"m"`)}},
		},
		"another meter than the one shown": {
			`{"meter_id":"` + meter + `","meter":{"id":"bbbbbbbb-0000-4000-8000-00000000000b","name":"n","unit":"token"}}`, `{"meter_id":"` + meter + `"}`, nil,
		},
		"no currency": {`{"price_currency":null}`, `{"price_currency":null}`, []wire.Note{{Kind: wire.OddShape, Path: "price_currency", Value: []byte("null")}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent, at := linkWith(t, "Price")
			o := at.in(sent).(object)
			for key, value := range parseRaw(t, row.change) {
				o[key] = value
			}
			o["amount_type"] = "barter"
			body := text(t, sent)
			link, notes, err := fetch.DecodeLink(body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.extra, string(extraText(at.inLink(link)))); diff != "" {
				t.Errorf("extra: %s", diff)
			}
			want := []wire.Note{{Kind: wire.UnknownValue, Path: at.to("amount_type").note(), Value: []byte(`"barter"`)}}
			for _, n := range row.notes {
				n.Path = at.to(n.Path).note()
				want = append(want, n)
			}
			if diff := cmp.Diff(want, notes); diff != "" {
				t.Errorf("notes: %s", diff)
			}
			nothingLost(t, body, link)
		})
	}
}

func TestABenefitOfAnUnknownKindIsRead(t *testing.T) {
	t.Parallel()
	sent, at := linkWith(t, "Benefit")
	o := at.in(sent).(object)
	o["type"], o["properties"] = "free_pizza", json.RawMessage(newValue)
	body := text(t, sent)
	link, notes, err := fetch.DecodeLink(body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"properties":`+newValue+`}`, string(extraText(at.inLink(link)))); diff != "" {
		t.Errorf("extra: %s", diff)
	}
	if !hasNote(notes, wire.UnknownValue, at.to("type").note()) || !hasNote(notes, wire.UnknownKey, at.to("properties").note()) || len(notes) != 2 {
		t.Errorf("notes %q", notes)
	}
	nothingLost(t, body, link)
}

// linkWith is a recorded link, and the way to an object of that type in it: a
// fixed price, if it is a price.
func linkWith(t *testing.T, owner string) (sent object, at trail) {
	t.Helper()
	for _, body := range recorded(t) {
		link := parse(t, body)
		places(link, func(o reflect.Type, v object, found trail) {
			if o.Name() == owner && (owner != "Price" || v["amount_type"] == "fixed") {
				sent, at = link, found
			}
		})
		if sent != nil {
			return sent, at
		}
	}
	t.Fatalf("no recorded link has a %s", owner)
	return nil, nil
}

func parseRaw(t *testing.T, body string) (o map[string]json.RawMessage) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		t.Fatal(err)
	}
	return o
}
