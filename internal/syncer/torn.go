package syncer

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// ErrTorn says that what the link shows was seen in different states by requests of one
// run, and again when they were repeated.
var ErrTorn = errors.New("kept changing while it was read")

// settleRounds is how often links are fetched again whose copies of one thing
// differ.
const settleRounds = 3

// witness notices when copies of one thing that were seen in one run differ: it
// changed in between, and the answers are torn.
type witness struct {
	seed maphash.Seed
	sums map[uuid.UUID]uint64
	torn map[uuid.UUID]bool
}

func newWitness() *witness {
	return &witness{seed: maphash.MakeSeed(), sums: map[uuid.UUID]uint64{}, torn: map[uuid.UUID]bool{}}
}

// look compares the links' copies with those seen before.
func (w *witness) look(links []fetch.Observed) {
	for i := range links {
		for _, p := range links[i].Prints(w.seed) {
			if sum, seen := w.sums[p.ID]; seen && sum != p.Sum {
				w.torn[p.ID] = true
			}
			w.sums[p.ID] = p.Sum
		}
	}
}

// again begins a new round: the things that were torn, forgotten so that they
// are compared afresh.
func (w *witness) again() []uuid.UUID {
	ids := sortedIDs(w.torn)
	for _, id := range ids {
		delete(w.sums, id)
	}
	clear(w.torn)
	return ids
}

// settle fetches the links again that show torn things, until all copies agree.
// The last ones count: their requests began last. Links whose copies still
// differ after some rounds are failures of this run.
func (s *Syncer) settle(ctx context.Context, held db.Run, source Source, w *witness, tally *tally) error {
	wanted := map[uuid.UUID]bool{}
	for _, id := range source.IDs {
		wanted[id] = true
	}
	for round := 0; len(w.torn) > 0; round++ {
		links, err := s.DB.LinksShowing(ctx, w.again())
		if err != nil {
			return fmt.Errorf("look up links to fetch again: %w", err)
		}
		if !source.All {
			links = slices.DeleteFunc(links, func(id uuid.UUID) bool { return !wanted[id] })
		}
		if round == settleRounds {
			return s.unsettled(ctx, held, source, links, tally)
		}
		for batch, err := range source.Client.Walk(ctx, links) {
			if err != nil {
				return err
			}
			there, _ := split(batch) // what is gone by now, the next run will see
			w.look(there)
			if err := s.save(ctx, held, source, there, nil, tally); err != nil {
				return err
			}
		}
	}
	return nil
}

// unsettled records links as failed whose copies never agreed. Their rows are as
// last seen.
func (s *Syncer) unsettled(ctx context.Context, held db.Run, source Source, links []uuid.UUID, tally *tally) error {
	for chunk := range slices.Chunk(links, fetch.BatchSize) {
		var failed []fetch.Observed
		for _, id := range chunk {
			failed = append(failed, fetch.Observed{ID: id, At: s.now(), Err: ErrTorn})
		}
		if err := s.save(ctx, held, source, failed, nil, tally); err != nil {
			return err
		}
	}
	return nil
}
