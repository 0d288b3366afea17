// Package words puts changes of rows into plain words: "price 89.00 usd a month
// -> 99.00 usd a month" instead of a row that went and a row that came.
//
// It knows what the columns mean to a person. It asks neither Polar nor Postgres.
package words

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"syncer/internal/db"
	"syncer/internal/plain"
)

// Change is one change of one row, as in the table changes.
type Change struct {
	Entity        string // table
	Op            string // insert, update, remove, restore
	Before, After json.RawMessage
	Subject       string          // the row's name, or its owner's: a product's name, a link's label
	Price         json.RawMessage // of a price: the whole row with its tiers, which Before and After are not
}

// Sign is the kind of a line, for a colour.
type Sign byte

// The signs of lines.
const (
	Came    Sign = '+'
	Went    Sign = '-'
	Changed Sign = '~'
)

// Line is one change in words.
type Line struct {
	Sign Sign
	Text string
}

// Lines puts changes that belong together (of one link, or of one run) into
// plain words, in a fixed order. A price that went and its replacement make one
// line. name returns the name of a product, benefit, media, meter or discount
// by its id, or "".
func Lines(changes []Change, name func(id string) string) []Line {
	var lines []Line
	var went, came []price
	for _, c := range changes {
		before, after := parse(c.Before), parse(c.After)
		switch {
		case c.Entity == "prices" && (c.Op == db.Remove || c.Op == db.Insert || c.Op == db.Restore):
			p := price{subject: c.Subject, row: after}
			if c.Op == db.Remove {
				p.row = before
			}
			if whole := parse(c.Price); whole != nil {
				p.row = whole
			}
			if c.Op == db.Remove {
				went = append(went, p)
			} else {
				came = append(came, p)
			}
		case c.Entity == "price_tiers" && c.Op == db.Insert:
			// The line of a new price mentions its tiers.
		default:
			lines = append(lines, one(c, before, after, name)...)
		}
	}
	lines = append(prices(went, came), lines...)
	for i := range lines { // they hold names, which are Polar's
		lines[i].Text = plain.Line(lines[i].Text)
	}
	return lines
}

type row = map[string]any

func parse(raw json.RawMessage) row {
	if len(raw) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // amounts are exact
	var r row
	if decoder.Decode(&r) != nil {
		return nil
	}
	return r
}

// one words any change except a price that came or went.
func one(c Change, before, after row, name func(string) string) []Line {
	what := noun(c.Entity)
	if c.Subject != "" {
		what += " " + quote(c.Subject)
	}
	switch c.Entity {
	case "checkout_link_products":
		return join(c, before, after, what, "offers", "product", "product_id", name)
	case "product_benefits":
		return join(c, before, after, what, "gives", "benefit", "benefit_id", name)
	case "product_medias":
		return join(c, before, after, what, "shows", "picture", "media_id", name)
	case "discount_amounts":
		return []Line{amountLine(c, before, after, what)}
	}
	switch c.Op {
	case db.Insert:
		return []Line{{Came, what + " is new"}}
	case db.Remove:
		return []Line{{Went, what + " is gone"}}
	case db.Restore:
		return []Line{{Came, what + " is back"}}
	}
	var lines []Line
	for _, column := range slices.Sorted(maps.Keys(before)) {
		if column == "removed_at" || column == "modified_at" && len(before) > 1 {
			continue // worded elsewhere; follows from the others
		}
		unit := ""
		if strings.HasSuffix(column, "amount") || column == "price_per_seat" {
			unit = minorUnits
		}
		lines = append(lines, Line{Changed, fmt.Sprintf("%s: %s %s -> %s%s", what, strings.ReplaceAll(column, "_", " "),
			value(column, before[column], name), value(column, after[column], name), unit)})
	}
	return lines
}

// minorUnits stands behind an amount whose currency did not change with it, and so
// is not known.
const minorUnits = " minor units"

// join words what came to a list, left it, or moved in it.
func join(c Change, before, after row, what, verb, kind, column string, name func(string) string) []Line {
	thing := func(r row) string { return kind + " " + value(column, r[column], name) }
	place := func(r row) string { return fmt.Sprintf(" at place %v", r["position"]) }
	switch {
	case c.Op == db.Insert:
		return []Line{{Came, what + " " + verb + " " + thing(after) + place(after)}}
	case c.Op == db.Remove:
		return []Line{{Went, what + " no longer " + verb + " " + thing(before)}}
	case after[column] != nil: // another thing took its place
		return []Line{{Changed, what + " " + verb + " " + thing(after) + " instead of " + thing(before)}}
	}
	return []Line{{Changed, fmt.Sprintf("%s %s a %s at another place: %v -> %v", what, verb, kind, before["position"], after["position"])}}
}

func amountLine(c Change, before, after row, what string) Line {
	amount := func(r row) string { return Amount(text(r["amount"]), text(r["currency"])) }
	switch c.Op {
	case db.Insert:
		return Line{Came, what + ": " + amount(after) + " off"}
	case db.Remove:
		return Line{Went, what + ": no longer " + amount(before) + " off"}
	}
	return Line{Changed, fmt.Sprintf("%s: amount %s -> %s%s", what, text(before["amount"]), text(after["amount"]), minorUnits)}
}

// noun returns what a row is called.
func noun(table string) string {
	switch table {
	case "checkout_links", "checkout_link_products":
		return "link"
	case "products", "product_benefits", "product_medias":
		return "product"
	case "prices":
		return "price of"
	case "price_tiers":
		return "tier of a price of"
	case "discounts", "discount_amounts":
		return "discount"
	case "medias":
		return "picture"
	}
	return strings.TrimSuffix(table, "s")
}

// value words a column's value, but hides what opens a checkout.
func value(column string, v any, name func(string) string) string {
	switch column {
	case "client_secret", "url":
		return "[hidden]"
	case "product_id", "benefit_id", "media_id", "meter_id", "credit_meter_id", "discount_id":
		if id, ok := v.(string); ok {
			if n := name(id); n != "" {
				return quote(n)
			}
			return id
		}
	}
	switch v := v.(type) {
	case nil:
		return "none"
	case string:
		return quote(v)
	case bool:
		return map[bool]string{true: "yes", false: "no"}[v]
	case json.Number:
		return v.String()
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return shorten(string(raw))
}

func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// maxText limits how much of a text is shown, in runes.
const maxText = 60

func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > maxText {
		return string(runes[:maxText]) + "…"
	}
	return s
}

func quote(s string) string { return `"` + shorten(s) + `"` }

// price is a price that came or went.
type price struct {
	subject string
	row     row
}

// kind is what a price shares with one that replaces it.
func (p price) kind() string {
	return strings.Join([]string{p.subject, text(p.row["amount_type"]), text(p.row["price_currency"]), text(p.row["recurring_interval"])}, "\x00")
}

// prices pairs what went with what came in its place.
func prices(went, came []price) []Line {
	byKind := func(a, b price) int {
		return cmp.Or(cmp.Compare(a.kind(), b.kind()), cmp.Compare(Price(a.row), Price(b.row)))
	}
	slices.SortFunc(went, byKind)
	slices.SortFunc(came, byKind)
	var lines []Line
	for _, w := range went {
		of := ""
		if w.subject != "" {
			of = " of " + quote(w.subject)
		}
		i := slices.IndexFunc(came, func(c price) bool { return c.kind() == w.kind() })
		if i < 0 {
			lines = append(lines, Line{Went, "price " + Price(w.row) + of + " is gone"})
			continue
		}
		lines = append(lines, Line{Changed, "price" + of + " " + instead(w.row, came[i].row)})
		came = slices.Delete(came, i, i+1)
	}
	for _, c := range came {
		of := ""
		if c.subject != "" {
			of = " of " + quote(c.subject)
		}
		lines = append(lines, Line{Came, "price " + Price(c.row) + of + " is new"})
	}
	return lines
}

// instead words one price in place of another.
func instead(went, came row) string {
	before, after := Price(went), Price(came)
	if before != after {
		return before + " -> " + after
	}
	var terms []string
	for _, column := range slices.Sorted(maps.Keys(came)) {
		switch column {
		case "id", "created_at", "modified_at", "removed_at", "first_seen_at", "changed_at", "tiers":
			continue
		}
		if old, now := value(column, went[column], none), value(column, came[column], none); old != now {
			terms = append(terms, fmt.Sprintf("%s %s -> %s", strings.ReplaceAll(column, "_", " "), old, now))
		}
	}
	if terms == nil {
		return before + " is replaced by one that asks the same"
	}
	return before + " has other terms: " + strings.Join(terms, ", ")
}

func none(string) string { return "" }
