package syncer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// grace is how long a save may go on after the run was told to stop. The
// process has to be gone within 10 s.
const grace = 5 * time.Second

// saving is a batch on its way into the database.
type saving struct {
	links   []fetch.Observed
	batch   *db.Batch
	changes db.Changes // there when result is
	result  chan error
}

// see saves links that were fetched, while the caller goes on: saved is called
// before the next ones are saved. What they share with links of this run that are
// saved, and show in the same state, is left out.
func (p *pass) see(ctx context.Context, links []fetch.Observed, done json.RawMessage) error {
	if len(links) == 0 {
		return nil
	}
	prints := p.witness.look(links)
	b := rows(links, p.witness.landed(prints))
	switch whole, err := p.saved(ctx); {
	case err != nil:
		return err
	case !whole: // what is left out may not be there
		b = rows(links, p.witness.landed(prints))
	}
	b.Checkpoint = done
	next := &saving{links: links, batch: b, result: make(chan error, 1)}
	go func() {
		var err error
		next.changes, err = p.write(ctx, b)
		next.result <- err
	}()
	p.saving = next
	p.witness.land(prints, b.Oldest)
	return nil
}

// saved waits for what is on its way into the database, and does what can be done
// when it does not arrive. It says whether it arrived as it was.
func (p *pass) saved(ctx context.Context) (whole bool, err error) {
	last := p.saving
	if last == nil {
		return true, nil
	}
	p.saving = nil
	if err = <-last.result; err == nil {
		p.landed(last.links, last.batch, last.changes)
		return true, nil
	}
	p.witness.unland()
	if last.batch.LeftOutSince != nil && errors.Is(err, db.ErrStale) {
		// Another run has been there since: what was left out may be different now.
		return false, p.save(ctx, last.links, last.batch.Checkpoint)
	}
	return false, p.recover(ctx, last.links, last.batch.Checkpoint, err)
}

// save writes links with everything under them, and how far the run is with them.
func (p *pass) save(ctx context.Context, links []fetch.Observed, done json.RawMessage) error {
	if len(links) == 0 {
		return nil
	}
	b := rows(links, nil)
	b.Checkpoint = done
	changes, err := p.write(ctx, b)
	if err != nil {
		return p.recover(ctx, links, done, err)
	}
	p.landed(links, b, changes)
	return nil
}

// write saves a batch. What is being written when the run is stopped still
// commits.
func (p *pass) write(ctx context.Context, b *db.Batch) (db.Changes, error) {
	longer, cancel := outlive(ctx)
	defer cancel()
	return p.DB.Save(longer, p.held, b)
}

// landed counts links that are saved.
func (p *pass) landed(links []fetch.Observed, b *db.Batch, changes db.Changes) {
	p.tally.refreshed = 0
	p.tally.saved(links, b, changes)
}

// recover does what can be done about links that could not be saved. A batch that
// Postgres refuses is halved until the one bad link is alone; that one becomes a
// failure, and all others land.
func (p *pass) recover(ctx context.Context, links []fetch.Observed, done json.RawMessage, err error) error {
	switch {
	case errors.Is(err, db.ErrStale):
		return p.refresh(ctx, links, done)
	case !errors.Is(err, db.ErrRejected):
		return fmt.Errorf("save %d links: %w", len(links), err)
	case len(links) > 1:
		half := len(links) / 2
		if err := p.save(ctx, links[:half], nil); err != nil {
			return err
		}
		return p.save(ctx, links[half:], done)
	case links[0].Err != nil:
		return fmt.Errorf("record the failure of link %s: %w", links[0].ID, err)
	}
	bad := links[0]
	bad.Link, bad.Notes, bad.Err = nil, nil, err
	return p.save(ctx, []fetch.Observed{bad}, done)
}

// refreshes is how often in a row links are fetched again because another run
// has seen later answers, before the others have to wait.
const refreshes = 3

// refresh fetches links again that another run has seen later than this one, and
// saves what they are now. Two sources may share a schema, and their links
// products; one run per source does not keep those apart.
func (p *pass) refresh(ctx context.Context, links []fetch.Observed, done json.RawMessage) error {
	if p.tally.refreshed++; p.tally.refreshed <= refreshes {
		now, err := p.again(ctx, links)
		if err != nil {
			return err
		}
		return p.save(ctx, now, done)
	}
	var now []fetch.Observed
	var b *db.Batch
	changes, err := p.DB.SaveNext(ctx, p.held, func(ctx context.Context) (*db.Batch, error) {
		var err error
		if now, err = p.again(ctx, links); err != nil {
			return nil, err
		}
		b = rows(now, nil)
		b.Checkpoint = done
		return b, nil
	})
	switch {
	case err == nil:
		p.landed(now, b, changes)
		return nil
	case errors.Is(err, db.ErrStale):
		return fmt.Errorf("save %d links: %w, though they had to wait: do the clocks of the machines differ?", len(links), err)
	case errors.Is(err, db.ErrRejected):
		return p.recover(ctx, now, done, err)
	}
	return err
}

// again fetches links once more.
func (p *pass) again(ctx context.Context, links []fetch.Observed) ([]fetch.Observed, error) {
	removing := errors.Is(links[0].Err, fetch.ErrNotFound)
	var ids []uuid.UUID
	var now []fetch.Observed
	for _, o := range links {
		if o.ID == uuid.Nil { // cannot be asked for by id
			o.At = p.now()
			now = append(now, o)
		} else {
			ids = append(ids, o.ID)
		}
	}
	for again, err := range p.source.Client.Walk(ctx, ids, nil) {
		if err != nil {
			return nil, err
		}
		there, absent := split(again)
		now = append(now, there...)
		if removing {
			now = append(now, absent...)
		} // else it went this moment, and the next run will see
	}
	return now, nil
}

// outlive is a context that ends a grace period after ctx does.
func outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return longer, func() {
		stop()
		cancel()
	}
}
