package fetch_test

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch"
	"syncer/internal/fetch/wire"
)

// sample is one of the recorded places that has a key, with the kind of object.
type sample struct {
	place
	field field
	kind  string
}

// samples finds, for every field of every struct, one place for each kind of
// object that has it. A field that no recording has cannot be tested, so it fails.
func samples(t *testing.T, bodies [][]byte) []sample {
	t.Helper()
	found := samplesOnce()
	covered := map[string]bool{}
	owners := map[reflect.Type]bool{}
	for _, s := range found {
		covered[s.owner.Name()+"."+s.field.key] = true
		owners[s.owner] = true
	}
	for owner := range owners {
		for _, f := range fields(owner) {
			if !covered[owner.Name()+"."+f.key] {
				t.Errorf("no recorded link has %s.%s", owner, f.key)
			}
		}
	}
	if len(bodies) < 300 || len(owners) != 11 {
		t.Errorf("%d links with %d structs: %v", len(bodies), len(owners), owners)
	}
	return found
}

var samplesOnce = sync.OnceValue(func() (found []sample) {
	bodies, _ := bodiesOnce() // whoever asks for samples has them without error
	seen := map[string]bool{}
	for i, body := range bodies {
		v, _ := parseAny(body)
		places(v.(object), func(owner reflect.Type, o object, at trail) {
			kind := kindOf(owner, o)
			for _, f := range fields(owner) {
				name := owner.Name() + "." + f.key + " of " + kind
				if _, there := o[f.key]; there && !seen[name] {
					seen[name] = true
					found = append(found, sample{place{i, owner, at}, f, kind})
				}
			}
		})
	}
	return found
})

// kindOf is what decides which keys an object must have.
func kindOf(owner reflect.Type, o object) string {
	var words strings.Builder
	for _, key := range []string{"amount_type", "type", "duration", "amounts", "legacy", "discount_id"} {
		if v, ok := o[key]; ok && (owner.Name() == "Price" || owner.Name() == "Discount" || owner.Name() == "CheckoutLink") {
			word, isText := v.(string)
			switch {
			case key == "discount_id" && isText:
				word = "some"
			case !isText:
				word = "there"
			}
			words.WriteString(key + "=" + word + " ")
		}
	}
	return words.String()
}

// demanded is why a key has to be there in this kind of object although its
// field is optional; "" when it may be absent. It is the table of the API.
func demanded(owner reflect.Type, o object, key string) string {
	switch owner.Name() {
	case "CheckoutLink":
		if key == "discount" && o["discount_id"] != nil {
			return "not the discount that discount_id names"
		}
	case "Price":
		kind := o["amount_type"].(string)
		has := map[string]string{
			"fixed": "price_amount price_currency", "custom": "price_currency", "free": "",
			"metered_unit": "unit_amount meter_id meter price_currency", "seat_based": "seat_tiers price_currency", "unit_based": "tiers price_currency",
		}[kind]
		if strings.Contains(" "+has+" ", " "+key+" ") {
			return "missing, and a " + kind + " price has it"
		}
	case "Discount":
		switch {
		case key == "amount" && o["type"] == "fixed" && o["amounts"] == nil:
			return "missing, and a fixed discount has it"
		case key == "basis_points" && o["type"] == "percentage":
			return "missing, and a percentage discount has it"
		case key == "duration_in_months" && o["duration"] == "repeating":
			return "missing, and a repeating discount has it"
		}
	}
	return ""
}

func TestEveryFieldIsRequiredNullableOrOptionalAsItsTagSays(t *testing.T) {
	t.Parallel()
	bodies := recorded(t)
	for _, s := range samples(t, bodies) {
		t.Run(s.owner.Name()+"."+s.field.key+" of "+s.kind, func(t *testing.T) {
			t.Parallel()
			path := s.at.to(s.field.key).String()
			reason := demanded(s.owner, s.at.in(parse(t, bodies[s.body])).(object), s.field.key)

			absent := func(o object) { delete(o, s.field.key) }
			null := func(o object) { o[s.field.key] = nil }
			switch f := s.field; {
			case f.ignored():
				s.wantsLink(t, bodies, absent)
				s.wantsLink(t, bodies, null)
			case !f.optional:
				s.wantsError(t, bodies, absent, path, "missing")
				s.wantsError(t, bodies, null, path, "null")
			default:
				s.wantsAbsent(t, bodies, absent, path, reason)
				if f.nonnull {
					reason = "null"
				}
				s.wantsAbsent(t, bodies, null, path, reason)
			}
		})
	}
}

func TestEveryFieldRefusesAnotherType(t *testing.T) {
	t.Parallel()
	bodies := recorded(t)
	for _, s := range samples(t, bodies) {
		if s.field.ignored() {
			continue
		}
		t.Run(s.owner.Name()+"."+s.field.key+" of "+s.kind, func(t *testing.T) {
			t.Parallel()
			path := s.at.to(s.field.key).String()
			for _, odd := range []any{true, []any{[]any{}}, object{"odd": object{}}} {
				_, _, err := s.decode(t, bodies, func(o object) { o[s.field.key] = odd })
				switch e, ok := errors.AsType[*wire.Error](err); {
				case err == nil && s.accepts(odd):
				case !ok || !strings.HasPrefix(e.Path, path):
					t.Errorf("%v: %v, want an error at %s", odd, err, path)
				}
			}
		})
	}
}

// accepts says that odd is not odd for the field.
func (s sample) accepts(odd any) bool {
	switch odd.(type) {
	case bool:
		return s.field.typ == reflect.TypeFor[bool]() || s.field.typ == reflect.TypeFor[*bool]()
	case object: // any object is a map
		return s.field.key == "metadata" || s.field.key == "unit_label"
	}
	return false
}

// eachField visits the fields of a struct and of those within it, in order.
func eachField(owner reflect.Type, visit func(name string, f field)) {
	for _, f := range fields(owner) {
		visit(owner.Name()+"."+f.key, f)
		if inner := f.inner(); inner != nil {
			eachField(inner, visit)
		}
	}
}

// decode reads the sample's body after a change to its object.
func (s sample) decode(t *testing.T, bodies [][]byte, change func(object)) (*fetch.CheckoutLink, []wire.Note, error) {
	t.Helper()
	sent := parse(t, bodies[s.body])
	change(s.at.in(sent).(object))
	return fetch.DecodeLink(text(t, sent))
}

func (s sample) wantsLink(t *testing.T, bodies [][]byte, change func(object)) *fetch.CheckoutLink {
	t.Helper()
	link, notes, err := s.decode(t, bodies, change)
	if err != nil || len(notes) > 0 {
		t.Errorf("error %v, notes %q", err, notes)
	}
	return link
}

func (s sample) wantsError(t *testing.T, bodies [][]byte, change func(object), path, reason string) {
	t.Helper()
	_, _, err := s.decode(t, bodies, change)
	if diff := cmp.Diff(error(&wire.Error{Path: path, Reason: reason}), err); diff != "" {
		t.Errorf("error: %s", diff)
	}
}

// wantsAbsent expects nil in an optional field, unless there is a reason why its
// kind of object has it.
func (s sample) wantsAbsent(t *testing.T, bodies [][]byte, change func(object), path, reason string) {
	t.Helper()
	if reason != "" {
		s.wantsError(t, bodies, change, path, reason)
		return
	}
	link := s.wantsLink(t, bodies, change)
	if link == nil {
		return
	}
	if v := s.at.to(s.field.key).inLink(link); !v.IsNil() {
		t.Errorf("%s is %v", path, v)
	}
}
