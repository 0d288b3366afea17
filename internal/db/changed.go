package db

import (
	"context"
	"time"

	"syncer/internal/db/query"
)

// ChangedSince lists what came, went or changed since a moment, in words.
func (d *DB) ChangedSince(ctx context.Context, since time.Time) ([]query.ListChangedSinceRow, error) {
	changed, err := d.queries().ListChangedSince(ctx, since)
	return changed, d.explain(err)
}
