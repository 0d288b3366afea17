package syncer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// batch is some observed links, and how far the run is when they are saved.
type batch struct {
	links []fetch.Observed
	done  checkpoint
	paged bool // one request showed all of them
}

// checkpoint is how far a run came: where the next one goes on.
type checkpoint struct {
	// By LIST: so many pages, which showed so many links, of this organization,
	// and the last link's age.
	Pages        int       `json:"pages,omitzero"`
	Shown        int       `json:"shown,omitzero"`
	Organization uuid.UUID `json:"organization,omitzero"`
	Created      time.Time `json:"created,omitzero"`
	// By id: all other links up to and with this one, in the order of ids.
	Through uuid.UUID `json:"through,omitzero"`
	// Links that Polar says are gone; they are dealt with at the end.
	Gone []uuid.UUID `json:"gone,omitempty"`
}

// splitting is how many requests it takes, about, to find a link that is at fault
// for a page that does not come.
const splitting = 16

// observation is one way through everything the source wants.
type observation struct {
	*Syncer
	source        Source
	tally         *tally
	done          checkpoint
	left          int // configured links that no page has shown yet
	organizations map[uuid.UUID]bool
	nameless      []fetch.Observed // links that LIST holds and Polar cannot show
}

// observe yields everything the source wants, in batches: by page while that costs
// fewer requests than to ask for what is left by id, and then by id what the
// pages did not show. Absence from the pages proves nothing. It goes on where a
// stopped run was.
func (s *Syncer) observe(ctx context.Context, source Source, held db.Run, tally *tally) iter.Seq2[batch, error] {
	return func(yield func(batch, error) bool) {
		o := &observation{Syncer: s, source: source, tally: tally, organizations: map[uuid.UUID]bool{}}
		if err := o.resume(ctx, held); err != nil {
			yield(batch{}, err)
			return
		}
		tally.expect(len(source.IDs))
		if !o.byPage(ctx, yield) {
			return
		}
		ids, err := o.unshown(ctx)
		if err != nil {
			yield(batch{}, err)
			return
		}
		if len(ids) > 0 && !o.byID(ctx, ids, yield) {
			return
		}
		if source.All && len(o.nameless) > 0 {
			yield(batch{links: o.nameless, done: o.done}, nil)
		}
	}
}

// resume takes up where a stopped run was. What it had finished counts as done.
func (o *observation) resume(ctx context.Context, held db.Run) error {
	var from checkpoint
	if held.Checkpoint == nil || json.Unmarshal(held.Checkpoint, &from) != nil {
		from = checkpoint{} // none, or from another version: start at the beginning
	}
	if from.Pages > 0 {
		ids, err := o.DB.LinksThrough(ctx, from.Organization, from.Created)
		if err != nil {
			return fmt.Errorf("look up known links: %w", err)
		}
		ids = slices.DeleteFunc(ids, func(id uuid.UUID) bool { return !o.source.wants(id) || slices.Contains(from.Gone, id) })
		if len(ids) == from.Shown {
			o.tally.finished(ids)
			o.organizations[from.Organization] = true
		} else {
			// Pages shift when links go. Unless the rows up to there are just the links
			// that the pages showed, the run begins again.
			from = checkpoint{}
		}
	}
	o.done = from
	o.left = len(o.source.IDs) - o.tally.counts[earlier]
	return nil
}

// byPage yields the pages, as many as are worth it. It is false when that was the
// end of the observation.
func (o *observation) byPage(ctx context.Context, yield func(batch, error) bool) bool {
	way := o.source.Way
	if !o.source.All && (way == fetch.ByID || way != fetch.ByList && o.left < 2) {
		return true
	}
	pages := fetch.Pages{
		From: o.done.Pages + 1, Plan: o.plan,
		Whole: !o.source.All && way != fetch.ByList && o.left < splitting,
	}
	for links, err := range o.source.Client.WalkPages(ctx, pages) {
		if err != nil {
			return o.withoutPages(ctx, err, yield)
		}
		if !yield(batch{links: o.page(links), done: o.done, paged: true}, nil) {
			return false
		}
	}
	return true
}

// plan decides how many pages are worth it, now that the size of the organization
// is known.
func (o *observation) plan(total int) (more func(next, last int) bool) {
	switch {
	case o.source.All:
		o.tally.expect(total)
		return nil
	case len(o.source.IDs) >= total:
		return nil
	case o.source.Way == fetch.ByList:
		return func(int, int) bool { return o.left > 0 }
	}
	return func(next, last int) bool { return last-next+1 < o.left }
}

// withoutPages goes on by id where pages were only the cheaper way.
func (o *observation) withoutPages(ctx context.Context, err error, yield func(batch, error) bool) bool {
	if o.source.All || o.source.Way == fetch.ByList || errors.Is(err, fetch.ErrRefused) || ctx.Err() != nil {
		return yield(batch{}, err)
	}
	o.Logger.WarnContext(ctx, "a page of links does not come, asking for each by id",
		slog.String("source", o.source.Name), slog.Any("error", err))
	return true
}

// page takes from a page what is wanted and new.
func (o *observation) page(links []fetch.Observed) []fetch.Observed {
	o.done.Pages++
	links = slices.DeleteFunc(links, func(l fetch.Observed) bool {
		if l.ID == uuid.Nil {
			o.nameless = append(o.nameless, l)
		}
		return l.ID == uuid.Nil || !o.source.wants(l.ID) || o.tally.knows(l.ID)
	})
	for _, l := range links {
		o.tally.set(l.ID, awaited)
		o.left--
		if l.Link != nil {
			o.done.Shown++
			o.organizations[l.Link.OrganizationID] = true
			o.done.Organization, o.done.Created = l.Link.OrganizationID, l.Link.CreatedAt
		}
	}
	return links
}

// unshown lists the links that no page showed, sorted, and then those that are
// gone, says the run that this one goes on with.
func (o *observation) unshown(ctx context.Context) ([]uuid.UUID, error) {
	ids := slices.Clone(o.source.IDs)
	if o.source.All {
		var err error
		if ids, err = o.DB.LiveLinks(ctx, slices.Collect(maps.Keys(o.organizations))); err != nil {
			return nil, fmt.Errorf("look up known links: %w", err)
		}
	}
	var finished []uuid.UUID
	ids = slices.DeleteFunc(ids, func(id uuid.UUID) bool {
		if o.tally.knows(id) || slices.Contains(o.done.Gone, id) {
			return true
		}
		before := o.done.Through != uuid.Nil && compareIDs(id, o.done.Through) <= 0
		if before {
			finished = append(finished, id)
		}
		return before
	})
	o.tally.finished(finished)
	return append(ids, o.done.Gone...), nil
}

// byID yields the links that are asked for one by one. That a link is gone is
// asked again where that would mark a row as removed. It is false when that was
// the end of the observation.
func (o *observation) byID(ctx context.Context, ids []uuid.UUID, yield func(batch, error) bool) bool {
	states, err := o.DB.LinkStates(ctx, ids)
	if err != nil {
		return yield(batch{}, fmt.Errorf("look up known links: %w", err))
	}
	live := func(id uuid.UUID) bool { return states[id] }
	for links, err := range o.source.Client.Walk(ctx, ids, live) {
		for _, l := range links {
			if compareIDs(l.ID, o.done.Through) > 0 {
				o.done.Through = l.ID
			}
			// A link without a name in LIST has one here.
			if e, ok := errors.AsType[*fetch.Error](l.Err); ok && e.Status == 500 && len(o.nameless) > 0 {
				o.nameless = o.nameless[1:]
			}
		}
		if !yield(batch{links: links, done: o.done}, err) || err != nil {
			return false
		}
	}
	return true
}
