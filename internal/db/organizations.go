package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db/query"
)

// Organization is one that a source keeps the links of: Polar has shown it some.
type Organization struct {
	ID       uuid.UUID
	Server   string    // base URL of the server that showed them
	Previous time.Time // when the last finished run of the same scope began that saw the organization; zero: never

	live bool // links that the source wants are live there
}

// KeptOrganizations lists the organizations that a source keeps, by id. Of start it
// takes what the run is to sync.
func (d *DB) KeptOrganizations(ctx context.Context, start Start) ([]Organization, error) {
	kept, err := keptOrganizations(ctx, d.queries(), start)
	if err != nil {
		return nil, fmt.Errorf("look up the source's organizations: %w", classify(err))
	}
	return kept, nil
}

func keptOrganizations(ctx context.Context, q *query.Queries, start Start) ([]Organization, error) {
	rows, err := q.ListSourceOrganizations(ctx, query.ListSourceOrganizationsParams{
		Source: start.Source, Every: start.Links == nil, ID: start.Links,
	})
	if err != nil {
		return nil, err
	}
	var kept []Organization
	for _, r := range rows {
		previous, err := q.GetPreviousStart(ctx, query.GetPreviousStartParams{
			Source: start.Source, Scope: start.Scope, OrganizationID: r.OrganizationID,
		})
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return nil, err
		}
		kept = append(kept, Organization{ID: r.OrganizationID, Server: r.Server, Previous: previous, live: r.Live})
	}
	return kept, nil
}

// KeptIDs lists the ids of the organizations that the run's source keeps.
func (r *Run) KeptIDs() []uuid.UUID {
	ids := make([]uuid.UUID, len(r.Kept))
	for i, o := range r.Kept {
		ids[i] = o.ID
	}
	return ids
}

// newcomers are those of the organizations that the source does not keep yet.
func (r *Run) newcomers(shown []uuid.UUID) (all []uuid.UUID) {
	kept := r.KeptIDs()
	for _, id := range shown {
		if !slices.Contains(kept, id) {
			all = append(all, id)
		}
	}
	return all
}

// keep notes that newcomers are on record.
func (r *Run) keep(newcomers []uuid.UUID) {
	for _, id := range newcomers {
		r.Kept, r.Moves = append(r.Kept, Organization{ID: id, Server: r.Server}), false
	}
}

// previous is when the last finished run began that saw all the organizations; zero:
// none did.
func (r *Run) previous(organizations []uuid.UUID) (earliest time.Time) {
	for i, id := range organizations {
		at := slices.IndexFunc(r.Kept, func(o Organization) bool { return o.ID == id })
		if at < 0 {
			return time.Time{}
		}
		if i == 0 || r.Kept[at].Previous.Before(earliest) {
			earliest = r.Kept[at].Previous
		}
	}
	return earliest
}
