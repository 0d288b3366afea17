package views_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"syncer/internal/fetch/fetchtest"
)

// TestGeneratedSales syncs many links that were thrown together, of organizations with
// one default currency, none, or several that it may be.
func TestGeneratedSales(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			m := newMaker(t)
			dice := rand.New(rand.NewPCG(seed, 10))
			var links []fetchtest.Answer
			for range 30 {
				g := generator{maker: m.elsewhere(), Rand: dice, everywhere: pick(dice, [][]string{nil, {"usd"}, {"jpy"}, {"usd", "eur"}})}
				links = append(links, g.links()...)
			}
			b := made(t, links...)
			b.run(b.all())
			b.check()
		})
	}
}

// generator makes the links of one organization.
type generator struct {
	maker
	*rand.Rand

	everywhere []string // currencies of all products
}

func pick[T any](dice *rand.Rand, from []T) T { return from[dice.IntN(len(from))] }

// one is true once in n times.
func (g generator) one(in int) bool { return g.IntN(in) == 0 }

// or is nil once in n times.
func (g generator) or(n int, value any) any {
	if g.one(n) {
		return nil
	}
	return value
}

func (g generator) links() []fetchtest.Answer {
	var products, discounts []object
	for range 1 + g.IntN(6) {
		products = append(products, g.product())
	}
	for range 3 {
		discounts = append(discounts, g.discount())
	}
	var links []fetchtest.Answer
	for range 2 + g.IntN(7) {
		var own []object
		for _, i := range g.Perm(len(products))[:g.IntN(min(len(products), 3)+1)] {
			own = append(own, products[i])
		}
		fields := object{
			"label":          pick(g.Rand, []any{"a link", "", " \n\t", nil, " x ", "v", "\v\f\r"}),
			"seats":          g.or(2, g.quantity()),
			"units":          g.or(2, g.quantity()),
			"trial_interval": g.or(3, "day"),
		}
		if fields["trial_interval"] != nil {
			fields["trial_interval_count"] = 1 + g.IntN(9)
		}
		if !g.one(3) {
			fields["discount"] = pick(g.Rand, discounts)
		}
		links = append(links, g.link(fields, own...))
	}
	return links
}

func (g generator) quantity() int64 {
	return pick(g.Rand, []int64{0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 100, 1_000_000, 9_223_372_036_854_775_807})
}

func (g generator) amount() int64 {
	switch g.IntN(6) {
	case 0:
		return 0
	case 1:
		return g.Int64()
	case 2:
		return 1 << g.IntN(63)
	default:
		return g.Int64N(100_000)
	}
}

func (g generator) rate() string {
	return pick(g.Rand, []string{"0", "0.000", "0.5", "1E+3", "100.00", "2.25", "5.00E-10", "0.123456789012", "99999999", "1E+18", "3"})
}

func (g generator) product() object {
	var prices []object
	currencies := append([]string{}, g.everywhere...)
	for _, currency := range []string{"usd", "eur", "jpy", "mga", "isk", "kwd"} {
		if g.one(6) && !slices.Contains(currencies, currency) {
			currencies = append(currencies, currency)
		}
	}
	if g.one(12) {
		currencies = nil
	}
	for _, currency := range currencies {
		prices = append(prices, g.set(currency)...)
	}
	if g.one(8) {
		prices = append(prices, g.free())
	}
	for g.one(6) {
		prices = append(prices, legacy(pick(g.Rand, []string{"month", "year"}), g.main("usd")))
	}
	for _, p := range prices {
		p["tax_behavior"] = g.or(2, "inclusive")
	}
	var benefits []object
	for range g.IntN(3) {
		benefits = append(benefits, g.benefit("custom", "something"))
	}
	if len(benefits) > 0 && g.one(3) {
		benefits = append(benefits, benefits[0])
	}
	fields := object{
		"name": fmt.Sprintf("product %d", *g.count), "visibility": pick(g.Rand, []any{"public", "private", nil, "draft", "public", "hidden"}),
		"is_archived": g.one(6),
	}
	if benefits != nil {
		fields["benefits"] = benefits
	}
	if g.one(2) {
		fields["is_recurring"], fields["recurring_interval"], fields["recurring_interval_count"] = true, "month", 1+g.IntN(3)
	}
	if g.one(3) {
		fields["trial_interval"], fields["trial_interval_count"] = "month", 1+g.IntN(3)
	}
	return g.maker.product(fields, prices...)
}

// main is a price that is asked at once.
func (g generator) main(currency string) object {
	if g.one(3) {
		return g.custom(currency, g.or(4, g.amount()), g.or(2, g.amount()), g.or(2, g.amount()))
	}
	return g.fixed(currency, g.amount())
}

// set is what Polar lets be combined: a fixed or custom price, one by seats or units, any
// number of metered ones; now and then with one that does not exist yet.
func (g generator) set(currency string) []object {
	var all []object
	if !g.one(3) {
		all = append(all, g.main(currency))
	}
	switch g.IntN(4) {
	case 0:
		all = append(all, g.seats(currency))
	case 1:
		all = append(all, g.units(currency))
	}
	for g.one(4) {
		all = append(all, g.metered(currency, g.rate(), g.or(2, g.amount())))
	}
	if g.one(8) {
		all = append(all, g.meteredTiers(currency, unitTier(10, g.rate()), unitTier(nil, g.rate())))
	}
	if g.one(15) {
		all = append(all, g.price("by_weight", currency))
	}
	if all == nil {
		all = append(all, g.fixed(currency, g.amount()))
	}
	return all
}

func (g generator) usage(currency string) object { return g.metered(currency, g.rate(), nil) }

// ends are the ends of some tiers, the last of which may be nil.
func (g generator) ends() []any {
	var ends []any
	last := int64(0)
	for range 1 + g.IntN(3) {
		last += 1 + g.Int64N(5)
		ends = append(ends, last)
	}
	if g.one(2) {
		ends[len(ends)-1] = nil
	}
	return ends
}

func (g generator) seats(currency string) object {
	var tiers []object
	least := 1 + g.Int64N(3)
	var minimum any = least // of 1 it may be left out
	if least == 1 {
		minimum = g.or(2, minimum)
	}
	from := least
	for _, to := range g.ends() {
		tier := seatTier(from, nil, pick(g.Rand, []int64{0, 1, 100, 2900, g.amount()}))
		if last, is := to.(int64); is {
			tier["max_seats"] = last + least
			from = last + least + 1
		}
		tiers = append(tiers, tier)
	}
	return g.maker.seats(currency, g.or(4, pick(g.Rand, []string{"volume", "graduated"})), minimum, g.or(2, least+g.Int64N(12)), tiers...)
}

func (g generator) units(currency string) object {
	var tiers []object
	for _, to := range g.ends() {
		tiers = append(tiers, unitTier(to, g.rate()))
	}
	return g.maker.units(currency, pick(g.Rand, []string{"volume", "graduated"}), g.or(2, g.Int64N(8)), g.or(2, 2+g.Int64N(12)), tiers...)
}

func (g generator) discount() object {
	var d object
	switch g.IntN(8) {
	case 0:
		d = g.maker.discount(object{"type": "free_shipping"})
	case 1:
		d = g.off2025(pick(g.Rand, []string{"usd", "eur"}), g.IntN(2000))
	case 2, 3:
		d = g.off(object{"usd": g.amount(), "jpy": g.IntN(500)})
	default:
		d = g.percent(pick(g.Rand, []int{0, 1, 500, 2900, 3333, 5000, 9999, 10000, g.IntN(10001)}))
	}
	past, future := "2020-02-29T23:59:59.999999Z", "2199-12-31T00:00:00Z"
	with(d, object{"starts_at": g.or(2, past), "ends_at": g.or(2, future), "redemptions_count": g.IntN(3), "max_redemptions": g.or(2, 2+g.IntN(3))})
	switch g.IntN(8) {
	case 0:
		d["starts_at"] = future
	case 1:
		d["ends_at"] = past
	}
	return d
}

// TestGeneratedHistories replaces, removes, adds and brings back prices, redeems
// discounts, and lets links change, fail, get well and go, from run to run.
func TestGeneratedHistories(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			b := made(t)
			s := newStory(newMaker(t), rand.New(rand.NewPCG(seed, 11)))
			met := map[string]bool{}
			for range 10 {
				s.goOn(b.clock().UTC().Format(time.RFC3339Nano))
				b.polar.Use(s.links()...)
				b.run(b.all())
				rows := b.check()
				if t.Failed() {
					return // the next runs would only repeat it
				}
				for _, r := range slices.Concat(rows["price_history"], rows["discount_redemptions"], rows["freshness"], rows["unsellable_links"]) {
					for _, column := range []string{"spell", "ended_by", "redemptions", "status", "reason"} {
						met[fmt.Sprintf("%s %v", column, r[column])] = true
					}
				}
			}
			for _, what := range []string{"spell 3", "ended_by replaced", "ended_by removed", "redemptions -1", "redemptions 3", "status failing", "reason gone", "reason no_price"} {
				if !met[what] {
					t.Errorf("nothing has %s: the story is too dull", what)
				}
			}
		})
	}
}

// story is a catalogue that changes. Each product has a link that never fails, so that
// it is known when its prices were last seen.
type story struct {
	generator

	products []object
	gone     map[string][]object // prices by product
	steady   []object            // links
	shaky    []object
	status   map[string]int // of links
}

func newStory(m maker, dice *rand.Rand) *story {
	s := &story{generator: generator{maker: m, Rand: dice}, gone: map[string][]object{}, status: map[string]int{}}
	for i := range 6 {
		product := s.maker.product(object{"name": fmt.Sprintf("product %d", i)})
		s.products = append(s.products, product)
		s.steady = append(s.steady, object{"id": m.id(), "label": "steady", "discount": s.maker.discount(object{"type": "percentage", "basis_points": 1000, "redemptions_count": 5})})
	}
	for range 10 {
		s.shaky = append(s.shaky, object{"id": m.id(), "label": "shaky"})
	}
	return s
}

// goOn makes the changes of one step; what Polar makes in it is made now.
func (s *story) goOn(now string) {
	for i, product := range s.products {
		id := fmt.Sprint(product["id"])
		var kept []object
		prices, _ := product["prices"].([]object)
		for _, price := range prices {
			switch s.IntN(6) {
			case 0: // replaced
				s.gone[id] = append(s.gone[id], price)
				again := maps.Clone(price)
				kept = append(kept, with(again, object{"id": s.id(), "created_at": now}))
			case 1: // removed
				s.gone[id] = append(s.gone[id], price)
			default:
				kept = append(kept, price)
			}
		}
		for _, price := range s.gone[id] {
			if s.one(4) && !slices.ContainsFunc(kept, func(p object) bool { return p["id"] == price["id"] }) {
				kept = append(kept, price)
			}
		}
		for s.one(2) {
			price := with(pick(s.Rand, []func(string) object{s.main, s.usage})(pick(s.Rand, []string{"usd", "jpy"})), object{"product_id": id})
			if s.one(2) {
				price["created_at"] = now
			}
			kept = append(kept, price)
		}
		s.gone[id] = slices.DeleteFunc(s.gone[id], func(price object) bool {
			return slices.ContainsFunc(kept, func(p object) bool { return p["id"] == price["id"] })
		})
		product["prices"] = append([]object{}, kept...)
		discount, _ := s.steady[i]["discount"].(object)
		count, _ := discount["redemptions_count"].(int)
		discount["redemptions_count"] = max(0, count+s.IntN(5)-1)
	}
	for _, link := range s.shaky {
		id := fmt.Sprint(link["id"])
		was := s.status[id]
		switch {
		case was == 404: // for good
		case was == 0: // it has to be seen first
			s.status[id] = 200
		case s.one(30):
			s.status[id] = 404
		case s.one(4):
			s.status[id] = 500
		default:
			s.status[id] = 200
		}
		if s.one(3) {
			link["label"] = "shaky " + s.id()
		}
	}
}

func (s *story) links() []fetchtest.Answer {
	var all []fetchtest.Answer
	for i, fields := range s.steady {
		all = append(all, s.link(fields, s.products[i]))
	}
	for i, fields := range s.shaky {
		answer := s.link(fields, s.products[(i+s.IntN(2))%len(s.products)])
		if answer.Status = s.status[answer.ID]; answer.Status != 200 {
			answer.Body = nil
		}
		all = append(all, answer)
	}
	return all
}
