package views_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	"syncer/internal/fetch/fetchtest"
)

// object is a JSON object as Polar sends it.
type object = map[string]any

// maker makes links with everything that Polar sends, all of one organization.
type maker struct {
	tb           testing.TB
	organization string
	count        *int // of ids, shared by all makers of a test
}

func newMaker(tb testing.TB) maker {
	tb.Helper()
	m := maker{tb: tb, count: new(int)}
	return m.elsewhere()
}

// elsewhere makes links of another organization.
func (m maker) elsewhere() maker {
	m.organization = m.id()
	return m
}

func (m maker) id() string {
	*m.count++
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", *m.count, *m.count)
}

func (m maker) entity(with ...object) object {
	all := object{"id": m.id(), "created_at": "2026-01-02T03:04:05Z", "modified_at": nil, "organization_id": m.organization, "metadata": object{}}
	for _, fields := range with {
		maps.Copy(all, fields)
	}
	return all
}

// link gives a link's answer; fields are set on top of what a plain link has.
func (m maker) link(fields object, products ...object) fetchtest.Answer {
	m.tb.Helper()
	if products == nil {
		products = []object{}
	}
	l := m.entity(object{
		"label": "a link", "url": "https://example.com/checkout", "client_secret": "not-a-secret", "success_url": nil, "return_url": nil,
		"payment_processor": "stripe", "allow_discount_codes": true, "require_billing_address": false, "trial_interval": nil,
		"trial_interval_count": nil, "seats": nil, "units": nil, "products": products, "discount": nil, "discount_id": nil,
	}, fields)
	if discount, is := l["discount"].(object); is {
		l["discount_id"] = discount["id"]
	}
	return m.answer(l)
}

func (m maker) answer(link object) fetchtest.Answer {
	m.tb.Helper()
	body, err := json.Marshal(link)
	if err != nil {
		m.tb.Fatal(err)
	}
	id, _ := link["id"].(string)
	return fetchtest.Answer{ID: id, Body: body}
}

func (m maker) product(fields object, prices ...object) object {
	p := m.entity(object{
		"name": "a product", "description": nil, "visibility": "public", "is_recurring": false, "is_archived": false, "recurring_interval": nil,
		"recurring_interval_count": nil, "meter_interval": nil, "meter_interval_count": nil, "trial_interval": nil, "trial_interval_count": nil,
		"benefits": []object{}, "medias": []object{},
	}, fields)
	for _, price := range prices {
		price["product_id"] = p["id"]
	}
	if p["visibility"] == nil { // as in 2025
		delete(p, "visibility")
	}
	if prices == nil {
		prices = []object{}
	}
	p["prices"] = prices
	return p
}

// sells is a product with one-time prices.
func (m maker) sells(prices ...object) object { return m.product(nil, prices...) }

// monthly are the fields of a recurring product.
func monthly(more object) object {
	fields := object{"is_recurring": true, "recurring_interval": "month", "recurring_interval_count": 1}
	maps.Copy(fields, more)
	return fields
}

func (m maker) price(kind, currency string, fields ...object) object {
	p := m.entity(append([]object{{
		"source": "catalog", "amount_type": kind, "price_currency": currency, "tax_behavior": nil, "is_archived": false, "type": "one_time", "recurring_interval": nil,
	}}, fields...)...)
	delete(p, "metadata")
	delete(p, "organization_id")
	return p
}

func (m maker) fixed(currency string, amount any) object {
	return m.price("fixed", currency, object{"price_amount": amount})
}

func (m maker) custom(currency string, minimum, maximum, preset any) object {
	return m.price("custom", currency, object{"minimum_amount": minimum, "maximum_amount": maximum, "preset_amount": preset})
}

// free is a price of 2025, which has no currency.
func (m maker) free() object {
	p := m.price("free", "")
	delete(p, "price_currency")
	return p
}

func (m maker) metered(currency, rate string, maximum any) object {
	return m.price("metered_unit", currency, object{"unit_amount": rate, "cap_amount": maximum}, m.meter())
}

func (m maker) meteredTiers(currency string, tiers ...object) object {
	return m.price("metered_tiers", currency, object{"tiers": object{"type": "graduated", "tiers": tiers}, "cap_amount": nil}, m.meter())
}

func (m maker) meter() object {
	id := m.id()
	return object{"meter_id": id, "meter": object{"id": id, "name": "Calls", "unit": "scalar", "custom_label": nil, "custom_multiplier": nil}}
}

// seats is a price by seats; kind is volume, graduated or nil.
func (m maker) seats(currency string, kind, minimum, maximum any, tiers ...object) object {
	var first any
	if len(tiers) > 0 {
		first = tiers[0]["price_per_seat"]
	}
	shape := object{"seat_tier_type": kind, "minimum_seats": minimum, "maximum_seats": maximum, "tiers": tiers}
	for _, key := range []string{"seat_tier_type", "minimum_seats"} { // Polar never sends null here
		if shape[key] == nil {
			delete(shape, key)
		}
	}
	return m.price("seat_based", currency, object{"price_per_seat": first, "seat_tiers": shape})
}

func seatTier(from, to, rate any) object {
	return object{"min_seats": from, "max_seats": to, "price_per_seat": rate}
}

// units is a price by units; kind is volume or graduated.
func (m maker) units(currency, kind string, minimum, maximum any, tiers ...object) object {
	return m.price("unit_based", currency, object{
		"tiers": object{"type": kind, "tiers": tiers}, "minimum_units": minimum, "maximum_units": maximum, "unit_label": nil,
	})
}

func unitTier(bound any, rate string) object { return object{"bound": bound, "unit_amount": rate} }

// legacy makes a price one of those that a buyer chooses from.
func legacy(interval string, price object) object {
	price["legacy"], price["type"], price["recurring_interval"] = true, "recurring", interval
	return price
}

// with sets fields of an object.
func with(o, fields object) object {
	maps.Copy(o, fields)
	return o
}

func (m maker) discount(fields ...object) object {
	return m.entity(append([]object{{
		"name": "a discount", "code": nil, "starts_at": nil, "ends_at": nil, "max_redemptions": nil, "max_redemptions_per_customer": nil,
		"redemptions_count": 0, "duration": "once",
	}}, fields...)...)
}

func (m maker) percent(points int) object {
	return m.discount(object{"type": "percentage", "basis_points": points})
}

// off is a discount of fixed amounts by currency.
func (m maker) off(amounts object) object {
	return m.discount(object{"type": "fixed", "amounts": amounts})
}

// off2025 is a discount of a fixed amount as Polar sent it in 2025.
func (m maker) off2025(currency string, amount int) object {
	return m.discount(object{"type": "fixed", "amount": amount, "currency": currency})
}

func (m maker) benefit(kind, description string) object {
	b := m.entity(object{"type": kind, "description": description, "selectable": true, "deletable": true, "is_deleted": false})
	delete(b, "metadata")
	return b
}
