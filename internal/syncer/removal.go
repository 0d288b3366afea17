package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"syncer/internal/fetch"
)

// ErrMassRemoval says that the run would have removed so many links that a mistake is
// more likely than the truth.
var ErrMassRemoval = errors.New("stopped by the mass-removal guard")

const (
	// A run may always remove guardLinks links, and guardShare of all beyond.
	guardLinks = 5
	guardShare = 0.2
)

// remove marks what Polar says is gone, unless that is suspiciously much: an
// exchanged token sees none of the links either.
func (p *pass) remove(ctx context.Context, missing []fetch.Observed) error {
	ids := make([]uuid.UUID, len(missing))
	for i, o := range missing {
		ids[i] = o.ID
	}
	states, err := p.DB.LinkStates(ctx, ids)
	if err != nil {
		return fmt.Errorf("look up missing links: %w", err)
	}
	// A row that came up since the link was asked for has one answer against it.
	missing = slices.DeleteFunc(missing, func(o fetch.Observed) bool { return states[o.ID] && !o.Confirmed })
	live := 0
	for _, o := range missing {
		id := o.ID
		alive, known := states[id]
		if alive {
			live++
		}
		if !known {
			p.tally.strangers = append(p.tally.strangers, id)
		}
	}
	total := p.tally.counts[earlier] + p.tally.links() + len(missing)
	if err := p.guard(live, total, p.options.AllowMassRemoval); err != nil {
		return err
	}
	for chunk := range slices.Chunk(missing, fetch.BatchSize) {
		if err := p.save(ctx, chunk, nil); err != nil {
			return err
		}
	}
	return nil
}

// guard stops a run that would remove suspiciously many links: an exchanged
// token sees none of the links either.
func (s *Syncer) guard(live, total int, allow bool) error {
	if live <= guardLinks || float64(live) <= guardShare*float64(total) || allow {
		return nil
	}
	return fmt.Errorf("%w: Polar says that %d of %d links are gone; nothing was removed. "+
		"Is it the right token? If they are gone indeed: `syncer backfill --allow-mass-removal`", ErrMassRemoval, live, total)
}
