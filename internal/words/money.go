package words

import (
	"encoding/json"
	"math/big"
	"strings"
)

// PriceJSON is Price for a row as JSON.
func PriceJSON(raw json.RawMessage) string { return Price(parse(raw)) }

// Price words what a row of prices asks for: "89.00 usd a month".
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
	case "seat_based":
		said = money("price_per_seat") + " a seat"
	case "unit_based":
		said = "by units in tiers, " + text(r["price_currency"])
	default:
		said = kind
		if r["price_amount"] != nil {
			said += " " + money("price_amount")
		}
	}
	if interval := text(r["recurring_interval"]); interval != "" {
		said += " a " + interval
	}
	return said
}

// Amount converts an amount in minor units to its currency's own: 8900 usd is
// 89.00 usd, 8900 jpy is 8900 jpy. Fractions of a cent stay exact.
func Amount(minor, code string) string {
	n, ok := new(big.Rat).SetString(minor)
	if !ok {
		return strings.TrimSpace(minor + " " + code)
	}
	scale := decimals(code)
	n.Quo(n, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
	said := n.FloatString(scale)
	if exact, ok := new(big.Rat).SetString(said); !ok || exact.Cmp(n) != 0 {
		said = strings.TrimRight(n.FloatString(scale+18), "0")
	}
	return strings.TrimSpace(said + " " + code)
}

// decimals is the number of decimals in a currency's minor unit, by ISO 4217: 2
// for all but a few.
func decimals(code string) int {
	switch strings.ToLower(code) {
	case "bif", "clp", "djf", "gnf", "isk", "jpy", "kmf", "krw", "pyg", "rwf", "ugx", "uyi", "vnd", "vuv", "xaf", "xof", "xpf":
		return 0
	case "bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd":
		return 3
	}
	return 2
}
