package oracle

import (
	"maps"
	"math/big"
	"strconv"
	"time"
)

// LinkCheckouts computes link_checkouts as it must be at now.
func (c *Catalogue) LinkCheckouts(now time.Time) []Row {
	var rows []Row
	c.eachSale(now, func(r Row, l *link, p *product, w *way, s sale) {
		prices, metered, chooses := 0, 0, false
		r["legacy_price_id"] = nil
		if w != nil {
			prices = len(w.prices)
			for _, one := range w.prices {
				if one.isMetered() {
					metered++
				}
				chooses = chooses || one.kind == "custom"
			}
			if w.legacy != nil {
				r["legacy_price_id"] = w.legacy.id
			}
		}
		r["prices"], r["metered_prices"], r["buyer_chooses"] = strconv.Itoa(prices), strconv.Itoa(metered), boolean(chooses)
		r["is_recurring"] = boolean(p.isRecurring)
		r.quantity(s.quantity)
		r.money("amount", s.amount, currencyOf(w))
		rows = append(rows, r)
	})
	return rows
}

// LinkOffers computes link_offers as it must be at now.
func (c *Catalogue) LinkOffers(now time.Time) []Row {
	var rows []Row
	c.eachSale(now, func(set Row, l *link, _ *product, w *way, s sale) {
		if w == nil {
			return
		}
		for _, p := range w.prices {
			r := maps.Clone(set)
			amount, _ := p.adds(l)
			r["price_id"], r["amount_type"], r["is_legacy"], r["tax_behavior"] = p.id, p.kind, boolean(p.isLegacy), null(p.row["tax_behavior"])
			r.quantity(p.quantity(l))
			r.money("amount", amount, w.currency)
			r.money("checkout_amount", s.amount, w.currency)
			r.rate("unit_amount", p.unitAmount(), w.currency)
			for _, column := range []string{"minimum_amount", "maximum_amount", "cap_amount", "meter_id", "meter_name"} {
				r[column] = nil
			}
			switch {
			case p.kind == "custom":
				r["minimum_amount"], r["maximum_amount"] = null(p.row["minimum_amount"]), null(p.row["maximum_amount"])
			case p.isMetered():
				r["cap_amount"], r["meter_id"], r["meter_name"] = null(p.row["cap_amount"]), null(p.row["meter_id"]), null(p.meter)
			}
			rows = append(rows, r)
		}
	})
	return rows
}

// unitAmount is the rate of a metered unit, and else that of the first tier.
func (p *price) unitAmount() *big.Rat {
	if p.kind == "metered_unit" {
		return fraction(p.row["unit_amount"])
	}
	if len(p.tiers) > 0 {
		return p.tiers[0].rate
	}
	return nil
}

// eachSale visits every live link, product and way to pay, with the columns that
// link_checkouts and link_offers share.
func (c *Catalogue) eachSale(now time.Time, visit func(Row, *link, *product, *way, sale)) {
	defaults := c.defaults()
	for _, l := range c.live() {
		for _, o := range l.products {
			ways := o.product.ways()
			if len(ways) == 0 {
				ways = []*way{nil}
			}
			for _, w := range ways {
				s := sell(l, o.product, w, now)
				visit(shared(l, o, w, s, defaults), l, o.product, w, s)
			}
		}
	}
}

func shared(l *link, o offer, w *way, s sale, defaults map[string]string) Row {
	p := o.product
	currency := currencyOf(w)
	r := Row{
		"checkout_link_id": l.id, "link_label": null(l.label), "organization_id": l.organization,
		"product_position": number(&o.position), "product_id": p.id, "product_name": p.name,
		"is_preselected": boolean(p == l.opens()), "is_default_currency": nil,
		"recurring_interval": null(p.interval), "recurring_interval_count": number(p.intervalCount),
		"trial_interval": null(s.trialInterval), "trial_interval_count": number(s.trialCount),
		"is_sellable": boolean(s.whyNot == nil), "why_not": null(s.whyNot),
		"discount_id": nil, "discount_name": nil, "discount_status": s.status,
	}
	r.currency(currency)
	if the, known := defaults[p.organization]; known && currency != nil {
		r["is_default_currency"] = boolean(*currency == the)
	}
	if w != nil && w.legacy != nil {
		r["recurring_interval"], r["recurring_interval_count"] = null(w.legacy.row["recurring_interval"]), "1"
	}
	if l.discount != nil {
		r["discount_id"], r["discount_name"] = l.discount.id, l.discount.name
	}
	r.money("discount_amount", s.discount, currency)
	r.money("net_amount", s.net, currency)
	r.money("due_now_amount", s.due, currency)
	return r
}

func currencyOf(w *way) *string {
	if w == nil {
		return nil
	}
	return w.currency
}

func (r Row) quantity(q *quantity) {
	r["quantity_kind"], r["quantity"], r["quantity_is_locked"] = nil, nil, nil
	if q != nil {
		r["quantity_kind"], r["quantity"], r["quantity_is_locked"] = q.kind, number(&q.n), boolean(q.isLocked)
	}
}

// UnsellableLinks computes unsellable_links. Its times are those of the oracle of the
// tables; at tells which run they stand for.
func (c *Catalogue) UnsellableLinks(at func(string) Moment) []Row {
	var rows []Row
	for _, l := range c.links {
		r := Row{
			"checkout_link_id": l.id, "link_label": null(l.label), "organization_id": l.organization,
			"reason": nil, "product_id": nil, "product_name": nil, "since": nil,
		}
		p := l.opens()
		switch {
		case l.removed != nil:
			r["reason"], r["since"] = "gone", at(*l.removed)
		case len(l.products) == 0:
			r["reason"] = "no_products"
		case p == nil:
			r["reason"] = "no_open_product"
		default:
			if r["reason"] = l.whyNot(p); r["reason"] == nil {
				continue
			}
			r["product_id"], r["product_name"] = p.id, p.name
		}
		rows = append(rows, r)
	}
	return rows
}

// whyNot tells why the product that opens cannot be sold in any way, nil if it can.
func (l *link) whyNot(p *product) any {
	reason := any("no_price")
	for _, w := range p.ways() {
		_, isPossible := w.sum(l)
		whyNot := p.whyNot(w, isPossible)
		if whyNot == nil {
			return nil
		}
		reason = *whyNot
	}
	return reason
}

// ProductBenefits computes product_benefits.
func (c *Catalogue) ProductBenefits() []Row {
	var rows []Row
	for _, p := range c.products {
		for _, b := range p.benefits {
			r := Row{"product_id": p.id, "product_name": p.name}
			for column, text := range b {
				r[column] = null(text)
			}
			rows = append(rows, r)
		}
	}
	return rows
}
