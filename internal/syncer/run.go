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
