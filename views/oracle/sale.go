package oracle

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"time"
)

// A way to pay is a price set: the live prices of a product in one currency, or one of
// its legacy prices.
type way struct {
	currency *string
	legacy   *price
	prices   []*price
}

// ways lists a product's ways to pay. One without a live price has none.
func (p *product) ways() []*way {
	var all []*way
	for _, one := range p.live() {
		if one.isLegacy {
			all = append(all, &way{currency: one.currency, legacy: one, prices: []*price{one}})
			continue
		}
		i := slices.IndexFunc(all, func(w *way) bool { return w.legacy == nil && same(w.currency, one.currency) })
		if i < 0 {
			i = len(all)
			all = append(all, &way{currency: one.currency})
		}
		all[i].prices = append(all[i].prices, one)
	}
	return all
}

// quantity is how many seats or units a checkout opens with.
type quantity struct {
	kind     string
	n        int64
	isLocked bool
}

// quantity returns nil for a price that has none.
func (p *price) quantity(l *link) *quantity {
	var q quantity
	var most, wanted *int64
	switch p.kind {
	case "seat_based":
		q = quantity{kind: "seats", n: 1}
		if least := whole(p.row["minimum_seats"]); least != nil {
			q.n = *least
		}
		most, wanted = whole(p.row["maximum_seats"]), l.seats
	case "unit_based":
		q = quantity{kind: "units", n: 1}
		if least := whole(p.row["minimum_units"]); least != nil {
			q.n = max(*least, 1)
		}
		most, wanted = whole(p.row["maximum_units"]), l.units
	default:
		return nil
	}
	if most == nil && len(p.tiers) > 0 {
		most = p.tiers[len(p.tiers)-1].to
	}
	if wanted != nil && *wanted >= q.n && (most == nil || *wanted <= *most) {
		q.n, q.isLocked = *wanted, true
	}
	return &q
}

// charge is what a quantity costs; nil when no tier says so.
func (p *price) charge(n int64) *big.Rat {
	sum, covered := new(big.Rat), int64(0) // the last one that the tiers so far account for
	graduated := p.row["tier_type"] != nil && *p.row["tier_type"] == "graduated"
	for _, t := range p.tiers {
		if covered == math.MaxInt64 {
			break
		}
		first, last := covered+1, n
		if t.to != nil {
			last = min(n, *t.to)
			covered = *t.to
		}
		if !graduated && t.from != nil {
			first = *t.from
		}
		switch {
		case first > last:
			continue
		case !graduated && last < n:
			continue
		case t.rate == nil:
			return nil
		case !graduated:
			return times(t.rate, n)
		}
		sum.Add(sum, times(t.rate, last-first+1))
	}
	if graduated {
		return sum
	}
	return nil
}

func times(rate *big.Rat, n int64) *big.Rat {
	return new(big.Rat).Mul(rate, new(big.Rat).SetInt64(n))
}

// adds is what a price adds to the sum of its set. Without an amount it is either not
// known, or impossible.
func (p *price) adds(l *link) (amount *big.Rat, known bool) {
	switch p.kind {
	case "fixed":
		amount = fraction(p.row["price_amount"])
	case "custom":
		amount = fraction(p.row["preset_amount"])
		if amount == nil {
			amount = fraction(p.row["minimum_amount"])
		}
	case "seat_based", "unit_based":
		amount = p.charge(p.quantity(l).n)
	case "free", "metered_unit", "metered_tiers":
		amount = new(big.Rat)
	default:
		return nil, false
	}
	return possible(amount), true
}

// possible is nil for an amount that Polar cannot ask for.
func possible(amount *big.Rat) *big.Rat {
	if amount == nil || !amount.IsInt() || !amount.Num().IsInt64() {
		return nil
	}
	return amount
}

func (p *price) isMetered() bool { return p.kind == "metered_unit" || p.kind == "metered_tiers" }

// isFree tells what costs nothing however much of it is bought.
func (p *price) isFree() bool {
	switch p.kind {
	case "free":
		return true
	case "fixed":
		amount := fraction(p.row["price_amount"])
		return amount != nil && amount.Sign() == 0
	case "seat_based", "unit_based":
		return !slices.ContainsFunc(p.tiers, func(t tier) bool { return t.rate == nil || t.rate.Sign() != 0 })
	default:
		return false
	}
}

// A sale is what a buyer is asked for: one way to pay for one product of one link.
type sale struct {
	quantity      *quantity
	trialInterval *string
	trialCount    *int64
	whyNot        *string
	amount        *big.Rat
	status        string // of the discount
	discount      *big.Rat
	net           *big.Rat
	due           *big.Rat
}

// sell applies the rules; w is nil for a product without a live price.
func sell(l *link, p *product, w *way, now time.Time) sale {
	var s sale
	amount, isPossible := w.sum(l)
	s.amount, s.whyNot = amount, p.whyNot(w, isPossible)
	var currency *string
	if w != nil {
		currency = w.currency
		for _, one := range w.prices {
			if q := one.quantity(l); q != nil {
				s.quantity = q
			}
		}
	}
	if p.isRecurring {
		s.trialInterval, s.trialCount = cmp.Or(l.trialInterval, p.trialInterval), cmp.Or(l.trialCount, p.trialCount)
	}
	s.status = l.discount.status(p, currency, now)
	if s.amount != nil {
		s.discount = new(big.Rat)
		if s.status == "applied" {
			s.discount = l.discount.off(s.amount, currency)
		}
		s.net = new(big.Rat).Sub(s.amount, s.discount)
	}
	s.due = s.net
	if isPossible && s.trialInterval != nil && s.trialCount != nil {
		s.due = new(big.Rat) // even of an amount that is not known
	}
	return s
}

// sum adds up a set, as long as it can be and is known. w is nil for no price at all.
func (w *way) sum(l *link) (amount *big.Rat, isPossible bool) {
	if w == nil {
		return nil, false
	}
	sum, isKnown := new(big.Rat), true
	for _, one := range w.prices {
		part, known := one.adds(l)
		switch {
		case !known:
			isKnown = false
		case part == nil:
			return nil, false
		default:
			sum.Add(sum, part)
		}
	}
	if possible(sum) == nil {
		return nil, false
	}
	if !isKnown {
		return nil, true
	}
	return sum, true
}

// whyNot says why a product cannot be sold in one way, nil if it can.
func (p *product) whyNot(w *way, isPossible bool) *string {
	switch {
	case p.isArchived:
		return new("product_archived")
	case !p.isOpen():
		return new("product_draft")
	case w == nil:
		return new("no_price")
	case !isPossible:
		return new("amount_impossible")
	default:
		return nil
	}
}

// status says whether the discount applies, or why it does not; d is nil for none.
func (d *discount) status(p *product, currency *string, now time.Time) string {
	if d == nil {
		return "none"
	}
	kind := *d.row["type"]
	_, hasAmount := d.amounts[deref(currency)]
	most := whole(d.row["max_redemptions"])
	switch {
	case kind != "fixed" && kind != "percentage":
		return "unknown_kind"
	case d.row["starts_at"] != nil && instant(*d.row["starts_at"]).After(now):
		return "not_started"
	case d.row["ends_at"] != nil && instant(*d.row["ends_at"]).Before(now):
		return "ended"
	case most != nil && *whole(d.row["redemptions_count"]) >= *most:
		return "used_up"
	case kind == "fixed" && !hasAmount:
		return "other_currency"
	case !slices.ContainsFunc(p.live(), func(p *price) bool { return !p.isFree() }):
		return "nothing_to_discount"
	default:
		return "applied"
	}
}

// off is what a discount that applies takes off a sum.
func (d *discount) off(sum *big.Rat, currency *string) *big.Rat {
	var off *big.Rat
	if *d.row["type"] == "fixed" {
		off = new(big.Rat).SetInt64(d.amounts[deref(currency)])
	} else {
		// Polar multiplies in binary: 50 less 29 % is 50 - 14, since it gets 14.499999999999998.
		amount, _ := sum.Float64()
		exact := new(big.Rat).SetFloat64(amount * (float64(*whole(d.row["basis_points"])) / 10000))
		off = halfUp(exact)
	}
	if off.Cmp(sum) > 0 {
		return sum
	}
	return off
}

// halfUp rounds to the nearest whole number, halves up.
func halfUp(r *big.Rat) *big.Rat {
	more := new(big.Rat).Add(r, big.NewRat(1, 2))
	floor := new(big.Int).Div(more.Num(), more.Denom()) // Euclidean: down, since what divides is positive
	return new(big.Rat).SetInt(floor)
}

// exponent is how many decimals Polar gives a currency.
func exponent(currency string) int {
	switch currency {
	case "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf":
		return 0
	default:
		return 2
	}
}

// major turns minor units into the currency's own.
func major(amount *big.Rat, currency *string) *big.Rat {
	if amount == nil || currency == nil {
		return nil
	}
	return new(big.Rat).Quo(amount, new(big.Rat).SetFloat64(math.Pow10(exponent(*currency))))
}

// defaults infers each organization's default currency: the one, if it is only one, that
// all its products have which are for sale on live links.
func (c *Catalogue) defaults() map[string]string {
	common := map[string][]string{} // by organization
	met := map[*product]bool{}
	for _, l := range c.live() {
		for _, o := range l.products {
			p := o.product
			var has []string
			for _, price := range p.live() {
				if price.currency != nil {
					has = append(has, *price.currency)
				}
			}
			if met[p] || p.isArchived || has == nil {
				continue
			}
			met[p] = true
			slices.Sort(has)
			has = slices.Compact(has)
			if others, known := common[p.organization]; known {
				has = slices.DeleteFunc(has, func(currency string) bool { return !slices.Contains(others, currency) })
			}
			common[p.organization] = has
		}
	}
	all := map[string]string{}
	for organization, currencies := range common {
		if len(currencies) == 1 {
			all[organization] = currencies[0]
		}
	}
	return all
}

func same(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
