package db

import (
	"context"
	"time"
)

// ChangedThing is a row that came, went or changed, in words for people who watch.
type ChangedThing struct {
	Entity string // price, link, product, benefit, discount, media, meter
	Event  string // new, changed, gone
	Name   string // what it is called; amounts are in minor units
}

// ChangedSince lists the rows that came, went or changed since a moment, by the
// times that are in them. Rows that only join others have none and are left out.
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
