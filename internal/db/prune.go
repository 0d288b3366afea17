package db

import (
	"context"
	"fmt"
	"time"

	"syncer/internal/db/query"
)

// pruneAtOnce is how many old rows one transaction deletes.
const pruneAtOnce = 5000

// PruneChanges forgets history that is older than a moment.
func (d *DB) PruneChanges(ctx context.Context, olderThan time.Time) error {
	err := prune(func() (int64, error) {
		return d.queries().PruneChanges(ctx, query.PruneChangesParams{OlderThan: olderThan, Most: pruneAtOnce})
	})
	if err != nil {
		return fmt.Errorf("forget old history: %w", classify(err))
	}
	return nil
}

// PruneRuns forgets runs that ended before a moment, but for those that later ones go
// by: of each source and scope the last that completed, of each source the last that
// claimed anything, and whatever a failure on record or a running run refers to. With
// the last run of a scope go the scope's links. The moment must lie a day or more ago,
// so that a stopped run can be resumed.
func (d *DB) PruneRuns(ctx context.Context, endedBefore time.Time) error {
	err := prune(func() (n int64, err error) {
		// A run that begins meanwhile would find its scope's links, and lose them.
		err = d.claiming(ctx, func(q *query.Queries) error {
			n, err = q.PruneRuns(ctx, query.PruneRunsParams{EndedBefore: endedBefore, Most: pruneAtOnce})
			return err
		})
		return n, err
	})
	if err != nil {
		return fmt.Errorf("forget old runs: %w", err)
	}
	return nil
}

// prune calls remove, which says how many rows it deleted, until none is left.
func prune(remove func() (int64, error)) error {
	for {
		if n, err := remove(); err != nil || n < pruneAtOnce {
			return err
		}
	}
}
