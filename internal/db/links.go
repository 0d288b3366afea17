package db

import (
	"context"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db/query"
)

// LinkStates says which of the given links have a row: true for a live one,
// false for one that is marked as gone.
func (d *DB) LinkStates(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]bool, error) {
	states, err := d.queries().ListCheckoutLinkStates(ctx, ids)
	if err != nil {
		return nil, classify(err)
	}
	live := make(map[uuid.UUID]bool, len(states))
	for _, s := range states {
		live[s.ID] = !s.Removed
	}
	return live, nil
}

// LiveLinks lists the live links of the given organizations, by id. Without
// organizations it lists those of the only one there is, if there is one.
func (d *DB) LiveLinks(ctx context.Context, organizations []uuid.UUID) ([]uuid.UUID, error) {
	if len(organizations) == 0 {
		all, err := d.queries().ListOrganizations(ctx)
		if err != nil || len(all) != 1 {
			return nil, classify(err)
		}
		organizations = all
	}
	ids, err := d.queries().ListLiveCheckoutLinks(ctx, organizations)
	return ids, classify(err)
}

// LinksThrough lists the live links of an organization that were created at a
// moment or before.
func (d *DB) LinksThrough(ctx context.Context, organization uuid.UUID, through time.Time) ([]uuid.UUID, error) {
	ids, err := d.queries().ListCheckoutLinksThrough(ctx, query.ListCheckoutLinksThroughParams{
		OrganizationID: organization, CreatedAt: through,
	})
	return ids, classify(err)
}

// LinksShowing lists the live links that show any of the given products,
// benefits, medias, meters or discounts.
func (d *DB) LinksShowing(ctx context.Context, ids []uuid.UUID) ([]uuid.UUID, error) {
	links, err := d.queries().ListLinksShowing(ctx, ids)
	return links, classify(err)
}
