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

// Source is one organization's links to keep.
type Source struct {
	Name   string
	Client *fetch.Client
	All    bool        // every link of the organization
	IDs    []uuid.UUID // these, when not All; sorted, each once
	Way    fetch.Way   // how links are asked for; "": fetch.Auto
}

// wants says whether the source is about the link.
func (s *Source) wants(id uuid.UUID) bool {
	if s.All {
		return true
	}
	_, wanted := slices.BinarySearchFunc(s.IDs, id, compareIDs)
	return wanted
}

// Scope names what the source wants, as the column scope of sync_runs does: runs of
// one scope ask for the same links.
func (s *Source) Scope() string {
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
		Source: source.Name, Trigger: options.Trigger, Scope: source.Scope(), At: s.now(),
		Resume: options.Resume && !options.Restart,
	})
	if err != nil {
		return Report{Source: source.Name, Status: Failed, Failures: []Failure{}}, err
	}
	logger := s.Logger.With(slog.String("source", source.Name), slog.String("run", held.ID.String()))
	logger.InfoContext(ctx, "run started", slog.String("trigger", options.Trigger), slog.Bool("resumed", held.Checkpoint != nil))

	tally := newTally(options.Progress, func() int64 { return source.Client.Requests() - requests })
	p := &pass{Syncer: s, held: held, source: source, options: options, tally: tally, witness: newWitness()}
	err = s.whileHeld(ctx, held, tally, p.run)

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

// pass is one way through everything that a source wants.
type pass struct {
	*Syncer
	held    db.Run
	source  Source
	options Options
	tally   *tally
	witness *witness
	saving  *saving // what is on its way into the database; nil: nothing
}

// run fetches everything the source wants and saves it batch by batch. What was
// seen in different states is fetched again. What Polar says is gone waits for
// the end, when it is known how much that is.
func (p *pass) run(ctx context.Context) (err error) {
	defer func() {
		if _, e := p.saved(ctx); err == nil {
			err = e
		}
	}()
	var missing []fetch.Observed
	for batch, err := range p.observe(ctx, p.source, p.held, p.tally) {
		if err != nil {
			return err
		}
		there, absent := split(batch.links)
		missing = append(missing, absent...)
		var done json.RawMessage
		if p.options.Resume {
			batch.done.Gone = distinct(batch.done.Gone, missing)
			if done, err = json.Marshal(batch.done); err != nil {
				return fmt.Errorf("note how far the run is: %w", err)
			}
		}
		if err := p.see(ctx, there, done); err != nil {
			return err
		}
		if !batch.paged { // a killed run must not have asked for many links in vain
			if _, err := p.saved(ctx); err != nil {
				return err
			}
		}
	}
	if _, err := p.saved(ctx); err != nil {
		return err
	}
	if err := p.settle(ctx); err != nil {
		return err
	}
	if p.source.All && p.tally.outcomes[uuid.Nil] != failed { // LIST holds no link any more that cannot be shown
		if err := p.DB.ForgetFailures(ctx, p.held.Source, uuid.Nil); err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return p.remove(ctx, missing)
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
