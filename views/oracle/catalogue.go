package oracle

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"time"

	tables "syncer/internal/syncer/oracle"
)

// A Catalogue is what the tables must hold at one moment, put together.
type Catalogue struct {
	links     []*link // sorted by id, gone ones included
	products  map[string]*product
	discounts map[string]*discount
}

type link struct {
	id, organization string
	label            *string // as analysts see it
	products         []offer // in order
	discount         *discount
	trialInterval    *string
	trialCount       *int64
	seats, units     *int64
	changed          string
	removed          *string // nil while live
}

// An offer is a product on a link.
type offer struct {
	position int64
	product  *product
}

type product struct {
	id, name, organization string
	visibility             *string
	isArchived             bool
	isRecurring            bool
	interval               *string
	intervalCount          *int64
	trialInterval          *string
	trialCount             *int64
	prices                 []*price // those that are gone included
	benefits               []tables.Row
}

type price struct {
	row      tables.Row
	id, kind string
	currency *string
	isLegacy bool
	isLive   bool
	tiers    []tier // in order
	meter    *string
}

// A tier is the rate of a unit, or seat, up to one that may have no end.
type tier struct {
	from, to *int64 // from is only known of seats
	rate     *big.Rat
}

type discount struct {
	row     tables.Row
	id      string
	name    string
	amounts map[string]int64
}

// NewCatalogue puts together what the oracle of the tables promises.
func NewCatalogue(t tables.Tables) *Catalogue {
	c := &Catalogue{products: map[string]*product{}, discounts: map[string]*discount{}}
	for _, r := range t["products"] {
		c.products[*r["id"]] = &product{
			id: *r["id"], name: *r["name"], organization: *r["organization_id"], visibility: r["visibility"],
			isArchived: *r["is_archived"] == "true", isRecurring: *r["is_recurring"] == "true",
			interval: r["recurring_interval"], intervalCount: whole(r["recurring_interval_count"]),
			trialInterval: r["trial_interval"], trialCount: whole(r["trial_interval_count"]),
		}
	}
	c.prices(t)
	benefits := byID(t["benefits"])
	for _, r := range t["product_benefits"] { // sorted by product and position
		b := benefits[*r["benefit_id"]]
		p := c.products[*r["product_id"]]
		p.benefits = append(p.benefits, tables.Row{
			"position": r["position"], "benefit_id": b["id"], "benefit_type": b["type"], "benefit_description": b["description"],
		})
	}
	for _, r := range t["discounts"] {
		c.discounts[*r["id"]] = &discount{row: r, id: *r["id"], name: *r["name"], amounts: map[string]int64{}}
	}
	for _, r := range t["discount_amounts"] {
		c.discounts[*r["discount_id"]].amounts[*r["currency"]] = *whole(r["amount"])
	}
	for _, d := range c.discounts { // the shape of 2025
		if len(d.amounts) == 0 && d.row["amount"] != nil && d.row["currency"] != nil {
			d.amounts[*d.row["currency"]] = *whole(d.row["amount"])
		}
	}
	c.linksOf(t)
	return c
}

func (c *Catalogue) prices(t tables.Tables) {
	prices, meters := map[string]*price{}, byID(t["meters"])
	for _, r := range t["prices"] {
		p := &price{
			row: r, id: *r["id"], kind: *r["amount_type"], currency: r["price_currency"],
			isLegacy: *r["legacy"] == "true", isLive: r["removed_at"] == nil,
		}
		if r["meter_id"] != nil {
			p.meter = meters[*r["meter_id"]]["name"]
		}
		prices[p.id] = p
		c.products[*r["product_id"]].prices = append(c.products[*r["product_id"]].prices, p)
	}
	for _, r := range t["price_tiers"] { // sorted by price and position
		p := prices[*r["price_id"]]
		step := tier{from: whole(r["min_seats"]), to: whole(r["max_seats"]), rate: fraction(r["price_per_seat"])}
		if p.kind != "seat_based" {
			step = tier{to: whole(r["bound"]), rate: fraction(r["unit_amount"])}
		}
		p.tiers = append(p.tiers, step)
	}
}

func (c *Catalogue) linksOf(t tables.Tables) {
	links := map[string]*link{}
	for _, r := range t["checkout_links"] {
		l := &link{
			id: *r["id"], organization: *r["organization_id"], label: visible(r["label"]),
			trialInterval: r["trial_interval"], trialCount: whole(r["trial_interval_count"]),
			seats: whole(r["seats"]), units: whole(r["units"]), changed: *r["changed_at"], removed: r["removed_at"],
		}
		if r["discount_id"] != nil {
			l.discount = c.discounts[*r["discount_id"]]
		}
		links[l.id] = l
		c.links = append(c.links, l)
	}
	for _, r := range t["checkout_link_products"] {
		l := links[*r["checkout_link_id"]]
		l.products = append(l.products, offer{position: *whole(r["position"]), product: c.products[*r["product_id"]]})
	}
	for _, l := range c.links {
		slices.SortFunc(l.products, func(a, b offer) int { return cmp.Compare(a.position, b.position) })
	}
}

// live lists the links that are not gone.
func (c *Catalogue) live() []*link {
	return slices.DeleteFunc(slices.Clone(c.links), func(l *link) bool { return l.removed != nil })
}

// live lists the prices that the product was last seen with.
func (p *product) live() []*price {
	return slices.DeleteFunc(slices.Clone(p.prices), func(p *price) bool { return !p.isLive })
}

// isOpen reports whether a buyer who opens a link gets to see the product.
func (p *product) isOpen() bool {
	return !p.isArchived && (p.visibility == nil || *p.visibility != "draft")
}

// opens returns the product that is preselected on the link, nil for none.
func (l *link) opens() *product {
	for _, o := range l.products {
		if o.product.isOpen() {
			return o.product
		}
	}
	return nil
}

// visible is a label as analysts see it: nil when there is nothing to be seen.
func visible(label *string) *string {
	if label == nil {
		return nil
	}
	for _, r := range *label {
		switch r {
		case ' ', '\t', '\n', '\v', '\f', '\r':
		default:
			return label
		}
	}
	return nil
}

func byID(rows []tables.Row) map[string]tables.Row {
	all := map[string]tables.Row{}
	for _, r := range rows {
		all[*r["id"]] = r
	}
	return all
}

// whole reads a bigint.
func whole(text *string) *int64 {
	if text == nil {
		return nil
	}
	n, err := strconv.ParseInt(*text, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("oracle: %v", err)) // the oracle of the tables lets no other text pass
	}
	return &n
}

// fraction reads a number of any kind.
func fraction(text *string) *big.Rat {
	if text == nil {
		return nil
	}
	r, ok := new(big.Rat).SetString(*text)
	if !ok {
		panic(fmt.Sprintf("oracle: number %q is none", *text)) // as above
	}
	return r
}

// instant reads a time.
func instant(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(fmt.Sprintf("oracle: %v", err)) // as above
	}
	return t
}
