package oracle

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRowsAreDatedByThePassThatChangedThem(t *testing.T) {
	t.Parallel()
	withProduct := func(link, product object) []Answer {
		return []Answer{ok(t, aLink(with(link, object{"products": []any{aProduct(product)}})))}
	}
	o := observe(
		t,
		withProduct(nil, nil),
		withProduct(object{"label": "new"}, nil),
		withProduct(object{"label": "new"}, object{"name": "New"}),
		withProduct(object{"label": "new"}, object{"name": "New"}),
	)
	holds(t, only(t, o.Tables(), "checkout_links"), Row{"first_seen_at": at(0), "changed_at": at(1)})
	holds(t, only(t, o.Tables(), "products"), Row{"first_seen_at": at(0), "changed_at": at(2)})
	holds(t, only(t, o.Tables(), "prices"), Row{"first_seen_at": at(0), "changed_at": at(0)})
}

func TestValuesWrittenDifferentlyAreNoChange(t *testing.T) {
	t.Parallel()
	written := func(thousand, metadata, modified, unit string) []Answer {
		price := aPrice(object{"price_amount": json.RawMessage(thousand), "unit_amount": unit})
		return []Answer{ok(t, aLink(object{
			"metadata": json.RawMessage(metadata), "modified_at": modified, "unheard_of": json.RawMessage(thousand),
			"products": []any{aProduct(object{"prices": []any{price}})},
		}))}
	}
	tables := observe(
		t,
		written("1000", `{"a":1.0,"b":[1e2]}`, "2026-01-01T00:00:00.123456Z", "1E+3"),
		written("1e3", `{"b":[100], "a":1}`, "2026-01-01T02:00:00.123456+02:00", "1000.0"),
		written("1000.0", `{"a":10e-1,"b":[100.0]}`, "2026-01-01T00:00:00.123456999", "1000"),
	).Tables()
	holds(t, only(t, tables, "prices"), Row{"changed_at": at(0), "price_amount": new("1000"), "unit_amount": new("1000")})
	holds(t, only(t, tables, "checkout_links"), Row{"changed_at": at(0), "extra": new(`{"unheard_of":1000}`)})
}

func TestAPriceThatIsNoMoreShownIsRemovedAndComesBack(t *testing.T) {
	t.Parallel()
	tiered := aPrice(object{"seat_tiers": object{"tiers": []any{object{"min_seats": 1, "price_per_seat": 5}}}})
	other := aPrice(object{"id": otherPriceID})
	o := observe(t, []Answer{priced(t, tiered)}, []Answer{priced(t, other)}, []Answer{priced(t, other)})
	holds(t, find(o.Tables(), "prices", priceID), Row{"first_seen_at": at(0), "changed_at": at(1), "removed_at": at(1), "price_amount": new("1000")})
	holds(t, find(o.Tables(), "prices", otherPriceID), Row{"first_seen_at": at(1), "changed_at": at(1), "removed_at": nil})
	if len(o.Tables()["price_tiers"]) != 1 {
		t.Error("the tiers of a removed price must stay")
	}

	if err := o.Observe(minute(3), []Answer{priced(t, other, tiered)}); err != nil {
		t.Fatal(err)
	}
	holds(t, find(o.Tables(), "prices", priceID), Row{"first_seen_at": at(0), "changed_at": at(3), "removed_at": nil})
	holds(t, find(o.Tables(), "prices", otherPriceID), Row{"changed_at": at(1), "removed_at": nil})
}

func TestAProductNobodyShowsStaysWithItsPrices(t *testing.T) {
	t.Parallel()
	other := aProduct(object{"id": otherProductID, "prices": []any{}})
	o := observe(t, []Answer{ok(t, aLink(nil))}, []Answer{ok(t, aLink(object{"products": []any{other}}))})
	holds(t, find(o.Tables(), "products", productID), Row{"changed_at": at(0)})
	holds(t, only(t, o.Tables(), "prices"), Row{"changed_at": at(0), "removed_at": nil})
	holds(t, only(t, o.Tables(), "checkout_link_products"), Row{"product_id": new(otherProductID), "position": new("0")})
	holds(t, only(t, o.Tables(), "checkout_links"), Row{"changed_at": at(0)})
}

func TestALinkIsRemovedAndComesBack(t *testing.T) {
	t.Parallel()
	there := []Answer{ok(t, aLink(object{"discount": aDiscount(object{"amounts": object{"usd": 5}})}))}
	away := []Answer{notFound(linkID), notFound(otherLinkID)}
	o := observe(t, there, away, away)
	holds(t, only(t, o.Tables(), "checkout_links"), Row{"first_seen_at": at(0), "changed_at": at(1), "removed_at": at(1), "label": new("")})
	holds(t, only(t, o.Tables(), "prices"), Row{"removed_at": nil, "changed_at": at(0)})
	if n := len(o.Tables()["checkout_link_products"]); n != 1 {
		t.Errorf("want the removed link to keep its product, got %d", n)
	}

	o = observe(t, there, away, away, there)
	holds(t, only(t, o.Tables(), "checkout_links"), Row{"first_seen_at": at(0), "changed_at": at(3), "removed_at": nil})
}

func TestADiscountStaysWhenItsLinkLetsGoOfIt(t *testing.T) {
	t.Parallel()
	o := observe(
		t,
		[]Answer{ok(t, aLink(object{"discount_id": discountID, "discount": aDiscount(object{"amounts": object{"usd": 5}})}))},
		[]Answer{ok(t, aLink(nil))},
	)
	holds(t, only(t, o.Tables(), "checkout_links"), Row{"discount_id": nil, "changed_at": at(1)})
	holds(t, only(t, o.Tables(), "discounts"), Row{"changed_at": at(0)})
	only(t, o.Tables(), "discount_amounts")

	o = observe(
		t,
		[]Answer{ok(t, aLink(object{"discount": aDiscount(object{"amounts": object{"usd": 5}})}))},
		[]Answer{ok(t, aLink(object{"discount": aDiscount(nil)}))},
	)
	if n := len(o.Tables()["discount_amounts"]); n != 0 {
		t.Errorf("want no amounts where the answer has none, got %d", n)
	}
	holds(t, only(t, o.Tables(), "discounts"), Row{"changed_at": at(0)})
}

func TestTheLastCopyOfAProductStands(t *testing.T) {
	t.Parallel()
	first := aLink(object{"products": []any{aProduct(object{"name": "Old", "prices": []any{aPrice(nil), aPrice(object{"id": otherPriceID})}})}})
	last := aLink(object{"id": otherLinkID})
	o := observe(t, []Answer{ok(t, last)}, []Answer{ok(t, first), ok(t, last)})
	holds(t, only(t, o.Tables(), "products"), Row{"name": new("Product"), "changed_at": at(0)})
	holds(t, only(t, o.Tables(), "prices"), Row{"id": new(priceID), "changed_at": at(0)})
}

func TestARepeatedProductKeepsItsFirstPosition(t *testing.T) {
	t.Parallel()
	other := aProduct(object{"id": otherProductID, "prices": []any{}})
	tables := observe(t, []Answer{ok(t, aLink(object{"products": []any{aProduct(nil), other, aProduct(nil), other}}))}).Tables()
	want := []Row{
		{"checkout_link_id": new(linkID), "product_id": new(productID), "position": new("0")},
		{"checkout_link_id": new(linkID), "product_id": new(otherProductID), "position": new("1")},
	}
	if diff := cmp.Diff(want, tables["checkout_link_products"]); diff != "" {
		t.Error("-want +got:\n" + diff)
	}
}

func TestNonsensePassesAreRefused(t *testing.T) {
	t.Parallel()
	o := observe(t, nil, []Answer{ok(t, aLink(nil))})
	before := o.Tables()
	tests := map[string]struct {
		at      time.Time
		answers []Answer
	}{
		"older":    {minute(0), nil},
		"twice":    {minute(2), []Answer{notFound(linkID), ok(t, aLink(nil))}},
		"id none":  {minute(2), []Answer{notFound(linkID), {ID: "x", Status: 200}}},
		"id empty": {minute(2), []Answer{{Status: 500}}},
	}
	for name, test := range tests {
		if err := o.Observe(test.at, test.answers); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
	if diff := Diff(before, o.Tables()); diff != "" {
		t.Error(diff)
	}
}

func TestTablesBelongToTheCaller(t *testing.T) {
	t.Parallel()
	o := observe(t, []Answer{ok(t, aLink(nil))})
	only(t, o.Tables(), "products")["name"] = new("scribble")
	holds(t, only(t, o.Tables(), "products"), Row{"name": new("Product")})
}
