package db

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db/query"
)

// ChangedThing is a row that came, went or changed, in words for people.
type ChangedThing struct {
	Entity string // price, link, product, benefit, discount, media, meter
	Event  string // new, changed, gone
	Name   string // its name; of a price, its product's
	// Price is a price's whole row, under "tiers" with its tiers; nil for other things.
	Price json.RawMessage
}

// ChangedSince lists the rows that came, went or changed since a moment, by
// their own times. It leaves out rows that only join others, which have none.
func (d *DB) ChangedSince(ctx context.Context, since time.Time) ([]ChangedThing, error) {
	rows, err := d.queries().ListChangedSince(ctx, since)
	if err != nil {
		return nil, classify(err)
	}
	var ids []uuid.UUID
	for _, r := range rows {
		if r.Entity == "price" {
			ids = append(ids, r.ID)
		}
	}
	prices, err := wholePrices(ctx, d.queries(), ids)
	if err != nil {
		return nil, classify(err)
	}
	var all []ChangedThing
	for _, r := range rows {
		all = append(all, ChangedThing{Entity: r.Entity, Event: r.Event, Name: r.Name, Price: prices[r.ID]})
	}
	return all, nil
}

// wholePrices reads rows of prices, each with its rows of price_tiers under "tiers".
func wholePrices(ctx context.Context, q *query.Queries, ids []uuid.UUID) (map[uuid.UUID]json.RawMessage, error) {
	all := map[uuid.UUID]json.RawMessage{}
	if len(ids) == 0 {
		return all, nil
	}
	rows, err := q.ListPrices(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		all[r.ID] = r.Price
	}
	return all, nil
}
