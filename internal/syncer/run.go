// Package syncer carries checkout links from Polar into Postgres.
//
// Run is one pass over one source: fetch, compare, save, report. Everything that
// triggers a sync (schedule, backfill, demo) calls it. The way of the data is
// one straight line: fetch yields batches of observed links, rows turns a batch
// into rows, db.Save writes them in one transaction, the tally counts.
package syncer

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// grace is how long a save may go on after the run was told to stop. The
// process has to be gone within 10 s.
const grace = 5 * time.Second

// Source is one organization's links to keep.
type Source struct {
	Name   string
	Client *fetch.Client
	All    bool        // every link of the organization
	IDs    []uuid.UUID // these, when not All; sorted, each once
}

// scope names what the source wants: runs of one scope ask for the same links.
func (s *Source) scope() string {
	if s.All {
		return "all"
	}
	sum := sha256.New()
	for _, id := range s.IDs {
		sum.Write(id[:])
	}
	return fmt.Sprintf("%d links, %.8x", len(s.IDs), sum.Sum(nil))
}

// Syncer runs passes into one schema.
type Syncer struct {
	DB     *db.DB
	Logger *slog.Logger
	Now    func() time.Time // the clock of the source's client; nil: time.Now
	// KeepChanges is how far back the history of changes is kept; 0: all of it.
	KeepChanges time.Duration
}

func (s *Syncer) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Options are what differs from run to run.
type Options struct {
	Trigger          string         // what called: start, schedule, backfill
	AllowMassRemoval bool           // go on where the guard would stop
	Resume           bool           // note how far the run is, for the next one to go on if it is killed
	Restart          bool           // do not go on with a run that was killed
	Progress         func(Progress) // called after every batch, if set
}

// Run makes one pass over source. The report is true also when there is an
// error, for what was done until then: a *db.HeldError when another run holds
// the source, fetch.ErrRefused, an error that fetch.Unreachable knows,
// ErrMassRemoval, db.ErrUnreachable, the context's, or an unexpected one. Links
// that failed by themselves are no error; the report has them.
func (s *Syncer) Run(ctx context.Context, source Source, options Options) (Report, error) {
	began := time.Now()
	requests := source.Client.Requests()
	held, err := s.DB.StartRun(ctx, db.Start{
		Source: source.Name, Trigger: options.Trigger, Scope: source.scope(), At: s.now(),
		Resume: options.Resume && !options.Restart,
	})
	if err != nil {
		return Report{Source: source.Name, Status: Failed, Failures: []Failure{}}, err
	}
	logger := s.Logger.With(slog.String("source", source.Name), slog.String("run", held.ID.String()))
	logger.InfoContext(ctx, "run started", slog.String("trigger", options.Trigger), slog.Bool("resumed", held.Checkpoint != nil))

	tally := newTally(options.Progress, func() int64 { return source.Client.Requests() - requests })
	err = s.whileHeld(ctx, held, tally, func(ctx context.Context) error {
		return s.pass(ctx, held, source, options, tally)
	})

	if err == nil && s.KeepChanges > 0 {
		err = s.DB.PruneChanges(ctx, s.now().Add(-s.KeepChanges))
	}
	report := tally.report(held, source.Name, err, time.Since(began))
	finish, cancel := outlive(ctx)
	defer cancel()
	if e := s.DB.FinishRun(finish, held, report.result(err)); e != nil && !errors.Is(err, db.ErrLost) {
		err = errors.Join(err, fmt.Errorf("finish the run: %w", e))
	}
	log(ctx, logger, report, tally.strangers)
	return report, err
}

// pass fetches everything the source wants and saves it batch by batch. What was
// seen in different states is fetched again. What Polar says is gone waits for
// the end, when it is known how much that is.
func (s *Syncer) pass(ctx context.Context, held db.Run, source Source, options Options, tally *tally) error {
	var missing []fetch.Observed
	witness := newWitness()
	for batch, err := range s.observe(ctx, source, held, tally) {
		if err != nil {
			return err
		}
		there, absent := split(batch.links)
		missing = append(missing, absent...)
		witness.look(there)
		var done json.RawMessage
		if options.Resume {
			batch.done.Gone = distinct(batch.done.Gone, missing)
			if done, err = json.Marshal(batch.done); err != nil {
				return fmt.Errorf("note how far the run is: %w", err)
			}
		}
		if err := s.save(ctx, held, source, there, done, tally); err != nil {
			return err
		}
	}
	if err := s.settle(ctx, held, source, witness, tally); err != nil {
		return err
	}
	if source.All && tally.outcomes[uuid.Nil] != failed { // LIST holds no link any more that cannot be shown
		if err := s.DB.ForgetFailures(ctx, held.Source, uuid.Nil); err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return s.remove(ctx, held, missing, source, options, tally)
}

// distinct adds the ids of links to ids, each once.
func distinct(ids []uuid.UUID, links []fetch.Observed) []uuid.UUID {
	all := slices.Clone(ids)
	for _, o := range links {
		all = append(all, o.ID)
	}
	slices.SortFunc(all, compareIDs)
	return slices.Compact(all)
}

// split takes the links apart that Polar says are gone.
func split(links []fetch.Observed) (there, absent []fetch.Observed) {
	for _, o := range links {
		if errors.Is(o.Err, fetch.ErrNotFound) {
			absent = append(absent, o)
		} else {
			there = append(there, o)
		}
	}
	return there, absent
}

// save writes links, and how far the run is with them. A batch that Postgres
// refuses is halved until the one bad link is alone; that one becomes a failure,
// and all others land.
func (s *Syncer) save(ctx context.Context, held db.Run, source Source, links []fetch.Observed, done json.RawMessage, tally *tally) error {
	if len(links) == 0 {
		return nil
	}
	saving, cancel := outlive(ctx) // what is being written when the run is stopped still commits
	defer cancel()
	b := rows(links)
	b.Checkpoint = done
	changes, err := s.DB.Save(saving, held, b)
	switch {
	case err == nil:
		tally.refreshed = 0
		tally.saved(links, b, changes)
		return nil
	case errors.Is(err, db.ErrStale):
		return s.refresh(ctx, held, source, links, done, tally)
	case !errors.Is(err, db.ErrRejected):
		return fmt.Errorf("save %d links: %w", len(links), err)
	case len(links) > 1:
		half := len(links) / 2
		if err := s.save(ctx, held, source, links[:half], nil, tally); err != nil {
			return err
		}
		return s.save(ctx, held, source, links[half:], done, tally)
	case links[0].Err != nil:
		return fmt.Errorf("record the failure of link %s: %w", links[0].ID, err)
	}
	bad := links[0]
	bad.Link, bad.Notes, bad.Err = nil, nil, err
	return s.save(ctx, held, source, []fetch.Observed{bad}, done, tally)
}

// refreshes is how often in a row links are fetched again because another run
// has seen later answers. More means that the clocks of two machines differ.
const refreshes = 5

// refresh fetches links again that another run has seen later than this one, and
// saves what they are now. Two sources may share a schema, and their links
// products; one run per source does not keep those apart.
func (s *Syncer) refresh(ctx context.Context, held db.Run, source Source, links []fetch.Observed, done json.RawMessage, tally *tally) error {
	if tally.refreshed++; tally.refreshed > refreshes {
		return fmt.Errorf("save %d links: %w, time and again: do the clocks of the machines differ?", len(links), db.ErrStale)
	}
	removing := errors.Is(links[0].Err, fetch.ErrNotFound)
	var ids []uuid.UUID
	var now []fetch.Observed
	for _, o := range links {
		if o.ID == uuid.Nil { // cannot be asked for by id
			o.At = s.now()
			now = append(now, o)
		} else {
			ids = append(ids, o.ID)
		}
	}
	for again, err := range source.Client.Walk(ctx, ids) {
		if err != nil {
			return err
		}
		there, absent := split(again)
		now = append(now, there...)
		if removing {
			now = append(now, absent...)
		} // else it went this moment, and the next run will see
	}
	return s.save(ctx, held, source, now, done, tally)
}

// whileHeld calls work while it keeps giving signs of life, and stops it when
// the run was taken over.
func (s *Syncer) whileHeld(ctx context.Context, held db.Run, tally *tally, work func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(db.BeatEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			// A beat that fails otherwise is not the end: saving will tell.
			if err := s.DB.Beat(ctx, held, tally.requests()); errors.Is(err, db.ErrLost) {
				cancel(err)
			}
		}
	}()
	err := work(ctx)
	if cause := context.Cause(ctx); errors.Is(cause, db.ErrLost) {
		err = cause
	}
	cancel(nil)
	<-stopped
	return err
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
