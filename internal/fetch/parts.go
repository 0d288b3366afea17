package fetch

import (
	"hash/maphash"
	"iter"

	"github.com/google/uuid"

	"syncer/internal/fetch/wire"
)

// Part is a thing nested in a link that has an id of its own, so that other
// links may show it too.
type Part struct {
	Kind         string    // product, price, meter, benefit, media, discount
	ID           uuid.UUID //
	Name         string    // for people; a price takes its product's
	Organization uuid.UUID // its owner; the nil id where Polar names none
	Sent         wire.Span // its place in the answer
	Thing        any       // *Product, *Price, *Meter, *Benefit, *Media or *Discount
}

// Parts yields everything nested in the link: its discount, and each product
// followed by its own parts. The same part may come several times.
func (l *CheckoutLink) Parts() iter.Seq[Part] {
	return func(yield func(Part) bool) {
		if d := l.Discount; d != nil && !yield(Part{"discount", d.ID, d.Name, d.OrganizationID, d.Sent, d}) {
			return
		}
		for i := range l.Products {
			p := &l.Products[i]
			if !yield(Part{"product", p.ID, p.Name, p.OrganizationID, p.Sent, p}) || !p.parts(yield) {
				return
			}
		}
	}
}

// parts yields the product's parts. It returns false once yield does.
func (p *Product) parts(yield func(Part) bool) bool {
	for i := range p.Prices {
		price := &p.Prices[i]
		if !yield(Part{"price", price.ID, p.Name, uuid.Nil, price.Sent, price}) {
			return false
		}
		if m := price.Meter; m != nil && !yield(Part{"meter", m.ID, m.Name, uuid.Nil, m.Sent, m}) {
			return false
		}
	}
	for i := range p.Benefits {
		b := &p.Benefits[i]
		if !yield(Part{"benefit", b.ID, b.Description, b.OrganizationID, b.Sent, b}) {
			return false
		}
	}
	for i := range p.Medias {
		m := &p.Medias[i]
		if !yield(Part{"media", m.ID, m.Name, m.OrganizationID, m.Sent, m}) {
			return false
		}
	}
	return true
}

// Fingerprint tells copies of a part apart by the bytes Polar sent. The order
// of a product's prices does not count: it means nothing and differs from link
// to link. Only fingerprints with the same seed compare.
func (o *Observed) Fingerprint(seed maphash.Seed, part *Part) uint64 {
	sum := func(start, end int) uint64 { return maphash.Bytes(seed, o.Text[start:end]) }
	p, ok := part.Thing.(*Product)
	if !ok {
		return sum(part.Sent.Start, part.Sent.End)
	}
	// What surrounds the prices counts in order, the prices in any.
	around, prices, at := uint64(0), uint64(0), p.Sent.Start
	for i := range p.Prices {
		price := &p.Prices[i]
		around = around*31 + sum(at, price.Sent.Start)
		prices += sum(price.Sent.Start, price.Sent.End)
		at = price.Sent.End
	}
	around = around*31 + sum(at, p.Sent.End)
	return around ^ prices
}

// The shapes of the parts that links share, for comparing content.
//
//nolint:gochecknoglobals // worked out from the types once, never changed
var (
	productShape  = wire.ShapeOf[Product]()
	meterShape    = wire.ShapeOf[Meter]()
	benefitShape  = wire.ShapeOf[Benefit]()
	mediaShape    = wire.ShapeOf[Media]()
	discountShape = wire.ShapeOf[Discount]()
)

// Content tells copies of a part apart by what they mean: the decoded values in
// any order of keys, without counters and keys this version does not know. A
// product counts its benefits, medias and meters by their ids. A price belongs
// to one product and has no content of its own.
func (p *Part) Content(seed maphash.Seed) uint64 {
	switch thing := p.Thing.(type) {
	case *Product:
		return productShape.Hash(seed, thing)
	case *Meter:
		return meterShape.Hash(seed, thing)
	case *Benefit:
		return benefitShape.Hash(seed, thing)
	case *Media:
		return mediaShape.Hash(seed, thing)
	case *Discount:
		return discountShape.Hash(seed, thing)
	}
	return 0
}
