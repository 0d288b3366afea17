package syncer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/google/uuid"

	"syncer/internal/fetch"
)

// observe yields everything the source wants, in batches: the configured links
// by id, or all links of the organization by LIST. A link that has a row and
// that LIST did not show is asked for by id, because absence proves nothing.
func (s *Syncer) observe(ctx context.Context, source Source, tally *tally) iter.Seq2[[]fetch.Observed, error] {
	if !source.All {
		tally.expect(len(source.IDs))
		return source.Client.Walk(ctx, source.IDs)
	}
	return func(yield func([]fetch.Observed, error) bool) {
		shown := map[uuid.UUID]bool{}
		organizations := map[uuid.UUID]bool{}
		var nameless []fetch.Observed // links that LIST holds and Polar cannot show
		for batch, err := range source.Client.WalkAll(ctx, tally.expect) {
			batch = slices.DeleteFunc(batch, func(o fetch.Observed) bool {
				if o.ID == uuid.Nil {
					nameless = append(nameless, o)
				}
				return o.ID == uuid.Nil || shown[o.ID]
			})
			for _, o := range batch {
				shown[o.ID] = true
				if o.Link != nil {
					organizations[o.Link.OrganizationID] = true
				}
			}
			if !yield(batch, err) || err != nil {
				return
			}
		}
		live, err := s.DB.LiveLinks(ctx, slices.Collect(maps.Keys(organizations)))
		if err != nil {
			yield(nil, fmt.Errorf("look up known links: %w", err))
			return
		}
		live = slices.DeleteFunc(live, func(id uuid.UUID) bool { return shown[id] })
		for batch, err := range source.Client.Walk(ctx, live) {
			for _, o := range batch {
				// A link without a name in LIST has one here.
				if e, ok := errors.AsType[*fetch.Error](o.Err); ok && e.Status == 500 && len(nameless) > 0 {
					nameless = nameless[1:]
				}
			}
			if !yield(batch, err) || err != nil {
				return
			}
		}
		if len(nameless) > 0 {
			yield(nameless, nil)
		}
	}
}
