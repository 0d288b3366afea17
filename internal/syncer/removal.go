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

// remove marks the missing links, of which Polar says that they are gone, unless
// that is suspiciously much. finished are links that count beside those of this run.
func (w *writer) remove(ctx context.Context, missing []fetch.Observed, finished int, allowMass bool) error {
	if len(missing) == 0 {
		return nil
	}
	states, err := w.db.LinkStates(ctx, idsOf(missing))
	if err != nil {
		return fmt.Errorf("look up missing links: %w", err)
	}
	// A row that came up since the link was asked for has one answer against it.
	missing = slices.DeleteFunc(missing, func(o fetch.Observed) bool { return states[o.ID].Live && !o.Confirmed })
	live := 0
	organizations := map[uuid.UUID]bool{}
	for _, o := range missing {
		state, known := states[o.ID]
		switch {
		case !known:
			w.counter.unknown = append(w.counter.unknown, o.ID)
		case state.Live:
			live++
			organizations[state.Organization] = true
		}
	}
	if err := guard(live, finished+w.counter.links()+len(missing), allowMass); err != nil {
		return err
	}
	// There is no answer that would tell whose links they are, only their rows.
	if err := w.claim(ctx, sortedIDs(organizations)); err != nil {
		return err
	}
	for chunk := range slices.Chunk(missing, fetch.BatchSize) {
		if err := w.Write(ctx, batch{chunk, w.done}); err != nil {
			return err
		}
	}
	return w.Flush(ctx)
}

// guard stops a run that would remove suspiciously many links: an exchanged
// token sees none of the links either.
func guard(live, total int, allow bool) error {
	if live <= guardLinks || float64(live) <= guardShare*float64(total) || allow {
		return nil
	}
	return fmt.Errorf("%w: Polar says that %d of %d links are gone; nothing was removed. "+
		"Is it the right token? If they are gone indeed: `syncer backfill --allow-mass-removal`", ErrMassRemoval, live, total)
}
