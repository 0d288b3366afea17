package syncer

import (
	"context"
	"encoding/json"
	"errors"
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
// run with these options would change, link by link. A change of what links share is
// told for each of them. The error is as of Run, and stops the preview where it would
// stop the run.
func (s *Syncer) Preview(ctx context.Context, source Source, options Options, each func(Difference)) (Report, error) {
	began := time.Now()
	requests := source.Client.Requests()
	counter := newCounter(nil, func() int64 { return source.Client.Requests() - requests })
	err := s.preview(ctx, source, options, counter, each)
	report := counter.report(nil, source.Name, err, time.Since(began))
	report.APIVersion = answering(source.Client)
	return report, err
}

func (s *Syncer) preview(ctx context.Context, source Source, options Options, counter *counter, each func(Difference)) error {
	kept, err := s.DB.KeptOrganizations(ctx, source.start())
	if err != nil {
		return err
	}
	run := &db.Run{Source: source.Name, Kept: kept}
	uses, err := s.DB.RecentUse(ctx, source.Name, run.KeptIDs(), fetch.Window)
	if err != nil {
		return err
	}
	source.Client.TakeUp(uuid.Nil, converted(uses))
	reader := newReader(s.DB, s.Logger, source, run, counter, options)
	p := &previewer{db: s.DB, counter: counter, counted: map[uint64]bool{}, each: each}
	for batch, err := range reader.batches(ctx) {
		if err != nil {
			return err
		}
		if err := p.compare(ctx, batch.links); err != nil {
			return err
		}
	}
	picked, err := reader.removal(ctx)
	if err != nil {
		return err
	}
	for _, o := range picked.links {
		counter.set(o.ID, gone)
		counter.count(db.Remove)
		each(Difference{ID: o.ID.String(), Changes: []db.Change{{Entity: "checkout_links", EntityID: o.ID, Op: db.Remove}}})
	}
	return nil
}

// previewer is what a writer is to a run.
type previewer struct {
	db      *db.DB
	counter *counter
	counted map[uint64]bool // what links of several batches share would be changed once
	each    func(Difference)
}

// compare tells what links would change. Like a save, it halves a batch that Postgres
// refuses until the one bad link is alone.
func (p *previewer) compare(ctx context.Context, links []fetch.Observed) error {
	changes, err := p.db.Compare(ctx, rows(links, nil, db.Clock{}))
	switch {
	case !errors.Is(err, db.ErrRejected):
	case len(links) > 1:
		half := len(links) / 2
		if err := p.compare(ctx, links[:half]); err != nil {
			return err
		}
		return p.compare(ctx, links[half:])
	default:
		links[0].Err, err = err, nil
	}
	if err != nil {
		return err
	}
	for _, o := range links {
		if o.Err != nil {
			p.counter.fail(o)
			continue
		}
		d := difference(o.Link, changes)
		if len(d.Changes) == 0 {
			p.counter.set(o.ID, unchanged)
			continue
		}
		if p.counter.outcomes[o.ID] != changed { // pages may be read twice
			p.each(d)
		}
		p.counter.set(o.ID, changed)
	}
	for _, c := range changes {
		sum := fnv.New64a()
		fmt.Fprint(sum, c.Entity, c.EntityID, c.Op, string(c.Before), string(c.After))
		if !p.counted[sum.Sum64()] {
			p.counted[sum.Sum64()] = true
			p.counter.count(c.Op)
		}
	}
	return nil
}

// difference picks a link's changes out of a batch's, and names what they are
// about.
func difference(l *fetch.CheckoutLink, changes []db.Change) Difference {
	names := map[uuid.UUID]string{l.ID: ""}
	if l.Label != nil {
		names[l.ID] = *l.Label
	}
	for part := range l.Parts() {
		names[part.ID] = part.Name
	}
	d := Difference{ID: l.ID.String(), Label: names[l.ID], Names: names}
	for _, c := range changes {
		id := c.EntityID
		if c.Entity == "prices" && c.Op == db.Remove { // no longer nested: found by its product
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
