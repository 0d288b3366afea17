package oracle

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// A link is one answer, split into rows.
type link struct {
	row      Row
	products []product
	discount *discount // nil if the answer has none
}

// A product holds everything nested in one copy of it.
type product struct {
	row      Row
	prices   []price
	benefits []Row
	medias   []Row
}

type price struct {
	row   Row
	tiers []Row
	meter Row // nil if the price has none
}

type discount struct {
	row     Row
	amounts []Row
}

// link splits the body of a 200. An error means that this link cannot be
// stored: the body is cut, a required key is missing, a value has the wrong type.
func (c contract) link(body []byte) (link, error) {
	value, err := decode(body)
	if err != nil {
		return link{}, err
	}
	object, err := asObject(value)
	if err != nil {
		return link{}, err
	}
	var l link
	if l.row, err = c.entity("checkout_links", object, nil); err != nil {
		return link{}, err
	}
	if l.products, err = each(object["products"], c.product); err != nil {
		return link{}, fmt.Errorf("products: %w", err)
	}
	if object["discount"] != nil {
		d, err := c.discount(object["discount"])
		if err != nil {
			return link{}, fmt.Errorf("discount: %w", err)
		}
		l.discount = &d
	}
	return l, nil
}

func (c contract) product(value any) (product, error) {
	object, err := asObject(value)
	if err != nil {
		return product{}, err
	}
	var p product
	if p.row, err = c.entity("products", object, nil); err != nil {
		return product{}, err
	}
	if p.prices, err = each(object["prices"], c.price); err != nil {
		return product{}, fmt.Errorf("prices: %w", err)
	}
	if p.benefits, err = each(object["benefits"], c.benefit); err != nil {
		return product{}, fmt.Errorf("benefits: %w", err)
	}
	if p.medias, err = each(object["medias"], c.plain("medias")); err != nil {
		return product{}, fmt.Errorf("medias: %w", err)
	}
	for _, price := range p.prices {
		if *price.row["product_id"] != *p.row["id"] {
			return product{}, fmt.Errorf("price %s belongs to another product", *price.row["id"])
		}
	}
	return p, nil
}

func (c contract) price(value any) (price, error) {
	object, err := asObject(value)
	if err != nil {
		return price{}, err
	}
	tiers, err := c.tiers(object)
	if err != nil {
		return price{}, err
	}
	p := price{tiers: tiers.rows}
	if p.row, err = c.entity("prices", object, tiers.extra); err != nil {
		return price{}, err
	}
	p.row["tier_type"], p.row["minimum_seats"], p.row["maximum_seats"] = tiers.kind, tiers.minimum, tiers.maximum
	if p.row["legacy"] == nil {
		p.row["legacy"] = new("false")
	}
	for i := range p.tiers {
		p.tiers[i]["price_id"] = p.row["id"]
	}
	if object["meter"] != nil {
		if p.meter, err = c.plain("meters")(object["meter"]); err != nil {
			return price{}, fmt.Errorf("meter: %w", err)
		}
	}
	return p, nil
}

// benefit reads a benefit. A meter_credit's properties have two columns; all other
// properties, and whatever else stands in their place, are kept.
func (c contract) benefit(value any) (Row, error) {
	object, err := asObject(value)
	if err != nil {
		return nil, err
	}
	credit, kept := Row{}, map[string]any{}
	properties, sent := object["properties"]
	if given, is := properties.(map[string]any); is && object["type"] == "meter_credit" {
		rest := map[string]any{}
		for key, value := range given {
			kind, known := map[string]kind{"units": kindBigint, "meter_id": kindUUID}[key]
			if text, err := fromJSON(kind, value); known && err == nil && text != nil {
				credit[key] = text
			} else {
				rest[key] = value
			}
		}
		properties, sent = rest, len(rest) > 0
	}
	if sent {
		kept["properties"] = properties
	}
	row, err := c.entity("benefits", object, kept)
	if err == nil {
		row["credit_units"], row["credit_meter_id"] = credit["units"], credit["meter_id"]
	}
	return row, err
}

func (c contract) discount(value any) (discount, error) {
	object, err := asObject(value)
	if err != nil {
		return discount{}, err
	}
	var d discount
	if d.row, err = c.entity("discounts", object, nil); err != nil {
		return discount{}, err
	}
	if object["amounts"] == nil {
		return d, nil
	}
	amounts, err := asObject(object["amounts"])
	if err != nil {
		return discount{}, fmt.Errorf("amounts: %w", err)
	}
	for currency, value := range amounts {
		amount, err := fromJSON(kindBigint, value)
		if err != nil {
			return discount{}, fmt.Errorf("amounts: %s: %w", currency, err)
		}
		d.amounts = append(d.amounts, Row{"discount_id": d.row["id"], "currency": &currency, "amount": amount})
	}
	return d, nil
}

// plain reads a table whose objects hold nothing nested.
func (c contract) plain(name string) func(any) (Row, error) {
	return func(value any) (Row, error) {
		object, err := asObject(value)
		if err != nil {
			return nil, err
		}
		return c.entity(name, object, nil)
	}
}

// entity reads one row of a table that has extra. nested holds the unknown keys
// from deeper inside the object.
func (c contract) entity(name string, object, nested map[string]any) (Row, error) {
	row, rest, err := c[name].read(object)
	if err != nil {
		return nil, err
	}
	maps.Copy(rest, nested)
	row["extra"], err = fromJSON(kindJSON, rest)
	return row, err
}

// read fills the columns that have a key; computed ones stay NULL for now. rest
// keeps the remainder, untouched.
func (t table) read(object map[string]any) (row Row, rest map[string]any, err error) {
	row, rest = Row{}, map[string]any{}
	for _, col := range t.columns {
		row[col.name] = nil
		if col.computed {
			continue
		}
		if row[col.name], err = fromJSON(col.kind, object[col.name]); err != nil {
			return nil, nil, fmt.Errorf("%s: %s: %w", t.name, col.name, err)
		}
		if col.required && row[col.name] == nil {
			return nil, nil, fmt.Errorf("%s: %s: missing", t.name, col.name)
		}
	}
	for key, value := range object {
		col, known := t.column(key)
		if known = known && !col.computed; !known && !slices.Contains(t.apart, key) {
			rest[key] = value
		}
	}
	return row, rest, nil
}

func asObject(value any) (map[string]any, error) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%T where an object belongs", value)
	}
	return object, nil
}

// each reads every element of a required list.
func each[T any](value any, read func(any) (T, error)) ([]T, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, errors.New("no list")
	}
	var all []T
	for i, element := range list {
		one, err := read(element)
		if err != nil {
			return nil, fmt.Errorf("%d: %w", i, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// position writes an array index.
func position(i int) *string {
	return new(strconv.Itoa(i))
}
