package syncer

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// rows turns observed links into the rows of one batch: sorted by key, each key
// once. It is pure: no I/O, no clock but the given one.
//
// Links share products, and products share benefits, so most nested objects come
// many times. Of several copies the one whose request began last counts. What is in
// place is left out, a product with its prices.
func rows(observed []fetch.Observed, inPlace map[uuid.UUID]bool, clock db.Clock) *db.Batch {
	c := collect(observed, inPlace, clock)
	b := &db.Batch{Organizations: sortedIDs(c.organizations), Shown: sortedIDs(c.shown), Written: c.written}
	for _, m := range sorted(c.meters) {
		addMeter(b, m)
	}
	for _, p := range sorted(c.products) {
		addProduct(b, p)
	}
	for _, p := range sorted(c.prices) {
		addPrice(b, p)
	}
	b.OfferedPrices.Offered = b.Prices.ID
	for _, x := range sorted(c.benefits) {
		addBenefit(b, x)
	}
	for _, m := range sorted(c.medias) {
		addMedia(b, m)
	}
	for _, d := range sorted(c.discounts) {
		addDiscount(b, d)
	}
	for _, l := range sorted(c.links) {
		addLink(b, l)
	}
	for _, id := range sortedIDs(c.gone) {
		b.RemovedCheckoutLinks.ID = append(b.RemovedCheckoutLinks.ID, id)
		b.RemovedCheckoutLinks.SeenAt = append(b.RemovedCheckoutLinks.SeenAt, c.gone[id])
	}
	for _, name := range slices.Sorted(maps.Keys(c.failed)) {
		addFailure(b, c.failed[name], clock)
	}
	for _, o := range observed {
		if until := clock.Latest(o.Until); until.After(b.NotAfter) {
			b.NotAfter = until
		}
	}
	addDrift(b, observed, clock)
	return b
}

// collected is everything in a batch, each thing once.
type collected struct {
	links     newest[fetch.CheckoutLink]
	products  newest[fetch.Product]
	prices    newest[fetch.Price]
	meters    newest[fetch.Meter]
	benefits  newest[fetch.Benefit]
	medias    newest[fetch.Media]
	discounts newest[fetch.Discount]
	gone      map[uuid.UUID]time.Time
	failed    map[string]fetch.Observed // by name
	written   []uuid.UUID

	organizations map[uuid.UUID]bool // of everything
	shown         map[uuid.UUID]bool // of the links themselves
}

func collect(observed []fetch.Observed, inPlace map[uuid.UUID]bool, clock db.Clock) *collected {
	c := &collected{
		links: newest[fetch.CheckoutLink]{}, products: newest[fetch.Product]{}, prices: newest[fetch.Price]{},
		meters: newest[fetch.Meter]{}, benefits: newest[fetch.Benefit]{}, medias: newest[fetch.Media]{},
		discounts: newest[fetch.Discount]{}, gone: map[uuid.UUID]time.Time{},
		failed: map[string]fetch.Observed{}, organizations: map[uuid.UUID]bool{}, shown: map[uuid.UUID]bool{},
	}
	for _, o := range observed {
		at := clock.Earliest(o.At)
		switch {
		case errors.Is(o.Err, fetch.ErrNotFound):
			c.gone[o.ID] = at
			c.written = append(c.written, o.ID)
		case o.Err != nil:
			c.failed[o.Name()] = o
		default:
			c.written = append(c.written, o.ID)
			c.links.add(o.ID, at, o.Link)
			c.organizations[o.Link.OrganizationID], c.shown[o.Link.OrganizationID] = true, true
			for part := range o.Link.Parts() {
				if !inPlace[part.ID] {
					c.add(part, at)
				}
			}
		}
	}
	// A product has the prices of the copy that counts, and no other.
	for _, p := range c.products {
		for i := range p.v.Prices {
			c.prices.add(p.v.Prices[i].ID, p.at, &p.v.Prices[i])
		}
	}
	slices.SortFunc(c.written, compareIDs)
	return c
}

// add takes a part that is not in place. Prices come with their product.
func (c *collected) add(part fetch.Part, at time.Time) {
	if part.Organization != uuid.Nil {
		c.organizations[part.Organization] = true
	}
	switch thing := part.Thing.(type) {
	case *fetch.Product:
		c.products.add(part.ID, at, thing)
	case *fetch.Meter:
		c.meters.add(part.ID, at, thing)
	case *fetch.Benefit:
		c.benefits.add(part.ID, at, thing)
	case *fetch.Media:
		c.medias.add(part.ID, at, thing)
	case *fetch.Discount:
		c.discounts.add(part.ID, at, thing)
	}
}
