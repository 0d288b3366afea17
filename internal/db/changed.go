package db

import (
	"context"
	"time"
)

// ChangedThing is a row that came, went or changed, in words for people.
type ChangedThing struct {
	Entity string // price, link, product, benefit, discount, media, meter
	Event  string // new, changed, gone
	Name   string // its name; amounts are in minor units
}

// ChangedSince lists the rows that came, went or changed since a moment, by
// their own times. It leaves out rows that only join others, which have none.
func (d *DB) ChangedSince(ctx context.Context, since time.Time) ([]ChangedThing, error) {
	rows, err := d.queries().ListChangedSince(ctx, since)
	if err != nil {
		return nil, classify(err)
	}
	var all []ChangedThing
	for _, r := range rows {
		all = append(all, ChangedThing(r))
	}
	return all, nil
}
