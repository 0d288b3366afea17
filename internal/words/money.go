package words

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"syncer/internal/plain"
)

// PriceJSON is Price for a row as JSON.
func PriceJSON(raw json.RawMessage) string { return Price(parse(raw)) }

// Price words what a price asks for: "89.00 usd a month". r is its row of prices,
// and under "tiers" has its rows of price_tiers in order.
func Price(r map[string]any) string {
	money := func(column string) string { return Amount(text(r[column]), text(r["price_currency"])) }
	var said string
	switch kind := text(r["amount_type"]); kind {
	case "fixed":
		said = money("price_amount")
	case "free":
		said = "free"
	case "custom":
		said = "pay what you want"
		if r["minimum_amount"] != nil {
			said += " from " + money("minimum_amount")
		}
	case "metered_unit":
		said = money("unit_amount") + " a unit"
	case "metered_tiers":
		said = inTiers(r, "usage", "unit")
	case "seat_based":
		said = inTiers(r, "seats", "seat")
	case "unit_based":
		said = inTiers(r, "units", "unit")
	default:
		said = kind
		if r["price_amount"] != nil {
			said += " " + money("price_amount")
		}
	}
	if interval := text(r["recurring_interval"]); interval != "" {
		said += " a " + interval
	}
	return plain.Line(said)
}

// inTiers words all tiers of a price. The rate of the first is no price: only in
// a single tier does every unit cost the same.
func inTiers(r row, by, one string) string {
	currency := text(r["price_currency"])
	tiers, _ := r["tiers"].([]any)
	var said []string
	var rate string
	from := "1"
	for _, tier := range tiers {
		t, _ := tier.(row)
		rate = Amount(text(t["unit_amount"]), currency)
		to := text(t["bound"])
		if t["price_per_seat"] != nil {
			rate, from, to = Amount(text(t["price_per_seat"]), currency), text(t["min_seats"]), text(t["max_seats"])
		}
		said = append(said, between(from, to)+" at "+rate)
		if last, ok := new(big.Int).SetString(to, 10); ok {
			from = last.Add(last, big.NewInt(1)).String()
		}
	}
	switch len(said) {
	case 0:
		return strings.TrimSpace("by " + by + " in tiers, " + currency)
	case 1:
		return rate + " a " + one
	}
	if kind := text(r["tier_type"]); kind != "" {
		by += ", " + kind
	}
	return fmt.Sprintf("by %s: %s a %s", by, strings.Join(said, ", "), one)
}

// between words a range of numbers; without an end it is open.
func between(from, to string) string {
	switch to {
	case "":
		return "from " + from
	case from:
		return from
	}
	return from + "-" + to
}

// Amount converts an amount in minor units to its currency's own: 8900 usd is
// 89.00 usd, 8900 jpy is 8900 jpy. Fractions of a cent stay exact.
func Amount(minor, code string) string {
	n, ok := new(big.Rat).SetString(minor)
	if !ok {
		return strings.TrimSpace(minor + " " + code)
	}
	scale := 0
	if !slices.Contains(zeroDecimal, strings.ToLower(code)) {
		scale = 2
		n.Quo(n, big.NewRat(100, 1))
	}
	exact, _ := n.FloatPrec() // of a decimal fraction it always is
	return strings.TrimSpace(n.FloatString(max(scale, exact)) + " " + code)
}

// zeroDecimal are the currencies without a minor unit at Polar, which differ from
// ISO 4217's (server/polar/kit/currency.py, _ZERO_DECIMAL_CURRENCIES); every other
// one has hundredths. SQL has the same list as zero_decimal_currencies.
//
//nolint:gochecknoglobals // a constant list
var zeroDecimal = []string{"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"}
