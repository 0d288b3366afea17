package oracle

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestALinkIsTakenApart(t *testing.T) {
	t.Parallel()
	tables := observe(t, []Answer{ok(t, aLink(object{
		"label":        "",
		"discount_id":  discountID,
		"discount":     aDiscount(object{"amounts": object{"usd": 500, "eur": 999999999999}}),
		"product":      aProduct(object{"id": otherProductID}),
		"product_id":   otherProductID,
		"unheard_of":   object{"b": 1.50, "a": nil},
		"removed_at":   "tomorrow", // Polar's, not ours
		"products":     []any{aProduct(object{"benefits": []any{aBenefit(nil), aBenefit(nil)}, "medias": []any{aMedia(object{"size": 1 << 40})}})},
		"success_url":  "https://example.com/{CHECKOUT_ID}",
		"trial_count?": "x",
	}))}).Tables()

	holds(t, only(t, tables, "checkout_links"), Row{
		"id": new(linkID), "label": new(""), "return_url": nil, "require_billing_address": nil, "allow_discount_codes": new("true"),
		"discount_id": new(discountID), "metadata": new("{}"), "created_at": new("2026-01-01T00:00:00.000000Z"),
		"extra":         new(`{"removed_at":"tomorrow","trial_count?":"x","unheard_of":{"a":null,"b":1.5}}`),
		"first_seen_at": at(0), "changed_at": at(0), "removed_at": nil,
	})
	holds(t, only(t, tables, "products"), Row{"id": new(productID), "metadata": nil, "visibility": nil, "extra": new("{}")})
	holds(t, only(t, tables, "medias"), Row{"size": new("1099511627776"), "version": nil})
	holds(t, only(t, tables, "discounts"), Row{"amount": new("500"), "currency": new("usd"), "basis_points": nil, "extra": new("{}")})
	want := Tables{
		"checkout_link_products": {{"checkout_link_id": new(linkID), "product_id": new(productID), "position": new("0")}},
		"product_benefits": {
			{"product_id": new(productID), "position": new("0"), "benefit_id": new(benefitID)},
			{"product_id": new(productID), "position": new("1"), "benefit_id": new(benefitID)},
		},
		"product_medias": {{"product_id": new(productID), "position": new("0"), "media_id": new(mediaID)}},
		"discount_amounts": {
			{"discount_id": new(discountID), "currency": new("eur"), "amount": new("999999999999")},
			{"discount_id": new(discountID), "currency": new("usd"), "amount": new("500")},
		},
	}
	for name, rows := range want {
		if diff := cmp.Diff(rows, tables[name]); diff != "" {
			t.Error(name + " -want +got:\n" + diff)
		}
	}
	if len(tables) != 12 {
		t.Errorf("want 12 tables, got %d", len(tables))
	}
}

func TestPricesOfEveryKind(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		price object
		want  Row
	}{
		"plain": {
			object{},
			Row{"legacy": new("false"), "price_amount": new("1000"), "unit_amount": nil, "unit_label": nil, "tier_type": nil, "extra": new("{}")},
		},
		"legacy": {object{"legacy": true}, Row{"legacy": new("true"), "extra": new("{}")}},
		"free":   {object{"price_currency": gone, "price_amount": gone}, Row{"price_currency": nil, "price_amount": nil}},
		"metered": {
			object{"unit_amount": "5.00E-10", "cap_amount": 9999999999, "meter_id": meterID, "meter": aMeter(nil)},
			Row{"unit_amount": new("0.0000000005"), "cap_amount": new("9999999999"), "meter_id": new(meterID), "extra": new("{}")},
		},
		"by seats": {
			object{
				"price_per_seat": 500,
				"seat_tiers":     object{"seat_tier_type": "volume", "minimum_seats": 2, "maximum_seats": nil, "tiers": []any{}},
			},
			Row{"price_per_seat": new("500"), "tier_type": new("volume"), "minimum_seats": new("2"), "maximum_seats": nil, "extra": new("{}")},
		},
		"metered in tiers": {
			object{"amount_type": "metered_tiers", "cap_amount": 5, "meter_id": meterID, "meter": aMeter(nil), "tiers": object{"type": "volume", "tiers": []any{}}},
			Row{"tier_type": new("volume"), "unit_amount": nil, "cap_amount": new("5"), "meter_id": new(meterID), "extra": new("{}")},
		},
		"by units": {
			object{
				"tiers":      object{"type": "graduated", "tiers": []any{}},
				"unit_label": object{"en": object{"other": "devices", "=1": "device"}}, "minimum_units": 3,
			},
			Row{"tier_type": new("graduated"), "unit_label": new(`{"en":{"=1":"device","other":"devices"}}`), "minimum_units": new("3"), "minimum_seats": nil},
		},
		"unheard of": {
			object{"amount_type": "haggled", "tier_type": "mine", "floor": 1},
			Row{"amount_type": new("haggled"), "tier_type": nil, "extra": new(`{"floor":1,"tier_type":"mine"}`)},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tables := observe(t, []Answer{priced(t, aPrice(test.price))}).Tables()
			holds(t, only(t, tables, "prices"), test.want)
		})
	}
}

func TestWhatABenefitGives(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		benefit object
		want    Row
	}{
		"nothing":         {object{}, Row{"credit_units": nil, "credit_meter_id": nil, "extra": new("{}")}},
		"a credit":        {object{"type": "meter_credit", "properties": object{"units": 5, "meter_id": meterID}}, Row{"credit_units": new("5"), "credit_meter_id": new(meterID), "extra": new("{}")}},
		"more":            {object{"type": "meter_credit", "properties": object{"units": 5, "x": nil}}, Row{"credit_units": new("5"), "credit_meter_id": nil, "extra": new(`{"properties":{"x":null}}`)}},
		"odd":             {object{"type": "meter_credit", "properties": object{"units": "5"}}, Row{"credit_units": nil, "extra": new(`{"properties":{"units":"5"}}`)}},
		"none":            {object{"type": "meter_credit", "properties": nil}, Row{"credit_units": nil, "extra": new(`{"properties":null}`)}},
		"of another kind": {object{"properties": object{"units": 5}}, Row{"credit_units": nil, "extra": new(`{"properties":{"units":5}}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tables := observe(t, []Answer{ok(t, aLink(object{"products": []any{aProduct(object{"benefits": []any{aBenefit(test.benefit)}})}}))}).Tables()
			holds(t, only(t, tables, "benefits"), test.want)
		})
	}
}

func TestTiersAndTheirUnknownKeys(t *testing.T) {
	t.Parallel()
	tables := observe(t, []Answer{priced(
		t,
		aPrice(object{"seat_tiers": object{"x": 1, "tiers": []any{
			object{"min_seats": 1, "max_seats": 10, "price_per_seat": 500},
			object{"min_seats": 11, "max_seats": nil, "price_per_seat": 400, "y": "z"},
		}}}),
		aPrice(object{"id": otherPriceID, "meter": aMeter(object{"colour": "red"}), "tiers": object{"x": []any{}, "tiers": []any{
			object{"bound": 1 << 40, "unit_amount": "1E+3"},
			object{"bound": nil, "unit_amount": "0E-12"},
		}}}),
	)}).Tables()

	holds(t, find(tables, "prices", priceID), Row{"extra": new(`{"seat_tiers":{"tiers":[{},{"y":"z"}],"x":1}}`)})
	holds(t, find(tables, "prices", otherPriceID), Row{"extra": new(`{"tiers":{"x":[]}}`)})
	holds(t, only(t, tables, "meters"), Row{"extra": new(`{"colour":"red"}`), "custom_label": nil})
	want := []Row{
		{"price_id": new(priceID), "position": new("0"), "min_seats": new("1"), "max_seats": new("10"), "price_per_seat": new("500"), "bound": nil, "unit_amount": nil},
		{"price_id": new(priceID), "position": new("1"), "min_seats": new("11"), "max_seats": nil, "price_per_seat": new("400"), "bound": nil, "unit_amount": nil},
		{"price_id": new(otherPriceID), "position": new("0"), "bound": new("1099511627776"), "unit_amount": new("1000"), "min_seats": nil, "max_seats": nil, "price_per_seat": nil},
		{"price_id": new(otherPriceID), "position": new("1"), "bound": nil, "unit_amount": new("0"), "min_seats": nil, "max_seats": nil, "price_per_seat": nil},
	}
	if diff := cmp.Diff(want, tables["price_tiers"]); diff != "" {
		t.Error("-want +got:\n" + diff)
	}
}

func TestAnAnswerThatCannotBeStoredChangesNothing(t *testing.T) {
	t.Parallel()
	renamed := func(changes object) Answer {
		return ok(t, with(aLink(object{"label": "renamed"}), changes))
	}
	whole := renamed(nil)
	tests := map[string]Answer{
		"server error":        {ID: linkID, Status: 500, Body: []byte("Internal Server Error")},
		"no such route":       {ID: linkID, Status: 404, Body: []byte(`{"detail":"Not Found"}`)},
		"not found as text":   {ID: linkID, Status: 404, Body: []byte("ResourceNotFound")},
		"not found under 200": {ID: linkID, Status: 200, Body: notFound(linkID).Body},
		"gone for good":       {ID: linkID, Status: 410, Body: notFound(linkID).Body},
		"created":             {ID: linkID, Status: 201, Body: whole.Body},
		"cut":                 {ID: linkID, Status: 200, Body: whole.Body[:len(whole.Body)-1]},
		"two in one":          {ID: linkID, Status: 200, Body: bytes.Repeat(whole.Body, 2)},
		"empty":               {ID: linkID, Status: 200},
		"null":                {ID: linkID, Status: 200, Body: []byte("null")},
		"another link's":      {ID: linkID, Status: 200, Body: ok(t, aLink(object{"id": otherLinkID})).Body},
		"no products":         renamed(object{"products": gone}),
		"products null":       renamed(object{"products": nil}),
		"url null":            renamed(object{"url": nil}),
		"label a number":      renamed(object{"label": 5}),
		"seats a half":        renamed(object{"seats": 0.5}),
		"seats a text":        renamed(object{"seats": "5"}),
		"seats too many":      renamed(object{"seats": 1e19}),
		"flag a text":         renamed(object{"allow_discount_codes": "true"}),
		"time none":           renamed(object{"modified_at": "yesterday"}),
		"product a text":      renamed(object{"products": []any{productID}}),
		"product without id":  renamed(object{"products": []any{aProduct(object{"id": gone})}}),
		"price of another":    renamed(object{"products": []any{aProduct(object{"prices": []any{aPrice(object{"product_id": otherProductID})}})}}),
		"price not a number":  renamed(object{"products": []any{aProduct(object{"prices": []any{aPrice(object{"unit_amount": "NaN"})}})}}),
		"tiers of two kinds":  renamed(object{"products": []any{aProduct(object{"prices": []any{aPrice(object{"tiers": object{}, "seat_tiers": object{}})}})}}),
		"benefit null":        renamed(object{"products": []any{aProduct(object{"benefits": []any{nil}})}}),
		"media without name":  renamed(object{"products": []any{aProduct(object{"medias": []any{aMedia(object{"name": nil})}})}}),
		"discount a list":     renamed(object{"discount": []any{}}),
		"amount a text":       renamed(object{"discount": aDiscount(object{"amounts": object{"usd": "5"}})}),
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := []Answer{ok(t, aLink(nil)), ok(t, aLink(object{"id": otherLinkID}))}
			if diff := Diff(observe(t, first).Tables(), observe(t, first, []Answer{answer}).Tables()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
