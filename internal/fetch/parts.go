package fetch

import (
	"hash/maphash"
	"iter"

	"github.com/google/uuid"

	"syncer/internal/fetch/wire"
)

// Part is a thing nested in a link that has an id of its own, and that other links
// may show too.
type Part struct {
	Kind         string    // product, price, meter, benefit, media, discount
	ID           uuid.UUID //
	Name         string    // for people; a price has its product's
	Organization uuid.UUID // whose it is; the nil id where Polar does not say
	Sent         wire.Span // where in the answer it stands
	Thing        any       // *Product, *Price, *Meter, *Benefit, *Media or *Discount
}

// Parts yields everything nested in the link: its discount, and each product
// followed by what that shows. The same part may come several times.
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

// parts yields what the product shows. It is false when that was the end.
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

// Fingerprint tells copies of a part apart by the bytes they were sent with. The
// order of a product's prices does not count, because it carries no meaning and
// differs from link to link. seed must be the same for copies that are compared.
func (o *Observed) Fingerprint(seed maphash.Seed, part *Part) uint64 {
	sum := func(start, end int) uint64 { return maphash.Bytes(seed, o.Text[start:end]) }
	p, ok := part.Thing.(*Product)
	if !ok {
		return sum(part.Sent.Start, part.Sent.End)
	}
	// What stands around the prices in order, the prices in any.
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

// Content tells copies of a part apart by what they mean: the decoded values,
// whatever the order of keys, without counters and keys this version does not know.
// A product counts its benefits, medias and meters by their ids. A price, which
// belongs to one product, has none of its own.
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
