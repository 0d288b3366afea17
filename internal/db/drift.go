package db

import (
	"context"
	"time"
)

// Drift is one thing that Polar sends but this program does not know.
type Drift struct {
	Kind        string // key, value, shape, text; more: what was left out for its number
	Path        string // a JSON path without indices, such as products[].prices[].tax_behavior
	Sample      string // what it first found there, cut short, secrets masked
	FirstSeenAt time.Time
	LastSeenAt  time.Time
	Count       int64 // links it was seen in, summed over all runs
}

// Drift lists everything that Polar sent but this program does not know, newest first.
func (d *DB) Drift(ctx context.Context) ([]Drift, error) {
	rows, err := d.queries().ListDrift(ctx)
	if err != nil {
		return nil, classify(err)
	}
	var all []Drift
	for _, r := range rows {
		all = append(all, Drift{
			Kind: r.Kind, Path: r.Path, Sample: r.Sample, FirstSeenAt: r.FirstSeenAt, LastSeenAt: r.LastSeenAt, Count: r.Count,
		})
	}
	return all, nil
}
