package fetch_test

import (
	"reflect"
	"strings"
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
