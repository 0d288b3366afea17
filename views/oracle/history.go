package oracle

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"time"

	tables "syncer/internal/syncer/oracle"
)

// A Run is what the database knows of a run that has ended.
type Run struct {
	Started, ObservingSince, Finished time.Time

	IsUsable bool            // it came to its end: succeeded or partial
	Links    map[string]bool // what it asked for
}

// A History follows the tables from run to run.
type History struct {
	runs   []Run
	starts map[string]int // the oracle of the tables dates its rows by when a run began
	before tables.Tables
	last   *Catalogue
	shown  map[string]int        // product or discount, last run that showed it
	sights []map[string][]string // by run: product or discount, links that showed it
	spells map[string][]*spell   // by price
	counts []Row                 // discount_redemptions, without names
	fails  map[string]*failure   // by link
}

// A spell is a time in which a price is offered.
type spell struct {
	from, fromNotBefore, fromNotAfter any
	to, toNotBefore                   *Moment
}

type failure struct {
	since    int
	attempts int64
}

// NewHistory begins with empty tables.
func NewHistory() *History {
	return &History{
		starts: map[string]int{}, last: NewCatalogue(nil), shown: map[string]int{},
		spells: map[string][]*spell{}, fails: map[string]*failure{},
	}
}

// Observe adds a run, what Polar answered in it, and what the oracle of the tables then
// promises. That oracle was told that the run observed at run.Started.
func (h *History) Observe(run Run, answers []tables.Answer, t tables.Tables) {
	now := len(h.runs)
	h.runs = append(h.runs, run)
	h.starts[timeText(run.Started)] = now
	c := NewCatalogue(t)
	h.sights = append(h.sights, h.fail(c, answers))

	before := byID(h.before["prices"])
	for _, r := range t["prices"] {
		h.spell(now, before[*r["id"]], r)
	}
	known := byID(h.before["discounts"])
	for _, r := range t["discounts"] {
		old, id := known[*r["id"]], *r["id"]
		if old == nil || *old["redemptions_count"] == *r["redemptions_count"] {
			continue
		}
		more := *whole(r["redemptions_count"]) - *whole(old["redemptions_count"])
		h.counts = append(h.counts, Row{
			"discount_id": id, "redemptions": number(&more), "redemptions_count": *r["redemptions_count"],
			"not_before": h.lower(now, id, old), "not_after": Moment{From: now, To: now, IsUpper: true},
		})
	}
	for id := range h.sights[now] {
		h.shown[id] = now
	}
	h.before, h.last = t, c
}

// fail notes which links failed, and returns which links showed each product and discount.
func (h *History) fail(c *Catalogue, answers []tables.Answer) map[string][]string {
	good := map[string]bool{}
	for _, a := range answers {
		switch {
		case a.Status == 200 || a.Status == 404:
			good[a.ID] = a.Status == 200
			delete(h.fails, a.ID)
		case h.fails[a.ID] == nil:
			h.fails[a.ID] = &failure{since: len(h.runs) - 1, attempts: 1}
		default:
			h.fails[a.ID].attempts++
		}
	}
	sights := map[string][]string{}
	for _, l := range c.live() {
		if !good[l.id] {
			continue
		}
		for _, o := range l.products {
			sights[o.product.id] = append(sights[o.product.id], l.id)
		}
		if l.discount != nil {
			sights[l.discount.id] = append(sights[l.discount.id], l.id)
		}
	}
	return sights
}

// spell begins or ends a price's spell when its row says so.
func (h *History) spell(now int, old, r tables.Row) {
	id := *r["id"]
	was, is := old != nil && old["removed_at"] == nil, r["removed_at"] == nil
	seen := Moment{From: now, To: now, IsUpper: true}
	switch {
	case old == nil:
		created := timeText(instant(*r["created_at"]))
		h.spells[id] = []*spell{{from: created, fromNotBefore: created, fromNotAfter: created}}
	case is && !was:
		h.spells[id] = append(h.spells[id], &spell{from: seen, fromNotBefore: h.lower(now, *r["product_id"], old), fromNotAfter: seen})
	case was && !is:
		s := h.spells[id][len(h.spells[id])-1]
		s.to, s.toNotBefore = &seen, new(h.lower(now, *r["product_id"], old))
	}
}

// lower is when a row, shown as part of a product or discount, was last seen as it was
// before the run now. Which it is exactly depends on the order of requests, unless a link
// showed the thing both times.
func (h *History) lower(now int, owner string, old tables.Row) Moment {
	m := Moment{From: h.starts[*old["changed_at"]], To: h.shown[owner]}
	if now > 0 && slices.ContainsFunc(h.sights[now][owner], func(link string) bool { return slices.Contains(h.sights[now-1][owner], link) }) {
		m.From = now - 1
	}
	return m
}

// At tells which run a time of the oracle of the tables stands for.
func (h *History) At(text string) Moment {
	run := h.starts[text]
	return Moment{From: run, To: run}
}

// Last is the catalogue after the last run.
func (h *History) Last() *Catalogue { return h.last }

// PriceHistory computes price_history.
func (h *History) PriceHistory() []Row {
	var rows []Row
	for _, p := range h.last.products {
		for _, price := range p.prices {
			for i, s := range h.spells[price.id] {
				r := Row{
					"price_id": price.id, "spell": strconv.Itoa(i + 1), "product_id": p.id, "product_name": p.name,
					"organization_id": p.organization, "amount_type": price.kind, "is_legacy": boolean(price.isLegacy),
					"recurring_interval": null(p.interval), "tax_behavior": null(price.row["tax_behavior"]),
					"is_current": boolean(s.to == nil), "valid_from": s.from,
					"valid_from_not_before": s.fromNotBefore, "valid_from_not_after": s.fromNotAfter,
					"valid_to": nil, "valid_to_not_before": nil, "valid_to_not_after": nil, "ended_by": nil,
				}
				if price.isLegacy {
					r["recurring_interval"] = null(price.row["recurring_interval"])
				}
				r.currency(price.currency)
				r.money("amount", price.listed(), price.currency)
				r.rate("unit_amount", price.unitAmount(), price.currency)
				if s.to != nil {
					r["valid_to"], r["ended_by"] = *s.to, "removed"
					r["valid_to_not_before"], r["valid_to_not_after"] = *s.toNotBefore, *s.to
					if created, is := h.replacement(p, price, s); is {
						r["valid_to"], r["ended_by"] = timeText(created), "replaced"
					}
				}
				rows = append(rows, r)
			}
		}
	}
	return rows
}

// listed is a price's amount as one would read it, without a link.
func (p *price) listed() *big.Rat {
	switch p.kind {
	case "fixed":
		return fraction(p.row["price_amount"])
	case "custom":
		return fraction(cmp.Or(p.row["preset_amount"], p.row["minimum_amount"]))
	case "free":
		return new(big.Rat)
	default:
		return nil
	}
}

// replacement finds the first price that Polar made in this one's place.
func (h *History) replacement(p *product, gone *price, s *spell) (time.Time, bool) {
	var found []time.Time
	for _, other := range p.prices {
		created := instant(*other.row["created_at"])
		if other.kind != gone.kind || !same(other.currency, gone.currency) {
			continue
		}
		// Within the bounds, as far as one can tell from outside: after the runs that may have
		// set the lower one, and before the run that set the upper one.
		after, before := h.runs[s.toNotBefore.To].Finished, h.runs[s.to.From].Started
		switch {
		case created.After(after) && created.Before(before):
			found = append(found, created)
		case created.After(h.runs[s.toNotBefore.From].Started) && created.Before(h.runs[s.to.From].Finished):
			panic(fmt.Sprintf("oracle: price %s was made during a run: nobody can tell whether in time", other.id))
		}
	}
	if len(found) == 0 {
		return time.Time{}, false
	}
	return slices.MinFunc(found, time.Time.Compare), true
}

// DiscountRedemptions computes discount_redemptions.
func (h *History) DiscountRedemptions() []Row {
	var rows []Row
	for _, count := range h.counts {
		r := maps.Clone(count)
		d := h.last.discounts[r["discount_id"].(string)]
		r["discount_name"], r["organization_id"] = d.name, *d.row["organization_id"]
		rows = append(rows, r)
	}
	return rows
}

// Freshness computes freshness. A link that fails does so by an answer of 5xx.
func (h *History) Freshness() []Row {
	var rows []Row
	landed := map[string]bool{}
	for _, l := range h.last.links {
		landed[l.id] = true
		if l.removed != nil {
			continue
		}
		r := freshness(l.id)
		r["link_label"], r["organization_id"], r["status"] = null(l.label), l.organization, "ok"
		failed, fails := h.fails[l.id]
		if fails {
			h.failing(r, "failing", failed)
		}
		changed := h.starts[l.changed]
		r["seen_at"] = Moment{From: changed, To: changed}
		for i, run := range h.runs {
			if i > changed && run.IsUsable && run.Links[l.id] && (!fails || i < failed.since) {
				r["seen_at"] = timeText(run.ObservingSince)
			}
		}
		rows = append(rows, r)
	}
	for id, failed := range h.fails {
		if !landed[id] {
			r := freshness(id)
			h.failing(r, "never_seen", failed)
			rows = append(rows, r)
		}
	}
	return rows
}

func freshness(link string) Row {
	return Row{
		"checkout_link_id": link, "link_label": nil, "organization_id": nil, "status": nil, "seen_at": nil,
		"failing_since": nil, "failed_attempts": nil, "failure_kind": nil,
	}
}

func (h *History) failing(r Row, status string, failed *failure) {
	r["status"], r["failing_since"] = status, Moment{From: failed.since, To: failed.since}
	r["failed_attempts"], r["failure_kind"] = number(&failed.attempts), "unavailable"
}

// Rows computes every view as it must be at now.
func (h *History) Rows(now time.Time) map[string][]Row {
	rows := map[string][]Row{
		"link_checkouts":       h.last.LinkCheckouts(now),
		"link_offers":          h.last.LinkOffers(now),
		"unsellable_links":     h.last.UnsellableLinks(h.At),
		"product_benefits":     h.last.ProductBenefits(),
		"price_history":        h.PriceHistory(),
		"discount_redemptions": h.DiscountRedemptions(),
		"freshness":            h.Freshness(),
	}
	for _, v := range Views() {
		rows[v.Name] = v.Sorted(rows[v.Name])
	}
	return rows
}

// timeText writes an instant as the oracle of the tables does.
func timeText(t time.Time) string {
	return t.UTC().Truncate(time.Microsecond).Format("2006-01-02T15:04:05.000000Z")
}
