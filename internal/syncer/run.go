// Package syncer carries checkout links from Polar into Postgres.
//
// Run is one pass over one source: read, write, flush, settle, remove, report.
// Everything that triggers a sync (schedule, backfill, demo) calls it. The data
// takes one straight line: the reader yields batches of observed links, rows turns
// a batch into rows, the writer saves them in one transaction, the counter counts.
// The tracker knows what of it links share.
package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
	"syncer/internal/panics"
)

// Syncer runs passes into one schema.
type Syncer struct {
	DB     *db.DB
	Logger *slog.Logger
	Now    func() time.Time // of this machine, as the source's client's; nil: time.Now
	// KeepChanges bounds the age of the history of changes, KeepRuns that of the record of
	// runs, a day or more; 0: all of it stays.
	KeepChanges, KeepRuns time.Duration
	// A run gives a sign of life every BeatEvery; 0: db.BeatEvery. One that waits for
	// another tries again about every ClaimEvery; 0: half a second.
	BeatEvery, ClaimEvery time.Duration
}

func (s *Syncer) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Options differ from run to run.
type Options struct {
	Trigger          string              // what called: start, schedule, backfill
	AllowMassRemoval bool                // go on where the guard would stop
	NewOrganization  bool                // go over to the organization and the server that the token is of, if the source keeps another
	Resume           bool                // note how far the run is, for the next one to resume if it is killed
	Restart          bool                // do not resume a run that was killed
	FailIfRunning    bool                // do not wait for a run that holds the source or its organization
	Waiting          func(*db.HeldError) // called before the run waits for another, if set
	Progress         func(Progress)      // called after every batch, if set
}

// Run makes one pass over source. It waits while another run holds the source or
// its organization. The report is true also when there is an error, for what was
// done until then: a *db.HeldError with FailIfRunning, fetch.ErrRefused, an error
// that fetch.Unreachable knows, ErrMassRemoval, ErrOtherOrganization, db.ErrUnreachable,
// db.ErrReadOnly, db.ErrLocked, db.ErrLost, the context's, a *panics.Error, or an
// unexpected one. Links that failed by themselves are no error; the report has them.
func (s *Syncer) Run(ctx context.Context, source Source, options Options) (Report, error) {
	requests := source.Client.Requests()
	counter := newCounter(options.Progress, func() int64 { return source.Client.Requests() - requests })
	run, err := s.start(ctx, source, options)
	began := time.Now() // what it had to wait is not its own
	if err != nil {
		return counter.report(nil, source.Name, err, 0), err
	}
	defer run.LetGo()
	logger := s.Logger.With(slog.String("source", source.Name), slog.String("run", run.ID.String()))
	logger.InfoContext(ctx, "run started", slog.String("trigger", options.Trigger), slog.Bool("resumes", run.Checkpoint != nil))

	// The budget outlives the process: what a killed run has sent must be on record.
	defer source.Client.Account(func(ctx context.Context, requests int64) error { return s.DB.NoteRequests(ctx, run, requests) })()
	before := answering(source.Client)

	p := &pass{Syncer: s, logger: logger, run: run, source: source, options: options, counter: counter}
	p.writer = &writer{db: s.DB, run: run, counter: counter, claim: p.claim, resumable: options.Resume}
	err = p.whileHeld(ctx, p.converge)
	if caught, ok := errors.AsType[*panics.Error](err); ok {
		logger.ErrorContext(ctx, "panic", slog.Any("value", caught.Value), slog.String("stack", string(caught.Stack)))
	}
	report := counter.report(run, source.Name, err, time.Since(began))
	report.APIVersion = answering(source.Client)
	if v := report.APIVersion; v != nil && (before == nil || *v != *before) { // the first time, and when it changes
		logger.InfoContext(ctx, "polar answers", slog.String("api_version", cmp.Or(*v, "its default")))
	}
	finish, cancel := outlive(ctx, finishGrace)
	defer cancel()
	if errors.Is(err, db.ErrUnreachable) { // and so, most likely, it is still
		finish, cancel = context.WithTimeout(finish, finishGrace)
		defer cancel()
	}
	result := report.result(err, p.writer.checkpoint())
	result.Seen = distinct(p.reader.before, sortedIDs(p.reader.organizations))
	if e := s.DB.FinishRun(finish, run, result); e != nil && !errors.Is(e, db.ErrLost) {
		err = errors.Join(err, fmt.Errorf("finish the run: %w", e))
	}
	log(ctx, logger, report)
	return report, err
}

// answering is the API version that Polar answers: "" for its default, nil for none.
func answering(client *fetch.Client) *string {
	if version, known := client.Version(); known {
		return &version
	}
	return nil
}

// start begins the run as soon as nobody else holds what it wants.
func (s *Syncer) start(ctx context.Context, source Source, options Options) (run *db.Run, err error) {
	_, err = s.patiently(ctx, options, func() error {
		start := source.start()
		start.Trigger, start.Resume, start.Now = options.Trigger, options.Resume && !options.Restart, s.now
		run, err = s.DB.StartRun(ctx, start)
		return err
	})
	return run, err
}

// patiently calls try until no other run is in its way. waited: one was.
func (s *Syncer) patiently(ctx context.Context, options Options, try func() error) (waited bool, err error) {
	every := cmp.Or(s.ClaimEvery, claimEvery)
	for {
		err := try()
		held, ok := errors.AsType[*db.HeldError](err)
		if !ok || options.FailIfRunning {
			return waited, err
		}
		if !waited {
			s.Logger.InfoContext(ctx, "waiting for another run", slog.String("source", held.Wanted), slog.Any("held", held))
			if options.Waiting != nil {
				options.Waiting(held)
			}
		}
		waited = true
		select {
		case <-ctx.Done():
			return waited, ctx.Err()
		case <-time.After(every/2 + rand.N(every)): //nolint:gosec // jitter: those that wait do not come back together
		}
	}
}

const claimEvery = 500 * time.Millisecond

// pass is one run under way.
type pass struct {
	*Syncer

	logger  *slog.Logger
	run     *db.Run
	source  Source
	options Options
	reader  *reader
	writer  *writer
	counter *counter
}

// errOvertaken says that another run of the same organization has written since this
// one began, so that what this one has observed may be older.
var errOvertaken = errors.New("another run has written since")

// converge makes the pass, from the beginning again when another run of the
// organization has come in between: a later run must be later in everything.
func (p *pass) converge(ctx context.Context) error {
	for {
		err := p.once(ctx)
		if err == nil {
			err = p.prune(ctx)
		}
		if !errors.Is(err, errOvertaken) {
			return err
		}
		p.logger.InfoContext(ctx, "another run of the organization came in between, starting over")
		p.run.Checkpoint = nil
		p.counter.restart()
	}
}

// once reads everything the source wants and writes it batch by batch. What was
// seen in different states is fetched once more. What Polar says is gone waits for
// the end, when it is known how much that is.
func (p *pass) once(ctx context.Context) error {
	p.reader = newReader(p.DB, p.logger, p.source, p.run, p.counter, p.options)
	p.writer.tracker = newTracker()
	p.writer.pending = nil
	if err := p.takeUp(ctx); err != nil {
		return err
	}
	for batch, err := range p.reader.batches(ctx) {
		if err != nil {
			return errors.Join(err, p.writer.Flush(ctx))
		}
		if err := p.writer.Write(ctx, batch); err != nil {
			return err
		}
	}
	if err := p.writer.Flush(ctx); err != nil {
		return err
	}
	left, err := p.writer.settle(ctx, p.source.Client)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		p.logger.InfoContext(ctx, "kept changing while it was read, left to the next run", slog.Any("things", left))
	}
	picked, err := p.reader.removal(ctx)
	if err != nil {
		return err
	}
	if err := p.writer.remove(ctx, picked); err != nil {
		return err
	}
	tried := p.source.IDs
	if !p.source.Picked {
		tried = nil // all that the source wants
	}
	return p.DB.ForgetStaleFailures(ctx, p.run, tried)
}

// claim makes sure that the run holds the organizations before anything of theirs is
// written. The error is errOvertaken when what was observed until now may be older
// than what is in the tables.
func (p *pass) claim(ctx context.Context, organizations []uuid.UUID) error {
	if !slices.ContainsFunc(organizations, func(id uuid.UUID) bool { return !slices.Contains(p.run.Organizations, id) }) {
		return nil
	}
	wanted := slices.Concat(p.run.Organizations, organizations) // kept over attempts that let go of all
	var overtaken bool
	waited, err := p.patiently(ctx, p.options, func() (err error) {
		overtaken, err = p.DB.Claim(ctx, p.run, wanted)
		return err
	})
	if err != nil {
		return err
	}
	if waited || overtaken {
		return errOvertaken
	}
	return p.takeUp(ctx)
}

// prune forgets what is too old.
func (p *pass) prune(ctx context.Context) error {
	now := p.run.Clock.Earliest(p.now())
	if p.KeepChanges > 0 {
		if err := p.DB.PruneChanges(ctx, now.Add(-p.KeepChanges)); err != nil {
			return err
		}
	}
	if p.KeepRuns > 0 {
		return p.DB.PruneRuns(ctx, now.Add(-p.KeepRuns))
	}
	return nil
}

// whileHeld calls work while it keeps giving signs of life, and stops it when the run
// is taken over, or may be since it could give none. A panic is an error.
func (p *pass) whileHeld(ctx context.Context, work func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	lost := make(chan error, 1)
	go func() {
		err := panics.Catch(func() error { return p.beat(ctx) })
		cancel(err)
		lost <- err
	}()
	err := panics.Catch(func() error { return work(ctx) })
	cancel(nil)
	return cmp.Or(<-lost, err)
}

// beat gives signs of life until ctx ends. The error says why the run has none, or
// holds nothing, any more.
func (p *pass) beat(ctx context.Context) error {
	ticker := time.NewTicker(cmp.Or(p.BeatEvery, db.BeatEvery))
	defer ticker.Stop()
	last := time.Now() // sign of life
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		began := time.Now()
		within, cancel := context.WithDeadline(ctx, last.Add(db.Lease))
		err := p.DB.Beat(within, p.run, p.counter.requests(), p.writer.checkpoint())
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, db.ErrLost):
			return err
		case err == nil:
			last = began
		case time.Since(last) >= db.Lease: // others may take over
			return fmt.Errorf("no sign of life for %s: %w", time.Since(last).Round(time.Second), err)
		}
	}
}
