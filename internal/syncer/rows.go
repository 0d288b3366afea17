package syncer

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// rows turns observed links into the rows of one batch: sorted by key, each key
// once. It is pure: no I/O, no clock.
//
// Links share products, and products share benefits, so most nested objects
// come many times. Of several copies the one whose request began last counts.
// Products, benefits, medias, meters and discounts that landed are left out, a
// product with its prices.
func rows(observed []fetch.Observed, landed *inPlace) *db.Batch {
	c := collect(observed, landed)
	b := &db.Batch{Organizations: sortedIDs(c.organizations)}
	for _, m := range sorted(c.meters) {
		addMeter(b, m)
	}
	for _, p := range sorted(c.products) {
		addProduct(b, p)
	}
	for _, p := range sorted(c.prices) {
		addPrice(b, p)
	}
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
	for _, id := range sortedIDs(c.failed) {
		addFailure(b, c.failed[id])
	}
	b.Landed = c.landed
	for _, o := range observed {
		if o.At.After(b.SeenAt) {
			b.SeenAt = o.At
		}
		if b.Oldest.IsZero() || o.At.Before(b.Oldest) {
			b.Oldest = o.At
		}
	}
	if landed != nil && landed.used {
		b.LeftOutSince = &landed.since
	}
	addDrift(b, observed)
	return b
}

// seen is a copy of a thing and when the request began that showed it.
type seen[T any] struct {
	id uuid.UUID
	at time.Time
	v  *T
}

// newest keeps of each thing the copy seen last.
type newest[T any] map[uuid.UUID]seen[T]

func (n newest[T]) add(id uuid.UUID, at time.Time, v *T) {
	if old, ok := n[id]; !ok || old.at.Before(at) {
		n[id] = seen[T]{id, at, v}
	}
}

func sorted[T any](n newest[T]) []seen[T] {
	return slices.SortedFunc(maps.Values(n), func(a, b seen[T]) int { return compareIDs(a.id, b.id) })
}

func sortedIDs[T any](m map[uuid.UUID]T) []uuid.UUID {
	return slices.SortedFunc(maps.Keys(m), compareIDs)
}

// compareIDs orders as Postgres orders uuid.
func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

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
	failed    map[uuid.UUID]fetch.Observed
	landed    []uuid.UUID

	organizations map[uuid.UUID]bool
}

func collect(observed []fetch.Observed, landed *inPlace) *collected {
	c := &collected{
		links: newest[fetch.CheckoutLink]{}, products: newest[fetch.Product]{}, prices: newest[fetch.Price]{},
		meters: newest[fetch.Meter]{}, benefits: newest[fetch.Benefit]{}, medias: newest[fetch.Media]{},
		discounts: newest[fetch.Discount]{}, gone: map[uuid.UUID]time.Time{},
		failed: map[uuid.UUID]fetch.Observed{}, organizations: map[uuid.UUID]bool{},
	}
	for _, o := range observed {
		switch {
		case errors.Is(o.Err, fetch.ErrNotFound):
			c.gone[o.ID] = o.At
			c.landed = append(c.landed, o.ID)
		case o.Err != nil:
			c.failed[o.ID] = o
		default:
			c.landed = append(c.landed, o.ID)
			c.links.add(o.ID, o.At, o.Link)
			c.organizations[o.Link.OrganizationID] = true
			if d := o.Link.Discount; d != nil && !landed.has(d.ID) {
				c.discounts.add(d.ID, o.At, d)
			}
			for i := range o.Link.Products {
				if p := &o.Link.Products[i]; !landed.has(p.ID) {
					c.products.add(p.ID, o.At, p)
				}
			}
		}
	}
	// What a product shows counts as of the copy of the product that counts.
	for _, p := range c.products {
		for i := range p.v.Prices {
			price := &p.v.Prices[i]
			c.prices.add(price.ID, p.at, price)
			if price.Meter != nil && !landed.has(price.Meter.ID) {
				c.meters.add(price.Meter.ID, p.at, price.Meter)
			}
		}
		for i := range p.v.Benefits {
			if !landed.has(p.v.Benefits[i].ID) {
				c.benefits.add(p.v.Benefits[i].ID, p.at, &p.v.Benefits[i])
			}
		}
		for i := range p.v.Medias {
			if !landed.has(p.v.Medias[i].ID) {
				c.medias.add(p.v.Medias[i].ID, p.at, &p.v.Medias[i])
			}
		}
	}
	slices.SortFunc(c.landed, compareIDs)
	return c
}

// inPlace are things whose rows are in place. nil: none.
type inPlace struct {
	ids   map[uuid.UUID]bool
	since time.Time // when the first request began that showed one of them
	used  bool      // has said yes
}

func (p *inPlace) has(id uuid.UUID) bool {
	if p == nil || !p.ids[id] {
		return false
	}
	p.used = true
	return true
}
