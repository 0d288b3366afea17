package fetch

import (
	"hash/maphash"

	"github.com/google/uuid"
)

// Print tells copies of one thing apart: two copies with the same sum were sent
// with the same content.
type Print struct {
	ID  uuid.UUID
	Sum uint64
}

// Prints are the prints of everything in the link that others may show too: its
// products, their benefits, medias and meters, its discount. seed must be the
// same for prints that are compared. The order of a product's prices does not
// count, because it carries no meaning.
func (o *Observed) Prints(seed maphash.Seed) []Print {
	if o.Link == nil {
		return nil
	}
	sum := func(start, end int) uint64 { return maphash.Bytes(seed, o.text[start:end]) }
	prints := make([]Print, 0, 16)
	if d := o.Link.Discount; d != nil {
		prints = append(prints, Print{d.ID, sum(d.Sent.Start, d.Sent.End)})
	}
	for i := range o.Link.Products {
		p := &o.Link.Products[i]
		// What stands around the prices in order, the prices in any.
		around, prices, at := uint64(0), uint64(0), p.Sent.Start
		for j := range p.Prices {
			price := &p.Prices[j]
			around = around*31 + sum(at, price.Sent.Start)
			prices += sum(price.Sent.Start, price.Sent.End)
			at = price.Sent.End
			if m := price.Meter; m != nil {
				prints = append(prints, Print{m.ID, sum(m.Sent.Start, m.Sent.End)})
			}
		}
		around = around*31 + sum(at, p.Sent.End)
		prints = append(prints, Print{p.ID, around ^ prices})
		for j := range p.Benefits {
			b := &p.Benefits[j]
			prints = append(prints, Print{b.ID, sum(b.Sent.Start, b.Sent.End)})
		}
		for j := range p.Medias {
			m := &p.Medias[j]
			prints = append(prints, Print{m.ID, sum(m.Sent.Start, m.Sent.End)})
		}
	}
	return prints
}
