package oracle

import (
	"maps"
	"time"
)

// A pass writes what one Observe saw.
type pass struct {
	oracle   *Oracle
	at       *string
	before   map[string]map[string]Row // the rows at the start: what "changed" refers to
	pricesOf map[string][]string       // product, ids of all its prices at the start
}

func newPass(o *Oracle, at time.Time) *pass {
	p := &pass{
		oracle:   o,
		at:       new(canonicalInstant(at)),
		before:   map[string]map[string]Row{},
		pricesOf: map[string][]string{},
	}
	for name, rows := range o.rows {
		p.before[name] = maps.Clone(rows) // rows in it are replaced, never written to
	}
	for id, row := range o.rows["prices"] {
		p.pricesOf[*row["product_id"]] = append(p.pricesOf[*row["product_id"]], id)
	}
	return p
}

// link writes a link that answered, the order of its products, and its discount.
func (p *pass) link(l link) {
	p.put("checkout_links", l.row) // its removed_at is NULL: a link that was gone is back

	var members []Row
	listed := map[string]bool{}
	for i, product := range l.products {
		id := product.row["id"]
		if listed[*id] {
			continue // the first position counts
		}
		listed[*id] = true
		members = append(members, Row{"checkout_link_id": l.row["id"], "product_id": id, "position": position(i)})
	}
	p.oracle.children["checkout_link_products"][*l.row["id"]] = members

	if l.discount != nil {
		p.put("discounts", l.discount.row)
		p.oracle.children["discount_amounts"][*l.discount.row["id"]] = l.discount.amounts
	}
}

// product writes one copy of a product and everything under it, and removes the
// prices that it no longer has.
func (p *pass) product(c product) {
	id := c.row["id"]
	p.put("products", c.row)

	shown := map[string]bool{}
	for _, price := range c.prices {
		shown[*price.row["id"]] = true
		if price.meter != nil {
			p.put("meters", price.meter)
		}
		p.put("prices", price.row)
		p.oracle.children["price_tiers"][*price.row["id"]] = price.tiers
	}
	for _, priceID := range p.pricesOf[*id] {
		if !shown[priceID] {
			p.remove("prices", priceID)
		}
	}

	var benefits, medias []Row
	for i, row := range c.benefits {
		p.put("benefits", row)
		benefits = append(benefits, Row{"product_id": id, "position": position(i), "benefit_id": row["id"]})
	}
	for i, row := range c.medias {
		p.put("medias", row)
		medias = append(medias, Row{"product_id": id, "position": position(i), "media_id": row["id"]})
	}
	p.oracle.children["product_benefits"][*id] = benefits
	p.oracle.children["product_medias"][*id] = medias
}

// put writes a row as it must be after this pass, and dates it.
func (p *pass) put(table string, row Row) {
	id := *row["id"]
	row["first_seen_at"], row["changed_at"] = p.at, p.at
	if old, known := p.before[table][id]; known {
		row["first_seen_at"], row["changed_at"] = old["first_seen_at"], old["changed_at"]
		if !maps.EqualFunc(row, old, sameText) {
			row["changed_at"] = p.at
		}
	}
	p.oracle.rows[table][id] = row
}

// remove dates the end of a known, live row; the rest of the row stays.
func (p *pass) remove(table, id string) {
	old, known := p.before[table][id]
	if !known || old["removed_at"] != nil {
		return
	}
	row := maps.Clone(old)
	row["removed_at"] = p.at
	p.put(table, row)
}

func sameText(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
