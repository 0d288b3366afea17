package oracle

import (
	"errors"
	"fmt"
)

// tiered is the content of a price's seat_tiers or tiers.
type tiered struct {
	kind    *string        // volume, graduated, or any other word of Polar's
	minimum *string        // seats
	maximum *string        // seats
	rows    []Row          // of price_tiers, still without price_id
	extra   map[string]any // unknown keys, nested as they came
}

// tiers reads the tiers of a price, whichever kind it has.
func (c contract) tiers(price map[string]any) (tiered, error) {
	switch {
	case price["seat_tiers"] != nil && price["tiers"] != nil:
		return tiered{}, errors.New("seat_tiers and tiers on one price")
	case price["seat_tiers"] != nil:
		t, shape, err := c.tierList("seat_tiers", price["seat_tiers"])
		t.kind, t.minimum, t.maximum = shape["seat_tier_type"], shape["minimum_seats"], shape["maximum_seats"]
		return t, err
	case price["tiers"] != nil:
		t, shape, err := c.tierList("tiers", price["tiers"])
		t.kind = shape["type"]
		return t, err
	default:
		return tiered{}, nil
	}
}

// tierList reads the list of tiers and collects unknown keys: of the object
// itself, and of its tiers in an array as long as the list, which is left out
// if no tier has any.
func (c contract) tierList(name string, value any) (tiered, Row, error) {
	object, err := asObject(value)
	if err != nil {
		return tiered{}, nil, fmt.Errorf("%s: %w", name, err)
	}
	shape, extra, err := c[name].read(object)
	if err != nil {
		return tiered{}, nil, err
	}
	var t tiered
	var extras []any
	anyExtra := false
	if object["tiers"] != nil {
		list, ok := object["tiers"].([]any)
		if !ok {
			return tiered{}, nil, fmt.Errorf("%s: tiers: no list", name)
		}
		for i, element := range list {
			tier, err := asObject(element)
			if err != nil {
				return tiered{}, nil, fmt.Errorf("%s: tiers: %d: %w", name, i, err)
			}
			columns, rest, err := c[name+".tiers"].read(tier)
			if err != nil {
				return tiered{}, nil, fmt.Errorf("%s: tiers: %d: %w", name, i, err)
			}
			row := Row{}
			for _, col := range c["price_tiers"].columns {
				row[col.name] = columns[col.name]
			}
			row["position"] = position(i)
			t.rows = append(t.rows, row)
			extras = append(extras, rest)
			anyExtra = anyExtra || len(rest) > 0
		}
	}
	if anyExtra {
		extra["tiers"] = extras
	}
	if len(extra) > 0 {
		t.extra = map[string]any{name: extra}
	}
	return t, shape, nil
}
