package syncer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// writer writes links with everything under them, and how far the run is with them.
type writer struct {
	db        *db.DB
	run       *db.Run
	tracker   *tracker
	counter   *counter
	claim     func(context.Context, []uuid.UUID) error // called before rows of organizations are written
	resumable bool                                     // note how far the run is

	owners  map[uuid.UUID]uuid.UUID // organizations of the links to be marked as removed
	pending []fetch.Observed
	done    checkpoint // when pending is written
	noted   atomic.Pointer[json.RawMessage]
}

// enough links are worth a transaction. Pages of which few links are wanted wait for
// each other.
const enough = fetch.BatchSize / 2

// Write takes a batch, and writes what has come together when that is enough.
func (w *writer) Write(ctx context.Context, b batch) error {
	if len(w.pending)+len(b.links) > fetch.BatchSize {
		if err := w.Flush(ctx); err != nil {
			return err
		}
	}
	w.pending, w.done = append(w.pending, b.links...), b.done
	if len(w.pending) < enough {
		return nil
	}
	return w.Flush(ctx)
}

// Flush writes what has been taken and is not written yet.
func (w *writer) Flush(ctx context.Context) error {
	links := w.pending
	w.pending = nil
	if len(links) == 0 {
		return nil
	}
	var done json.RawMessage
	if w.resumable {
		var err error
		if done, err = json.Marshal(w.done); err != nil {
			return fmt.Errorf("note how far the run is: %w", err)
		}
	}
	return w.save(ctx, links, done)
}

// checkpoint tells how far the run is with what it has written; nil: unknown.
func (w *writer) checkpoint() json.RawMessage {
	if done := w.noted.Load(); done != nil {
		return *done
	}
	return nil
}

// save writes links in one transaction. What is being written when the run is
// stopped still commits. A batch that Postgres refuses is halved until the one bad
// link is alone; that one becomes a failure, and all others land.
func (w *writer) save(ctx context.Context, links []fetch.Observed, done json.RawMessage) error {
	sights, inPlace := w.tracker.compare(links)
	b := rows(links, inPlace, w.run.Clock)
	b.Checkpoint = done
	for _, id := range b.RemovedCheckoutLinks.ID {
		b.Organizations = distinct(b.Organizations, []uuid.UUID{w.owners[id]})
	}
	if err := w.claim(ctx, b.Organizations); err != nil {
		return err
	}
	longer, cancel := outlive(ctx, saveGrace)
	defer cancel()
	changes, err := w.db.Save(longer, w.run, b)
	switch {
	case err == nil:
		w.tracker.note(sights)
		w.counter.written(links, b, changes)
		if done != nil {
			w.noted.Store(&done)
		}
		return nil
	case !errors.Is(err, db.ErrRejected):
		return fmt.Errorf("save %d links: %w", len(links), err)
	case len(links) > 1:
		half := len(links) / 2
		if err := w.save(ctx, links[:half], nil); err != nil {
			return err
		}
		return w.save(ctx, links[half:], done)
	case links[0].Err != nil:
		return fmt.Errorf("record the failure of %s: %w", links[0].Name(), err)
	}
	bad := links[0]
	bad.Link, bad.Notes, bad.Err = nil, nil, err
	return w.save(ctx, []fetch.Observed{bad}, done)
}

// A process has to be gone within 10 s when it is told to stop. A save that is under
// way then has saveGrace, the note of the run's end finishGrace.
const (
	saveGrace   = 4 * time.Second
	finishGrace = 2 * time.Second
)

// outlive is a context that ends a grace period after ctx does.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return longer, func() {
		stop()
		cancel()
	}
}
