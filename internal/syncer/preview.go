package syncer

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// Difference is what a run would change about one link and everything under it.
type Difference struct {
	ID      string      `json:"id"`
	Label   string      `json:"label"`
	Changes []db.Change `json:"changes"`
	// Names are what the things in Changes are called, by id.
	Names map[uuid.UUID]string `json:"-"`
}

// Preview makes a pass over source that only reads: each is called with what a
// run would change, link by link. A change of what links share is told for each
// of them. The error is as of Run.
func (s *Syncer) Preview(ctx context.Context, source Source, each func(Difference)) (Report, error) {
	began := time.Now()
	requests := source.Client.Requests()
	tally := newTally(nil, func() int64 { return source.Client.Requests() - requests })
	err := s.preview(ctx, source, tally, each)
	report := tally.report(db.Run{}, source.Name, err, time.Since(began))
	report.RunID = "" // there is no run
	return report, err
}

func (s *Syncer) preview(ctx context.Context, source Source, tally *tally, each func(Difference)) error {
	var missing []fetch.Observed
	counted := map[uint64]bool{} // what links of several batches share would be changed once
	for batch, err := range s.observe(ctx, source, db.Run{}, tally) {
		if err != nil {
			return err
		}
		there, absent := split(batch.links)
		missing = append(missing, absent...)
		changes, err := s.DB.Compare(ctx, rows(there, nil))
		if err != nil {
			return err
		}
		for _, o := range there {
			if o.Err != nil {
				tally.fail(o)
				continue
			}
			d := difference(o.Link, changes)
			if len(d.Changes) == 0 {
				tally.set(o.ID, unchanged)
				continue
			}
			tally.set(o.ID, changed)
			each(d)
		}
		for _, c := range changes {
			sum := fnv.New64a()
			fmt.Fprint(sum, c.Entity, c.EntityID, c.Op, string(c.Before), string(c.After))
			if !counted[sum.Sum64()] {
				counted[sum.Sum64()] = true
				tally.count(c.Op)
			}
		}
	}
	ids := make([]uuid.UUID, len(missing))
	for i, o := range missing {
		ids[i] = o.ID
	}
	states, err := s.DB.LinkStates(ctx, ids)
	if err != nil {
		return fmt.Errorf("look up missing links: %w", err)
	}
	for _, id := range ids {
		live, known := states[id]
		switch {
		case live:
			tally.set(id, gone)
			tally.count("remove")
			each(Difference{ID: id.String(), Changes: []db.Change{{Entity: "checkout_links", EntityID: id, Op: "remove"}}})
		case !known:
			tally.strangers = append(tally.strangers, id)
			fallthrough
		default:
			tally.set(id, unchanged)
		}
	}
	return s.guard(tally.counts[gone], tally.links(), false)
}

// difference picks a link's changes out of a batch's, and names what they are
// about.
func difference(l *fetch.CheckoutLink, changes []db.Change) Difference {
	names := map[uuid.UUID]string{l.ID: ""}
	if l.Label != nil {
		names[l.ID] = *l.Label
	}
	if l.Discount != nil {
		names[l.Discount.ID] = l.Discount.Name
	}
	for i := range l.Products {
		p := &l.Products[i]
		names[p.ID] = p.Name
		for j := range p.Prices {
			names[p.Prices[j].ID] = p.Name
			if m := p.Prices[j].Meter; m != nil {
				names[m.ID] = m.Name
			}
		}
		for j := range p.Benefits {
			names[p.Benefits[j].ID] = p.Benefits[j].Description
		}
		for j := range p.Medias {
			names[p.Medias[j].ID] = p.Medias[j].Name
		}
	}
	d := Difference{ID: l.ID.String(), Label: names[l.ID], Names: names}
	for _, c := range changes {
		id := c.EntityID
		if c.Entity == "prices" && c.Op == "remove" { // no longer nested: found by its product
			id = productOf(c)
			names[c.EntityID] = names[id]
		}
		if _, ours := names[id]; ours {
			d.Changes = append(d.Changes, c)
		}
	}
	return d
}

// productOf is the product of a price that is no longer there.
func productOf(c db.Change) uuid.UUID {
	var before struct {
		ProductID uuid.UUID `json:"product_id"`
	}
	if json.Unmarshal(c.Before, &before) != nil {
		return uuid.Nil
	}
	return before.ProductID
}
