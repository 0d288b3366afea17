package db

import (
	"context"

	"github.com/google/uuid"
)

// LinkStates says which of the given links have a row: true for a live one,
// false for one that is marked as gone.
func (d *DB) LinkStates(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]bool, error) {
	states, err := d.queries().ListCheckoutLinkStates(ctx, ids)
	if err != nil {
		return nil, d.explain(err)
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
			return nil, d.explain(err)
		}
		organizations = all
	}
	ids, err := d.queries().ListLiveCheckoutLinks(ctx, organizations)
	return ids, d.explain(err)
}
