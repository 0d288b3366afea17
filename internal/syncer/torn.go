package syncer

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"github.com/google/uuid"

	"syncer/internal/fetch"
)

// ErrTorn says that what the link shows was seen in different states by requests of one
// run, and again when they were repeated.
var ErrTorn = errors.New("kept changing while it was read")

// settleRounds is how often links are fetched again whose copies of one thing
// differ.
const settleRounds = 3

// witness knows the copies of what links share that this run has seen. It notices
// when two differ: the thing changed in between, and the answers are torn. And it
// knows whose rows are in place, so that they need not be compared again for
// every link that shows the same.
type witness struct {
	seed   maphash.Seed
	copies map[uuid.UUID]copied
	torn   map[uuid.UUID]bool
	since  time.Time // when the first request began whose answer is saved
}

// copied is the last copy of a thing.
type copied struct {
	sum    uint64
	landed bool // its rows are in place, or on their way
}

func newWitness() *witness {
	return &witness{seed: maphash.MakeSeed(), copies: map[uuid.UUID]copied{}, torn: map[uuid.UUID]bool{}}
}

// look compares the links' copies with those seen before, and returns their
// prints.
func (w *witness) look(links []fetch.Observed) []fetch.Print {
	var prints []fetch.Print
	for i := range links {
		prints = append(prints, links[i].Prints(w.seed)...)
	}
	for _, p := range prints {
		c, seen := w.copies[p.ID]
		switch {
		case !seen:
			w.copies[p.ID] = copied{sum: p.Sum}
		case c.sum != p.Sum:
			w.torn[p.ID] = true
			w.copies[p.ID] = copied{sum: p.Sum}
		}
	}
	return prints
}

// landed are the things looked at whose rows are in place.
func (w *witness) landed(prints []fetch.Print) *inPlace {
	landed := &inPlace{ids: map[uuid.UUID]bool{}, since: w.since}
	for _, p := range prints {
		if w.copies[p.ID].landed {
			landed.ids[p.ID] = true
		}
	}
	return landed
}

// land notes that the rows of what was looked at are in place, or on their way.
func (w *witness) land(prints []fetch.Print, since time.Time) {
	for _, p := range prints {
		if c := w.copies[p.ID]; c.sum == p.Sum && !w.torn[p.ID] {
			w.copies[p.ID] = copied{sum: c.sum, landed: true}
		}
	}
	if w.since.IsZero() {
		w.since = since
	}
}

// unland forgets what landed: some of it did not arrive, or another run has been
// there since.
func (w *witness) unland() {
	for id, c := range w.copies {
		w.copies[id] = copied{sum: c.sum}
	}
	w.since = time.Time{}
}

// again begins a new round: the things that were torn, forgotten so that they
// are compared afresh.
func (w *witness) again() []uuid.UUID {
	ids := sortedIDs(w.torn)
	for _, id := range ids {
		delete(w.copies, id)
	}
	clear(w.torn)
	return ids
}

// settle fetches the links again that show torn things, until all copies agree.
// The last ones count: their requests began last. Links whose copies still
// differ after some rounds are failures of this run.
func (p *pass) settle(ctx context.Context) error {
	for round := 0; len(p.witness.torn) > 0; round++ {
		links, err := p.DB.LinksShowing(ctx, p.witness.again())
		if err != nil {
			return fmt.Errorf("look up links to fetch again: %w", err)
		}
		links = slices.DeleteFunc(links, func(id uuid.UUID) bool { return !p.source.wants(id) })
		if round == settleRounds {
			return p.unsettled(ctx, links)
		}
		for batch, err := range p.source.Client.Walk(ctx, links, nil) {
			if err != nil {
				return err
			}
			there, _ := split(batch) // what is gone by now, the next run will see
			if err := p.see(ctx, there, nil); err != nil {
				return err
			}
			if _, err := p.saved(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// unsettled records links as failed whose copies never agreed. Their rows are as
// last seen.
func (p *pass) unsettled(ctx context.Context, links []uuid.UUID) error {
	for chunk := range slices.Chunk(links, fetch.BatchSize) {
		var failed []fetch.Observed
		for _, id := range chunk {
			failed = append(failed, fetch.Observed{ID: id, At: p.now(), Err: ErrTorn})
		}
		if err := p.save(ctx, failed, nil); err != nil {
			return err
		}
	}
	return nil
}
