package oracle

import (
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The ids of the unit tests' little catalogue.
const (
	organizationID = "00000000-0000-4000-8000-000000000000"
	linkID         = "11111111-0000-4000-8000-000000000000"
	otherLinkID    = "11111111-0000-4000-8000-000000000001"
	productID      = "22222222-0000-4000-8000-000000000000"
	otherProductID = "22222222-0000-4000-8000-000000000001"
	priceID        = "33333333-0000-4000-8000-000000000000"
	otherPriceID   = "33333333-0000-4000-8000-000000000001"
	benefitID      = "44444444-0000-4000-8000-000000000000"
	mediaID        = "55555555-0000-4000-8000-000000000000"
	discountID     = "66666666-0000-4000-8000-000000000000"
	meterID        = "77777777-0000-4000-8000-000000000000"
)

// An object is a JSON object under construction.
type object = map[string]any

// with returns a copy of base with some keys set; the value gone removes a key.
func with(base, changes object) object {
	changed := object{}
	maps.Copy(changed, base)
	for key, value := range changes {
		changed[key] = value
		if value == gone {
			delete(changed, key)
		}
	}
	return changed
}

// gone is the value that removes a key.
const gone = "\x00gone"

func aLink(changes object) object {
	return with(object{
		"id": linkID, "created_at": "2026-01-01T00:00:00Z", "modified_at": nil, "organization_id": organizationID,
		"metadata": object{}, "payment_processor": "stripe", "client_secret": "polar_cl_x", "url": "https://example.com/x",
		"success_url": nil, "label": "", "allow_discount_codes": true, "discount_id": nil, "discount": nil,
		"products": []any{aProduct(nil)},
	}, changes)
}

func aProduct(changes object) object {
	return with(object{
		"id": productID, "created_at": "2026-01-01T00:00:00Z", "modified_at": nil, "organization_id": organizationID,
		"name": "Product", "description": nil, "is_recurring": false, "is_archived": false, "recurring_interval": nil,
		"prices": []any{aPrice(nil)}, "benefits": []any{}, "medias": []any{},
	}, changes)
}

func aPrice(changes object) object {
	return with(object{
		"id": priceID, "created_at": "2026-01-01T00:00:00Z", "modified_at": nil, "product_id": productID,
		"amount_type": "fixed", "is_archived": false, "price_currency": "usd", "price_amount": 1000,
	}, changes)
}

func aBenefit(changes object) object {
	return with(object{
		"id": benefitID, "created_at": "2026-01-01T00:00:00Z", "modified_at": nil, "organization_id": organizationID,
		"type": "custom", "description": "Benefit", "selectable": true, "deletable": true,
	}, changes)
}

func aMedia(changes object) object {
	return with(object{
		"id": mediaID, "created_at": "2026-01-01T00:00:00Z", "organization_id": organizationID, "name": "a.png", "path": "x/a.png",
		"mime_type": "image/png", "size": 12345, "service": "product_media", "is_uploaded": true,
		"size_readable": "12.1 KB", "public_url": "https://example.com/a.png",
	}, changes)
}

func aDiscount(changes object) object {
	return with(object{
		"id": discountID, "created_at": "2026-01-01T00:00:00Z", "modified_at": nil, "organization_id": organizationID,
		"name": "Discount", "code": nil, "type": "fixed", "duration": "once", "amount": 500, "currency": "usd",
		"redemptions_count": 0, "metadata": object{},
	}, changes)
}

func aMeter(changes object) object {
	return with(object{
		"id": meterID, "name": "Meter", "unit": "scalar", "custom_label": nil, "custom_multiplier": nil,
	}, changes)
}

// ok is the answer for a link that exists.
func ok(tb testing.TB, link object) Answer {
	tb.Helper()
	body, err := json.Marshal(link)
	if err != nil {
		tb.Fatal(err)
	}
	return Answer{ID: link["id"].(string), Status: 200, Body: body}
}

// priced is the answer for a link with one product with these prices.
func priced(tb testing.TB, prices ...any) Answer {
	tb.Helper()
	return ok(tb, aLink(object{"products": []any{aProduct(object{"prices": prices})}}))
}

// notFound is the answer for a link that does not exist.
func notFound(id string) Answer {
	return Answer{ID: id, Status: 404, Body: []byte(`{"error":"ResourceNotFound","detail":"Not found"}`)}
}

// minute returns the start of a pass.
func minute(n int) time.Time {
	return time.Date(2026, 3, 1, 12, n, 0, 0, time.UTC)
}

// at is minute(n) as a table holds it.
func at(n int) *string {
	return new(canonicalInstant(minute(n)))
}

// observe shows an oracle one pass after the other, a minute apart.
func observe(tb testing.TB, passes ...[]Answer) *Oracle {
	tb.Helper()
	o := New()
	for n, answers := range passes {
		if err := o.Observe(minute(n), answers); err != nil {
			tb.Fatal(err)
		}
	}
	return o
}

// only returns the single row of a table.
func only(tb testing.TB, tables Tables, name string) Row {
	tb.Helper()
	if len(tables[name]) != 1 {
		tb.Fatalf("%s: want 1 row, got %d", name, len(tables[name]))
	}
	return tables[name][0]
}

// find returns the row with that id, or nil.
func find(tables Tables, name, id string) Row {
	for _, row := range tables[name] {
		if *row["id"] == id {
			return row
		}
	}
	return nil
}

// holds compares some columns of a row.
func holds(tb testing.TB, row, want Row) {
	tb.Helper()
	got := Row{}
	for column := range want {
		value, there := row[column]
		if !there {
			tb.Errorf("column %s is not there", column)
		}
		got[column] = value
	}
	if diff := cmp.Diff(want, got); diff != "" {
		tb.Error("-want +got:\n" + diff)
	}
}
