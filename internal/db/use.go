package db

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db/query"
)

// NoteRequests gives a sign of life, and notes how many requests the run may have
// sent. The error is ErrLost when the run was taken over.
func (d *DB) NoteRequests(ctx context.Context, run *Run, requests int64) error {
	n, err := d.queries().NoteRequests(ctx, query.NoteRequestsParams{ID: run.ID, Requests: requests})
	return d.held(n, err)
}

// Use is what a run has used of its organization's budget of requests.
type Use struct {
	By       uuid.UUID     // the run
	Requests int64         // how many at most
	Ago      time.Duration // since the last of them, at least
}

// RecentUse lists the runs of a source, and those that had claimed one of the
// organizations, that have ended within the given time.
func (d *DB) RecentUse(ctx context.Context, source string, organizations []uuid.UUID, within time.Duration) ([]Use, error) {
	rows, err := d.queries().ListRecentUse(ctx, query.ListRecentUseParams{
		Source: source, OrganizationIDs: append([]uuid.UUID{}, organizations...),
		LivedOnSeconds: Lease.Seconds(), WithinSeconds: within.Seconds(),
	})
	if err != nil {
		return nil, fmt.Errorf("look up recent runs: %w", classify(err))
	}
	all := make([]Use, 0, len(rows))
	for _, r := range rows {
		all = append(all, Use{By: r.ID, Requests: r.Requests, Ago: time.Duration(r.AgoSeconds * float64(time.Second))})
	}
	return all, nil
}
