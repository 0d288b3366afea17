package views_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch/fetchtest"
	"syncer/views/oracle"
)

// sale is a link, and what its buyer is asked for as one reads it in the contract: a line
// for each way to pay, without what is null.
type sale struct {
	link fetchtest.Answer
	want []string
}

// told writes a row of link_checkouts, or of unsellable_links, as sale.want does.
func told(r oracle.Row) string {
	var words []string
	for _, c := range [][2]string{
		{"reason", "unsellable: %s"},
		{"quantity", "%s"},
		{"quantity_kind", "%s"},
		{"amount", "%s"},
		{"currency", "%s"},
		{"discount_amount", "- %s"},
		{"net_amount", "= %s"},
		{"due_now_amount", "due %s"},
		{"discount_status", "%s"},
		{"why_not", "(%s)"},
	} {
		if r[c[0]] != nil {
			words = append(words, fmt.Sprintf(c[1], r[c[0]]))
		}
	}
	if r["quantity_is_locked"] == "true" {
		words = append(words, "locked")
	}
	return strings.Join(words, " ")
}

// full tells a sale of so much without a discount or a trial.
func full(told string) string {
	told, locked := strings.CutSuffix(told, " locked")
	words := strings.Fields(told)
	amount := words[len(words)-2]
	told += " - 0 = " + amount + " due " + amount + " none"
	if locked {
		told += " locked"
	}
	return told
}

// impossible tells the only sale of a link that cannot be, of so much.
func impossible(quantity string) []string {
	quantity, locked := strings.CutSuffix(quantity, " locked")
	told := strings.TrimSpace(quantity + " usd none (amount_impossible)")
	if locked {
		told += " locked"
	}
	return []string{told, "unsellable: amount_impossible"}
}

// TestWhatBuyersAreAskedFor syncs links that are sold in every way there is, and wants of
// the views what the oracle makes of each and, so that the oracle is right, what a person
// reads in the contract.
func TestWhatBuyersAreAskedFor(t *testing.T) {
	t.Parallel()
	sales := map[string]sale{}
	m := newMaker(t)
	for name, add := range map[string]func(map[string]sale, maker){
		"worked": workedCases, "sets": setCases, "tiers": tierCases, "discounts": discountCases, "closed": closedCases, "trials": trialCases,
	} {
		before := len(sales)
		add(sales, m)
		if len(sales) == before {
			t.Fatalf("no cases in %s", name)
		}
	}
	var links []fetchtest.Answer
	names := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(sales)) {
		links = append(links, sales[name].link)
		names[sales[name].link.ID] = name
	}
	b := made(t, links...)
	b.run(b.all())
	rows := b.check()
	if t.Failed() {
		t.Logf("the links are %v", names)
	}
	got := map[string][]string{}
	for _, view := range []string{"link_checkouts", "unsellable_links"} {
		for _, r := range rows[view] {
			name := names[fmt.Sprint(r["checkout_link_id"])]
			got[name] = append(got[name], told(r))
		}
	}
	for name, s := range sales {
		slices.Sort(s.want)
		slices.Sort(got[name])
		if diff := cmp.Diff(s.want, got[name]); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// workedCases are section 4 of the contract.
func workedCases(sales map[string]sale, m maker) {
	seats := func() object {
		return m.sells(m.seats("usd", "graduated", 2, nil, seatTier(2, 3, 1000), seatTier(4, nil, 500)))
	}
	halves := func() object { return m.sells(m.units("usd", "volume", 1, nil, unitTier(nil, "0.5"))) }
	maps.Copy(sales, map[string]sale{
		"50 less 29 %": {m.link(object{"discount": m.percent(2900)}, m.sells(m.fixed("usd", 50))), []string{"50 usd - 14 = 36 due 36 applied"}},
		"10 less 5 %":  {m.link(object{"discount": m.percent(500)}, m.sells(m.fixed("usd", 10))), []string{"10 usd - 1 = 9 due 9 applied"}},

		"graduated, 5 seats": {m.link(object{"seats": 5}, seats()), []string{full("5 seats 4000 usd locked")}},
		"graduated, 1 seat":  {m.link(object{"seats": 1}, seats()), []string{full("2 seats 2000 usd")}},
		"graduated from 5": {
			m.link(nil, m.sells(m.seats("usd", "graduated", 5, 10, seatTier(5, 10, 100)))), []string{full("5 seats 500 usd")},
		},
		"half a unit": {m.link(nil, halves()), impossible("1 units")},
		"3 halves":    {m.link(object{"units": 3}, halves()), impossible("3 units locked")},
		"4 halves":    {m.link(object{"units": 4}, halves()), []string{full("4 units 2 usd locked")}},
		"two currencies": {
			m.link(object{"discount": m.off(object{"eur": 500})}, m.sells(m.fixed("usd", 2000), m.fixed("eur", 1800))),
			[]string{"1800 eur - 500 = 1300 due 1300 applied", "2000 usd - 0 = 2000 due 2000 other_currency"},
		},
		"metered only": {m.link(object{"discount": m.percent(10000)}, m.sells(m.metered("usd", "5.00E-10", nil))), []string{"0 usd - 0 = 0 due 0 applied"}},
		"nothing off nothing": {
			m.link(object{"discount": m.off(object{"usd": 5})}, m.sells(m.fixed("usd", 0))), []string{"0 usd - 0 = 0 due 0 nothing_to_discount"},
		},
		"Iceland":    {m.link(nil, m.sells(m.fixed("isk", 700000))), []string{full("700000 isk")}},
		"Madagascar": {m.link(nil, m.sells(m.fixed("mga", 30000))), []string{full("30000 mga")}},
	})
}

// setCases have several prices, or a price of every kind.
func setCases(sales map[string]sale, m maker) {
	const most = int64(9223372036854775807)
	// the link sells
	maps.Copy(sales, map[string]sale{
		"fixed and seats": {
			m.link(object{"seats": 3}, m.sells(m.fixed("usd", 1000), m.seats("usd", "volume", 1, nil, seatTier(1, nil, 100)), m.metered("usd", "0.5", 900))),
			[]string{full("3 seats 1300 usd locked")},
		},
		"fixed and units": {
			m.link(object{"units": 7, "seats": 3}, m.sells(m.fixed("usd", 1000), m.units("usd", "volume", nil, nil, unitTier(nil, "100")))),
			[]string{full("7 units 1700 usd locked")},
		},
		"metered in tiers": {m.link(nil, m.sells(m.meteredTiers("usd", unitTier(10, "1.5"), unitTier(nil, "0.123456789012")))), []string{full("0 usd")}},
		"preset 0":         {m.link(nil, m.sells(m.custom("usd", 100, 900, 0))), []string{full("0 usd")}},
		"preset":           {m.link(nil, m.sells(m.custom("usd", 100, nil, 250))), []string{full("250 usd")}},
		"no preset":        {m.link(nil, m.sells(m.custom("usd", 100, nil, nil))), []string{full("100 usd")}},
		"custom of 2025, open": {
			m.link(nil, m.sells(m.custom("usd", nil, nil, nil))), impossible(""),
		},
		"free of 2025":      {m.link(object{"discount": m.percent(5000)}, m.sells(m.free())), []string{"0 - 0 = 0 due 0 nothing_to_discount"}},
		"a kind of 2030":    {m.link(object{"discount": m.percent(5000)}, m.sells(m.price("by_weight", "usd"), m.fixed("usd", 5))), []string{"usd applied"}},
		"kind and nonsense": {m.link(nil, m.sells(m.price("by_weight", "usd"), m.custom("usd", nil, 5, nil))), impossible("")},
		"one of two ways": {
			m.link(nil, m.sells(m.custom("usd", nil, 5, nil), m.fixed("eur", 5))), []string{full("5 eur"), "usd none (amount_impossible)"},
		},
		"legacy": {
			m.link(object{"discount": m.off2025("usd", 300)}, m.product(monthly(object{"recurring_interval": nil, "recurring_interval_count": nil}),
				legacy("month", m.fixed("usd", 1000)), legacy("year", m.fixed("usd", 200)), legacy("year", m.free()), legacy("month", m.custom("usd", 50, 70, nil)))),
			[]string{
				"0 - 0 = 0 due 0 other_currency", "1000 usd - 300 = 700 due 700 applied", "200 usd - 200 = 0 due 0 applied", "50 usd - 50 = 0 due 0 applied",
			},
		},
		"legacy beside others": {
			m.link(nil, m.product(monthly(nil), m.fixed("usd", 1000), legacy("year", m.fixed("usd", 200)))),
			[]string{full("1000 usd"), full("200 usd")},
		},
		"the largest":        {m.link(nil, m.sells(m.fixed("usd", most))), []string{full("9223372036854775807 usd")}},
		"all of it":          {m.link(object{"discount": m.percent(10000)}, m.sells(m.fixed("jpy", most))), []string{"9223372036854775807 jpy - 9223372036854775807 = 0 due 0 applied"}},
		"a sum too large":    {m.link(nil, m.sells(m.fixed("usd", most), m.custom("usd", 0, nil, 1))), impossible("")},
		"a rate too large":   {m.link(nil, m.sells(m.units("usd", "volume", 1, nil, unitTier(nil, "1e30")))), impossible("1 units")},
		"too many seats":     {m.link(object{"seats": most}, m.sells(m.seats("usd", "graduated", 1, nil, seatTier(1, 2, 5), seatTier(3, nil, most)))), impossible("9223372036854775807 seats locked")},
		"a tiny rate":        {m.link(object{"units": int64(4000000000)}, m.sells(m.units("usd", "volume", 1, nil, unitTier(nil, "0.00000000025")))), []string{full("4000000000 units 1 usd locked")}},
		"a rate with E":      {m.link(object{"units": 2}, m.sells(m.units("usd", "graduated", 1, nil, unitTier(1, "1E+3"), unitTier(nil, "0E-12")))), []string{full("2 units 1000 usd locked")}},
		"halves that add up": {m.link(object{"units": 2}, m.sells(m.units("usd", "graduated", 1, nil, unitTier(1, "0.5"), unitTier(nil, "1.5")))), []string{full("2 units 2 usd locked")}},
	})
}

// tierCases stand at the bounds of tiers.
func tierCases(sales map[string]sale, m maker) {
	type want struct {
		wanted any
		told   string
	}
	for name, c := range map[string]struct {
		price func() object
		on    string // which of the link's quantities
		wants []want
	}{
		"seats, volume": {
			func() object {
				return m.seats("usd", "volume", 2, nil, seatTier(2, 4, 100), seatTier(5, 9, 10), seatTier(10, 12, 1))
			}, "seats",
			[]want{
				{nil, "2 seats 200 usd"},
				{1, "2 seats 200 usd"},
				{2, "2 seats 200 usd locked"},
				{4, "4 seats 400 usd locked"},
				{5, "5 seats 50 usd locked"},
				{9, "9 seats 90 usd locked"},
				{10, "10 seats 10 usd locked"},
				{12, "12 seats 12 usd locked"},
				{13, "2 seats 200 usd"},
			},
		},
		"seats, graduated": {
			func() object { return m.seats("usd", "graduated", 1, 20, seatTier(1, 4, 100), seatTier(5, nil, 10)) }, "seats",
			[]want{
				{nil, "1 seats 100 usd"}, {0, "1 seats 100 usd"}, {4, "4 seats 400 usd locked"}, {5, "5 seats 410 usd locked"}, {20, "20 seats 560 usd locked"}, {21, "1 seats 100 usd"},
			},
		},
		"seats, graduated, with an end before the most": {
			func() object { return m.seats("usd", "graduated", nil, 20, seatTier(3, 4, 100)) }, "seats",
			[]want{{nil, "1 seats 100 usd"}, {3, "3 seats 300 usd locked"}, {7, "7 seats 400 usd locked"}},
		},
		"seats without a type, with an end before the most": {
			func() object { return m.seats("usd", nil, 3, 20, seatTier(3, 4, 100)) }, "seats",
			[]want{{nil, "3 seats 300 usd"}, {3, "3 seats 300 usd locked"}, {5, "impossible: 5 seats locked"}},
		},
		"units, volume": {
			func() object {
				return m.units("usd", "volume", 0, nil, unitTier(3, "100"), unitTier(int64(5000000000), "10"))
			}, "units",
			[]want{
				{nil, "1 units 100 usd"},
				{0, "1 units 100 usd"},
				{3, "3 units 300 usd locked"},
				{4, "4 units 40 usd locked"},
				{int64(5000000000), "5000000000 units 50000000000 usd locked"},
				{int64(5000000001), "1 units 100 usd"},
			},
		},
		"units within a most": {
			func() object { return m.units("usd", "volume", 2, 9, unitTier(3, "100"), unitTier(nil, "10")) }, "units",
			[]want{{nil, "2 units 200 usd"}, {1, "2 units 200 usd"}, {4, "4 units 40 usd locked"}, {9, "9 units 90 usd locked"}, {10, "2 units 200 usd"}},
		},
		"units, graduated": {
			func() object {
				return m.units("usd", "graduated", nil, nil, unitTier(3, "0.5"), unitTier(5, "2.25"), unitTier(nil, "1"))
			}, "units",
			[]want{{nil, "impossible: 1 units"}, {2, "2 units 1 usd locked"}, {3, "impossible: 3 units locked"}, {5, "5 units 6 usd locked"}, {6, "6 units 7 usd locked"}},
		},
		"units, least beyond the tiers": {
			func() object { return m.units("usd", "volume", 10, nil, unitTier(3, "5")) }, "units",
			[]want{{nil, "impossible: 10 units"}, {10, "impossible: 10 units"}},
		},
		"graduated units, least beyond the tiers": {
			func() object { return m.units("usd", "graduated", 10, nil, unitTier(3, "5")) }, "units",
			[]want{{nil, "10 units 15 usd"}, {3, "10 units 15 usd"}},
		},
	} {
		for _, w := range c.wants {
			s := sale{link: m.link(object{c.on: w.wanted}, m.sells(c.price())), want: []string{full(w.told)}}
			if quantity, cannot := strings.CutPrefix(w.told, "impossible: "); cannot {
				s.want = impossible(quantity)
			}
			sales[fmt.Sprintf("%s, %v", name, w.wanted)] = s
		}
	}
}

// discountCases have a discount of every status.
func discountCases(sales map[string]sale, m maker) {
	const past, future = "2020-01-01T00:00:00Z", "9999-12-31T23:59:59.999999"
	for name, c := range map[string]struct {
		discount object
		prices   []object
		want     string
	}{
		"a discount of a new kind": {m.discount(object{"type": "free_shipping", "starts_at": future}), nil, "1000 usd - 0 = 1000 due 1000 unknown_kind"},
		"not started":              {with(m.percent(5000), object{"starts_at": future, "ends_at": past}), nil, "1000 usd - 0 = 1000 due 1000 not_started"},
		"ended":                    {with(m.percent(5000), object{"ends_at": past, "max_redemptions": 1, "redemptions_count": 1}), nil, "1000 usd - 0 = 1000 due 1000 ended"},
		"used up":                  {with(m.off(object{"eur": 1}), object{"max_redemptions": 3, "redemptions_count": 3}), nil, "1000 usd - 0 = 1000 due 1000 used_up"},
		"none to be had":           {with(m.percent(1), object{"max_redemptions": 0}), nil, "1000 usd - 0 = 1000 due 1000 used_up"},
		"one left":                 {with(m.percent(5000), object{"starts_at": past, "ends_at": future, "max_redemptions": 3, "redemptions_count": 2}), nil, "1000 usd - 500 = 500 due 500 applied"},
		"2025":                     {m.off2025("usd", 400), nil, "1000 usd - 400 = 600 due 600 applied"},
		"2025, other":              {m.off2025("eur", 400), nil, "1000 usd - 0 = 1000 due 1000 other_currency"},
		"more than there is":       {m.off(object{"usd": 1001, "eur": 1}), nil, "1000 usd - 1000 = 0 due 0 applied"},
		"more than all":            {m.percent(12000), nil, "1000 usd - 1000 = 0 due 0 applied"},
		"a half, up":               {m.percent(5000), []object{m.fixed("usd", 5)}, "5 usd - 3 = 2 due 2 applied"},
		"another half, up":         {m.percent(5000), []object{m.fixed("usd", 7)}, "7 usd - 4 = 3 due 3 applied"},
		"beyond doubles":           {m.percent(5000), []object{m.fixed("usd", int64(9007199254740995))}, "9007199254740995 usd - 4503599627370498 = 4503599627370497 due 4503599627370497 applied"},
		"all of a large amount":    {m.percent(10000), []object{m.fixed("usd", int64(8805352115396839866))}, "8805352115396839866 usd - 8805352115396839424 = 442 due 442 applied"},
		"free seats":               {m.percent(5000), []object{m.seats("usd", "volume", 1, nil, seatTier(1, 9, 0), seatTier(10, nil, 0))}, "1 seats 0 usd - 0 = 0 due 0 nothing_to_discount"},
		"seats, the first free":    {m.percent(5000), []object{m.seats("usd", "volume", 1, nil, seatTier(1, 9, 0), seatTier(10, nil, 5))}, "1 seats 0 usd - 0 = 0 due 0 applied"},
		"free units":               {m.percent(5000), []object{m.units("usd", "volume", 1, nil, unitTier(nil, "0.000"))}, "1 units 0 usd - 0 = 0 due 0 nothing_to_discount"},
		"custom from 0":            {m.percent(5000), []object{m.custom("usd", 0, nil, 0)}, "0 usd - 0 = 0 due 0 applied"},
	} {
		if c.prices == nil {
			c.prices = []object{m.fixed("usd", 1000)}
		}
		sales[name] = sale{m.link(object{"discount": c.discount}, m.sells(c.prices...)), []string{c.want}}
	}
	sales["free in one currency"] = sale{
		m.link(object{"discount": m.percent(5000)}, m.sells(m.fixed("usd", 0), m.fixed("eur", 9))),
		[]string{"0 usd - 0 = 0 due 0 applied", "9 eur - 5 = 4 due 4 applied"},
	}
	impossible := []string{"1 units usd applied (amount_impossible)", "unsellable: amount_impossible"}
	sales["off what cannot be"] = sale{m.link(object{"discount": m.percent(5000)}, m.sells(m.units("usd", "volume", nil, nil, unitTier(nil, "0.1")))), impossible}
}

// closedCases have products that are not for sale.
func closedCases(sales map[string]sale, m maker) {
	closed := func(fields object) object { return m.product(fields, m.fixed("usd", 10)) }
	open := func() object { return m.product(nil, m.fixed("usd", 20)) }
	sold := full("20 usd")
	const draft, archived = "10 usd - 0 = 10 due 10 none (product_draft)", "10 usd - 0 = 10 due 10 none (product_archived)"
	maps.Copy(sales, map[string]sale{
		"draft, public":      {m.link(nil, closed(object{"visibility": "draft"}), open()), []string{draft, sold}},
		"archived, public":   {m.link(nil, closed(object{"is_archived": true}), open()), []string{archived, sold}},
		"archived and draft": {m.link(nil, closed(object{"is_archived": true, "visibility": "draft"})), []string{archived, "unsellable: no_open_product"}},
		"private":            {m.link(nil, m.product(object{"visibility": "private"}, m.fixed("usd", 20))), []string{sold}},
		"a new visibility":   {m.link(nil, m.product(object{"visibility": "hidden"}, m.fixed("usd", 20))), []string{sold}},
		"no visibility":      {m.link(nil, m.product(object{"visibility": nil}, m.fixed("usd", 20))), []string{sold}},
		"no product":         {m.link(nil), []string{"unsellable: no_products"}},
		"no price":           {m.link(nil, m.sells()), []string{"none (no_price)", "unsellable: no_price"}},
		"no price, discount": {m.link(object{"discount": m.percent(1)}, m.sells()), []string{"nothing_to_discount (no_price)", "unsellable: no_price"}},
		"a draft without a price": {
			m.link(object{"label": " \t\r\n"}, m.product(object{"visibility": "draft"})), []string{"none (product_draft)", "unsellable: no_open_product"},
		},
		"no price, then one": {m.link(object{"label": ""}, m.sells(), open()), []string{"none (no_price)", sold, "unsellable: no_price"}},
		"one, then no price": {m.link(object{"label": "\u00a0"}, open(), m.sells()), []string{sold, "none (no_price)"}},
		"closed, impossible": {
			m.link(object{"label": nil}, m.product(object{"visibility": "draft"}, m.custom("usd", nil, 5, nil))), []string{"usd none (product_draft)", "unsellable: no_open_product"},
		},
	})
}

// trialCases have a trial on the link, on the product, or of both.
func trialCases(sales map[string]sale, m maker) {
	week := object{"trial_interval": "week", "trial_interval_count": 2}
	for name, c := range map[string]struct {
		link, product object
		due           string
	}{
		"no trial":                 {nil, monthly(nil), "1000"},
		"the product's trial":      {nil, monthly(week), "0"},
		"the link's trial":         {week, monthly(nil), "0"},
		"both trials":              {object{"trial_interval": "day", "trial_interval_count": 3}, monthly(week), "0"},
		"of each a half":           {object{"trial_interval": "day"}, monthly(object{"trial_interval_count": 9}), "0"},
		"the link's interval only": {object{"trial_interval": "day"}, monthly(week), "0"},
		"nothing recurs":           {week, object{"trial_interval": "week", "trial_interval_count": 2}, "1000"},
	} {
		sales[name] = sale{m.link(c.link, m.product(c.product, m.fixed("usd", 1000))), []string{"1000 usd - 0 = 1000 due " + c.due + " none"}}
	}
}
