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

func TestEveryRecordedLinkIsReadWholeAndWithoutNotes(t *testing.T) {
	t.Parallel()
	for i, body := range recorded(t) {
		link, notes, err := fetch.DecodeLink(body)
		if err != nil {
			t.Fatalf("%v: %.200s", err, body)
		}
		if len(notes) > 0 {
			t.Errorf("notes %q", notes)
		}
		if i%4 == 0 { // it takes long, and neighbours are of one size and alike
			nothingLost(t, body, link)
		}
	}
}

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

func TestAnUnknownValueOfEveryEnumIsKeptAndNoted(t *testing.T) {
	t.Parallel()
	const unheard = "unheard_of"
	enums := 0
	bodies := recorded(t)
	for _, s := range samples(t, bodies) {
		if s.field.enum == nil {
			continue
		}
		enums++
		t.Run(s.owner.Name()+"."+s.field.key+" of "+s.kind, func(t *testing.T) {
			t.Parallel()
			link, notes, err := s.decode(t, bodies, func(o object) { o[s.field.key] = unheard })
			if err != nil {
				t.Fatal(err)
			}
			if got := reflect.Indirect(s.at.to(s.field.key).inLink(link)).String(); got != unheard {
				t.Errorf("%q", got)
			}
			want := []wire.Note{{Kind: wire.UnknownValue, Path: s.at.to(s.field.key).note(), Value: []byte(`"` + unheard + `"`)}}
			if diff := cmp.Diff(want, notes); diff != "" {
				t.Errorf("notes: %s", diff)
			}
		})
	}
	if enums < 15 {
		t.Errorf("%d enums", enums)
	}
}

func TestTheValuesThatTheTagsListAreTheKnownOnes(t *testing.T) {
	t.Parallel()
	intervals := "day week month year"
	want := map[string]string{
		"CheckoutLink.trial_interval": intervals, "Product.trial_interval": intervals, "Product.recurring_interval": intervals,
		"Product.meter_interval": intervals, "Price.recurring_interval": intervals,
		"CheckoutLink.payment_processor": "stripe", "Product.visibility": "draft private public",
		"Price.source": "catalog", "Price.amount_type": "fixed custom free metered_unit seat_based unit_based",
		"Price.tax_behavior": "inclusive exclusive location", "Price.type": "one_time recurring",
		"Meter.unit": "scalar token custom", "SeatTiers.seat_tier_type": "volume graduated", "UnitTiers.type": "volume graduated",
		"Benefit.type":  "custom discord github_repository downloadables license_keys ads meter_credit feature_flag slack_shared_channel",
		"Media.service": "product_media", "Discount.duration": "once forever repeating", "Discount.type": "fixed percentage",
	}
	got := map[string]string{}
	eachField(reflect.TypeFor[fetch.CheckoutLink](), func(name string, f field) {
		if f.enum != nil {
			got[name] = strings.Join(f.enum, " ")
		}
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheOptionalFieldsThatAreNeverNullAreThese(t *testing.T) {
	t.Parallel()
	want := []string{
		"CheckoutLink.require_billing_address", "Product.metadata", "Product.visibility", "Price.source", "Price.price_currency", "Price.type",
		"Price.price_amount", "Price.unit_amount", "Price.meter_id", "Price.meter", "Price.seat_tiers", "SeatTiers.seat_tier_type",
		"SeatTiers.minimum_seats", "Price.tiers", "Benefit.is_deleted", "Discount.duration_in_months", "Discount.amount", "Discount.currency",
		"Discount.basis_points",
	}
	var got []string
	eachField(reflect.TypeFor[fetch.CheckoutLink](), func(name string, f field) {
		if f.nonnull {
			got = append(got, name)
		}
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
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

func TestPartsThatContradictEachOtherAreAnError(t *testing.T) {
	t.Parallel()
	const other = "bbbbbbbb-0000-4000-8000-00000000000b"
	bodies := recorded(t)
	for _, row := range []struct{ owner, key, path, reason string }{
		{"CheckoutLink", "discount_id", "discount", "not the discount that discount_id names"},
		{"Price", "product_id", "products[%].prices[%].product_id", "not the id of the product around it"},
		{"Price", "meter_id", "products[%].prices[%].meter_id", "not the id of the meter beside it"},
	} {
		tried := 0
		for _, s := range samples(t, bodies) {
			if s.owner.Name() != row.owner || s.field.key != row.key || s.at.in(parse(t, bodies[s.body])).(object)[row.key] == nil {
				continue
			}
			tried++
			path := row.path
			if row.owner == "Price" {
				path = s.at.to(row.key).String()
			}
			s.wantsError(t, bodies, func(o object) { o[row.key] = other }, path, row.reason)
		}
		if tried == 0 {
			t.Errorf("no recorded link has %s.%s", row.owner, row.key)
		}
	}
}
