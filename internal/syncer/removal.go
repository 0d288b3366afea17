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
	// A run may always remove guardLinks links, and guardShare of the live ones beyond,
	// but not all of an organization unless it is known that the token still sees it.
	guardLinks = 5
	guardShare = 0.2
)

// removal is the links whose rows are to be marked as removed.
type removal struct {
	links  []fetch.Observed
	owners map[uuid.UUID]uuid.UUID // organizations, by link: no answer tells them, only rows do
}

// removal picks them out of the links that Polar says are gone: live ones, of an
// organization that is known. It counts the others. The error is ErrMassRemoval when
// that is suspiciously much, or ErrOtherOrganization.
func (r *reader) removal(ctx context.Context) (removal, error) {
	picked := removal{owners: map[uuid.UUID]uuid.UUID{}}
	if len(r.missing) == 0 {
		return picked, nil
	}
	states, err := r.db.LinkStates(ctx, idsOf(r.missing))
	if err != nil {
		return picked, fmt.Errorf("look up missing links: %w", err)
	}
	known := r.known()
	for _, o := range r.missing {
		state, there := states[o.ID]
		switch {
		case !there || !slices.Contains(known, state.Organization):
			r.counter.set(o.ID, unknown)
			r.counter.unknown = append(r.counter.unknown, o.ID)
		case !state.Live:
			r.counter.set(o.ID, unchanged)
		case o.Confirmed: // else the row came up since: one answer speaks against it
			picked.links = append(picked.links, o)
			picked.owners[o.ID] = state.Organization
		}
	}
	return picked, r.guard(ctx, picked)
}

// guard stops a run that would remove suspiciously many links: an exchanged token sees
// none of them either.
func (r *reader) guard(ctx context.Context, picked removal) error {
	lost := r.lost(picked)
	if len(lost) > 0 || len(r.organizations) == 0 && len(r.run.Kept) > 0 {
		if err := r.askWhose(ctx); err != nil {
			return err
		}
		if err := r.familiar(ctx); err != nil {
			return err
		}
		lost = r.lost(picked)
	}
	gone := len(picked.links)
	if gone == 0 || r.options.AllowMassRemoval {
		return nil
	}
	live, err := r.live(ctx)
	if err != nil {
		return err
	}
	const advice = "nothing was removed. Is it the right token? If they are gone indeed: `syncer backfill --allow-mass-removal`"
	switch {
	case gone > guardLinks && float64(gone) > guardShare*float64(live):
		return fmt.Errorf("%w: Polar says that %d of %d live links are gone; %s", ErrMassRemoval, gone, live, advice)
	case len(lost) > 0:
		return fmt.Errorf("%w: Polar says that all live links of %s are gone, and shows no other of its links, so that "+
			"nothing tells whether the token still sees it; %s", ErrMassRemoval, named(lost), advice)
	}
	return nil
}

// lost lists the organizations that would lose links while Polar has shown none of
// theirs.
func (r *reader) lost(picked removal) []uuid.UUID {
	lost := map[uuid.UUID]bool{}
	for _, organization := range picked.owners {
		if !r.organizations[organization] {
			lost[organization] = true
		}
	}
	return sortedIDs(lost)
}

// live counts the wanted links that are live before anything is removed: those with a
// live row, and those that Polar has shown, which have none yet in a preview.
func (r *reader) live(ctx context.Context) (int, error) {
	ids, err := r.source.live(ctx, r.db, r.known())
	if err != nil {
		return 0, fmt.Errorf("look up known links: %w", err)
	}
	n := len(r.there)
	for _, id := range ids {
		if !r.there[id] {
			n++
		}
	}
	return n, nil
}

// remove marks links as removed.
func (w *writer) remove(ctx context.Context, picked removal) error {
	w.owners = picked.owners
	organizations := map[uuid.UUID]bool{}
	for _, organization := range picked.owners {
		organizations[organization] = true
	}
	// All at once, before anything is removed.
	if err := w.claim(ctx, sortedIDs(organizations)); err != nil {
		return err
	}
	for chunk := range slices.Chunk(picked.links, fetch.BatchSize) {
		if err := w.Write(ctx, batch{chunk, w.done}); err != nil {
			return err
		}
	}
	return w.Flush(ctx)
}
