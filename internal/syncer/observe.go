package syncer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
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
}

// checkpoint is how far a run came: where the next one goes on.
type checkpoint struct {
	// By id: all links up to and with this one, in the order of ids.
	Through uuid.UUID `json:"through,omitzero"`
	// By LIST: so many pages, of this organization, and the last link's age.
	Pages        int       `json:"pages,omitzero"`
	Organization uuid.UUID `json:"organization,omitzero"`
	Created      time.Time `json:"created,omitzero"`
	// Links that Polar says are gone; they are dealt with at the end.
	Gone []uuid.UUID `json:"gone,omitempty"`
}

// observe yields everything the source wants, in batches: the configured links
// by id, or all links of the organization by LIST. It goes on where a stopped
// run was.
func (s *Syncer) observe(ctx context.Context, source Source, held db.Run, tally *tally) iter.Seq2[batch, error] {
	var from checkpoint
	if held.Checkpoint != nil && json.Unmarshal(held.Checkpoint, &from) != nil {
		from = checkpoint{} // from another version: start over
	}
	if source.All {
		return s.observeAll(ctx, source, from, tally)
	}
	ids := slices.DeleteFunc(slices.Clone(source.IDs), func(id uuid.UUID) bool {
		return from.Through != uuid.Nil && compareIDs(id, from.Through) <= 0
	})
	tally.before = len(source.IDs) - len(ids) - len(from.Gone)
	ids = append(ids, from.Gone...)
	tally.expect(len(ids))
	return func(yield func(batch, error) bool) {
		done := checkpoint{Through: from.Through, Gone: from.Gone}
		for links, err := range source.Client.Walk(ctx, ids) {
			for _, o := range links {
				if compareIDs(o.ID, done.Through) > 0 {
					done.Through = o.ID
				}
			}
			if !yield(batch{links, done}, err) || err != nil {
				return
			}
		}
	}
}

// observeAll yields the pages of LIST, and then the links that have a row and
// that LIST did not show, by id: absence proves nothing.
func (s *Syncer) observeAll(ctx context.Context, source Source, from checkpoint, tally *tally) iter.Seq2[batch, error] {
	return func(yield func(batch, error) bool) {
		if from.Pages > 0 {
			// Pages shift when links go. Unless the rows up to there are just the
			// links of the pages that are done, start over.
			n, err := s.DB.CountThrough(ctx, from.Organization, from.Created)
			if err != nil {
				yield(batch{}, fmt.Errorf("look up known links: %w", err))
				return
			}
			if n != from.Pages*fetch.PageLimit {
				from = checkpoint{}
			}
		}
		tally.before = from.Pages * fetch.PageLimit
		shown := map[uuid.UUID]bool{}
		organizations := map[uuid.UUID]bool{}
		if from.Organization != uuid.Nil {
			organizations[from.Organization] = true
		}
		var nameless []fetch.Observed // links that LIST holds and Polar cannot show
		done := from
		for links, err := range source.Client.WalkAll(ctx, from.Pages+1, tally.expect) {
			links = slices.DeleteFunc(links, func(o fetch.Observed) bool {
				if o.ID == uuid.Nil {
					nameless = append(nameless, o)
				}
				return o.ID == uuid.Nil || shown[o.ID]
			})
			for _, o := range links {
				shown[o.ID] = true
				if o.Link != nil {
					organizations[o.Link.OrganizationID] = true
					done.Organization, done.Created = o.Link.OrganizationID, o.Link.CreatedAt
				}
			}
			done.Pages++
			if !yield(batch{links, done}, err) || err != nil {
				return
			}
		}
		live, err := s.DB.LiveLinks(ctx, slices.Collect(maps.Keys(organizations)), from.Created)
		if err != nil {
			yield(batch{}, fmt.Errorf("look up known links: %w", err))
			return
		}
		missing := slices.DeleteFunc(append(live, from.Gone...), func(id uuid.UUID) bool { return shown[id] })
		for links, err := range source.Client.Walk(ctx, missing) {
			for _, o := range links {
				// A link without a name in LIST has one here.
				if e, ok := errors.AsType[*fetch.Error](o.Err); ok && e.Status == 500 && len(nameless) > 0 {
					nameless = nameless[1:]
				}
			}
			if !yield(batch{links, done}, err) || err != nil {
				return
			}
		}
		if len(nameless) > 0 {
			yield(batch{nameless, done}, nil)
		}
	}
}
