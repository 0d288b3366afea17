package syncer

import (
	"errors"
	"slices"
	"sync/atomic"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// Progress counts the links that a run has dealt with.
type Progress struct {
	Done, Total, Failed int // links; Total is an estimate until the end
}

// outcome is what became of one link in a run.
type outcome byte

const (
	pending outcome = iota
	unchanged
	changed
	gone
	failed
	unknown
)

// counter counts what a run does.
type counter struct {
	progress func(Progress)
	requests func() int64

	total    atomic.Int64 // expected links; set while reading
	outcomes map[uuid.UUID]outcome
	counts   [unknown + 1]int   // links, by outcome
	before   map[uuid.UUID]bool // links that changed before the run started over
	failures []Failure

	inserted, updated, removed int // rows

	unknown []uuid.UUID // links that Polar does not know, and the source never saw

	// moved holds what changed in this run and that links of later batches may
	// share: products with anything under them, benefits, medias, meters,
	// discounts. What is new is left out: whoever shares it has a new join row.
	moved map[uuid.UUID]bool
}

func newCounter(progress func(Progress), requests func() int64) *counter {
	if progress == nil {
		progress = func(Progress) {}
	}
	return &counter{
		progress: progress, requests: requests,
		outcomes: map[uuid.UUID]outcome{}, before: map[uuid.UUID]bool{}, moved: map[uuid.UUID]bool{},
	}
}

// restart forgets what became of links, but not that they changed, and not the rows.
func (c *counter) restart() {
	for id, o := range c.outcomes {
		if o == changed {
			c.before[id] = true
		}
	}
	clear(c.outcomes)
	clear(c.counts[:])
	c.failures, c.unknown = nil, nil
}

// expect sets how many links there will be.
func (c *counter) expect(total int) { c.total.Store(int64(total)) }

// links counts the links that have been dealt with.
func (c *counter) links() int {
	n := 0
	for _, count := range c.counts[unchanged:] {
		n += count
	}
	return n
}

// set notes what became of a link. Of one that is fetched again the later answer
// counts, but it stays changed if it was before.
func (c *counter) set(id uuid.UUID, o outcome) {
	old := c.outcomes[id]
	if id == uuid.Nil { // nameless links count one by one
		old = pending
	}
	if o == unchanged && (old == changed || c.before[id]) {
		o = changed
	}
	if old == failed {
		c.failures = slices.DeleteFunc(c.failures, func(f Failure) bool { return f.ID == id.String() })
	}
	c.counts[old]--
	c.counts[o]++
	c.outcomes[id] = o
}

// written counts links whose rows are in place.
func (c *counter) written(links []fetch.Observed, b *db.Batch, changes db.Changes) {
	touched := c.touched(b, changes)
	removed := map[uuid.UUID]bool{}
	for _, id := range changes["checkout_links"].Removed {
		removed[id] = true
	}
	for _, o := range links {
		switch {
		case removed[o.ID]:
			c.set(o.ID, gone)
		case o.Link != nil && c.linkChanged(o.Link, touched):
			c.set(o.ID, changed)
		case o.Link != nil, errors.Is(o.Err, fetch.ErrNotFound):
			c.set(o.ID, unchanged)
		default:
			c.fail(o)
		}
	}
	for _, table := range changes {
		c.inserted += len(table.Inserted)
		c.updated += len(table.Updated)
		c.removed += len(table.Removed)
	}
	c.progress(Progress{Done: c.links(), Total: max(c.links(), int(c.total.Load())), Failed: c.counts[failed]})
}

// count counts one row by what happens to it.
func (c *counter) count(op string) {
	switch op {
	case db.Insert:
		c.inserted++
	case db.Remove:
		c.removed++
	default:
		c.updated++
	}
}

// fail counts a link that could not be synced.
func (c *counter) fail(o fetch.Observed) {
	c.set(o.ID, failed)
	c.failures = append(c.failures, Failure{ID: o.Name(), Kind: failureKind(o.Err), Message: o.Err.Error()})
}

// touched says which things changed in this batch, a price or tier standing for
// its product, and remembers for later batches what they may share.
func (c *counter) touched(b *db.Batch, changes db.Changes) map[uuid.UUID]bool {
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
	for table, rows := range changes {
		for _, ids := range [][]uuid.UUID{rows.Inserted, rows.Updated, rows.Removed} {
			for _, id := range ids {
				if table == "price_tiers" {
					id = product[id]
				}
				touched[id] = true
				if !fresh[id] && table != "checkout_links" && table != "checkout_link_products" {
					c.moved[id] = true
				}
			}
		}
	}
	return touched
}

// linkChanged reports whether the link or anything under it changed in this run. A
// price stands for its product.
func (c *counter) linkChanged(l *fetch.CheckoutLink, touched map[uuid.UUID]bool) bool {
	if touched[l.ID] || c.moved[l.ID] {
		return true
	}
	for part := range l.Parts() {
		if touched[part.ID] || c.moved[part.ID] {
			return true
		}
	}
	return false
}
