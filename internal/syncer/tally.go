package syncer

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// Progress is how far a run has come.
type Progress struct {
	Done, Total, Failed int // links; Total is an estimate until the end
}

// outcome is what became of one link in a run.
type outcome byte

const (
	pending outcome = iota
	awaited         // observed
	earlier         // finished by the run that this one goes on with
	unchanged
	changed
	gone
	failed
)

// tally counts what a run does.
type tally struct {
	progress func(Progress)
	requests func() int64

	total    atomic.Int64 // expected links; set while fetching
	outcomes map[uuid.UUID]outcome
	counts   [failed + 1]int // links, by outcome
	failures []Failure

	inserted, updated, removed int // rows

	refreshed     int                // batches fetched again in a row
	seenAt        time.Time          // when the last request began whose answer was saved
	organizations map[uuid.UUID]bool // whose links were saved

	strangers []uuid.UUID // links that Polar does not know, and we never saw

	// moved holds what changed in this run and that links of later batches may
	// share: products with anything under them, benefits, medias, meters,
	// discounts. What is new is left out: whoever shares it has a new join row.
	moved map[uuid.UUID]bool
}

func newTally(progress func(Progress), requests func() int64) *tally {
	if progress == nil {
		progress = func(Progress) {}
	}
	return &tally{progress: progress, requests: requests, outcomes: map[uuid.UUID]outcome{}, moved: map[uuid.UUID]bool{}, organizations: map[uuid.UUID]bool{}}
}

// expect says how many links there will be.
func (t *tally) expect(total int) { t.total.Store(int64(total)) }

// finished notes links that need not be asked for again.
func (t *tally) finished(ids []uuid.UUID) {
	for _, id := range ids {
		t.set(id, earlier)
	}
}

// knows says whether a link was observed, or need not be.
func (t *tally) knows(id uuid.UUID) bool { return t.outcomes[id] != pending }

// links is how many links have been dealt with.
func (t *tally) links() int {
	n := 0
	for _, count := range t.counts[unchanged:] {
		n += count
	}
	return n
}

// set notes what became of a link. One that is fetched again stays changed if it
// was before.
func (t *tally) set(id uuid.UUID, o outcome) {
	old := t.outcomes[id]
	if id == uuid.Nil { // nameless links count one by one
		old = pending
	}
	if old == changed && o == unchanged {
		return
	}
	t.counts[old]--
	t.counts[o]++
	t.outcomes[id] = o
}

// saved counts links that were written.
func (t *tally) saved(links []fetch.Observed, b *db.Batch, changes db.Changes) {
	touched := t.touched(b, changes)
	removed := map[uuid.UUID]bool{}
	for _, id := range changes["checkout_links"].Removed {
		removed[id] = true
	}
	for _, o := range links {
		switch {
		case removed[o.ID]:
			t.set(o.ID, gone)
		case o.Link != nil && t.linkChanged(o.Link, touched):
			t.set(o.ID, changed)
		case o.Link != nil, errors.Is(o.Err, fetch.ErrNotFound):
			t.set(o.ID, unchanged)
		default:
			t.fail(o)
		}
	}
	if b.SeenAt.After(t.seenAt) {
		t.seenAt = b.SeenAt
	}
	for _, id := range b.Organizations {
		t.organizations[id] = true
	}
	for _, c := range changes {
		t.inserted += len(c.Inserted)
		t.updated += len(c.Updated)
		t.removed += len(c.Removed)
	}
	t.progress(Progress{Done: t.links(), Total: max(t.links(), int(t.total.Load())), Failed: t.counts[failed]})
}

// count counts one row by what happens to it.
func (t *tally) count(op string) {
	switch op {
	case "insert":
		t.inserted++
	case "remove":
		t.removed++
	default:
		t.updated++
	}
}

// fail counts a link that could not be synced.
func (t *tally) fail(o fetch.Observed) {
	f := Failure{Kind: failureKind(o.Err), Message: o.Err.Error()}
	if o.ID != uuid.Nil {
		f.ID = o.ID.String()
	}
	t.set(o.ID, failed)
	t.failures = append(t.failures, f)
}

// touched says which things changed in this batch, a price or tier standing for
// its product, and remembers for later batches what they may share.
func (t *tally) touched(b *db.Batch, changes db.Changes) map[uuid.UUID]bool {
	product := make(map[uuid.UUID]uuid.UUID, len(b.Prices.ID))
	for i, id := range b.Prices.ID {
		product[id] = b.Prices.ProductID[i]
	}
	fresh := map[uuid.UUID]bool{}
	for _, table := range []string{"products", "benefits", "medias", "meters", "discounts", "checkout_links"} {
		for _, id := range changes[table].Inserted {
			fresh[id] = true
		}
	}
	touched := map[uuid.UUID]bool{}
	for table, c := range changes {
		for _, ids := range [][]uuid.UUID{c.Inserted, c.Updated, c.Removed} {
			for _, id := range ids {
				if table == "price_tiers" {
					id = product[id]
				}
				touched[id] = true
				if !fresh[id] && table != "checkout_links" && table != "checkout_link_products" {
					t.moved[id] = true
				}
			}
		}
	}
	return touched
}

// linkChanged says whether the link or anything under it changed in this run.
func (t *tally) linkChanged(l *fetch.CheckoutLink, touched map[uuid.UUID]bool) bool {
	hit := func(id uuid.UUID) bool { return touched[id] || t.moved[id] }
	if hit(l.ID) || l.Discount != nil && hit(l.Discount.ID) {
		return true
	}
	for i := range l.Products {
		p := &l.Products[i]
		if hit(p.ID) {
			return true
		}
		for j := range p.Prices {
			if p.Prices[j].Meter != nil && hit(p.Prices[j].Meter.ID) {
				return true
			}
		}
		for j := range p.Benefits {
			if hit(p.Benefits[j].ID) {
				return true
			}
		}
		for j := range p.Medias {
			if hit(p.Medias[j].ID) {
				return true
			}
		}
	}
	return false
}
