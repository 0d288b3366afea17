package db

import (
	"context"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db/query"
)

// LinkState is the state of a link's row.
type LinkState struct {
	Organization uuid.UUID
	Live         bool // not marked as gone
}

// LinkStates returns the states of those given links that have a row.
func (d *DB) LinkStates(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]LinkState, error) {
	rows, err := d.queries().ListCheckoutLinkStates(ctx, ids)
	if err != nil {
		return nil, classify(err)
	}
	states := make(map[uuid.UUID]LinkState, len(rows))
	for _, r := range rows {
		states[r.ID] = LinkState{Organization: r.OrganizationID, Live: !r.Removed}
	}
	return states, nil
}

// LiveLinks lists the live links of the given organizations, by id.
func (d *DB) LiveLinks(ctx context.Context, organizations []uuid.UUID) ([]uuid.UUID, error) {
	ids, err := d.queries().ListLiveCheckoutLinks(ctx, organizations)
	return ids, classify(err)
}

// LinksThrough lists an organization's live links that were created up to a
// moment, inclusive.
func (d *DB) LinksThrough(ctx context.Context, organization uuid.UUID, through time.Time) ([]uuid.UUID, error) {
	ids, err := d.queries().ListCheckoutLinksThrough(ctx, query.ListCheckoutLinksThroughParams{
		OrganizationID: organization, CreatedAt: through,
	})
	return ids, classify(err)
}
