package db

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"syncer/internal/db/query"
)

const (
	// BeatEvery is how often a running run gives a sign of life.
	BeatEvery = 2 * time.Second
	// staleAfter is how old a sign of life may be before the run is taken over:
	// a run whose process died holds nobody up for longer.
	staleAfter = 8 * time.Second
)

// resumeWithin is how long a run that was stopped can be gone on with.
const resumeWithin = 24 * time.Hour

// Run is a run that holds its source.
type Run struct {
	ID         uuid.UUID
	Source     string
	Previous   time.Time       // when the last finished run of the same scope began; zero: never
	Checkpoint json.RawMessage // how far the stopped run came that this one goes on with; nil: from the start
}

// Start is what a run begins with.
type Start struct {
	Source  string
	Trigger string    // what called it
	Scope   string    // what it is to sync; runs of one scope ask for the same
	At      time.Time // by the clock that requests are stamped with
	Resume  bool      // go on with the last run of this scope, if it was stopped within a day
}

// Result is how a run ended: the row it leaves in sync_runs.
type Result struct {
	Status                                  string // succeeded, partial, failed, abandoned
	Total, Changed, Unchanged, Gone, Failed int    // links
	Inserted, Updated, Removed              int    // rows
	Requests                                int64
	Error                                   string
	SeenAt                                  time.Time   // when the last request began whose answer is in the tables; zero: none
	Organizations                           []uuid.UUID // whose links those were; nil: unknown
}

// HeldError says who holds a source. It is an ErrHeld.
type HeldError struct {
	Source, Holder, Trigger string
	Since                   time.Time

	id uuid.UUID
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%v: %q is held by %s (%s) since %s", ErrHeld, e.Source, e.Holder, e.Trigger, e.Since.UTC().Format(time.RFC3339))
}

// Unwrap makes it an ErrHeld.
func (e *HeldError) Unwrap() error { return ErrHeld }

// StartRun begins a run, unless its source has one running: then the error is a
// *HeldError. A run whose process died is ended first, as abandoned.
func (d *DB) StartRun(ctx context.Context, start Start) (Run, error) {
	for {
		run, err := d.startRun(ctx, start)
		held, ok := errors.AsType[*HeldError](err)
		if !ok {
			return run, err
		}
		if held.alive() {
			return Run{}, held
		}
		if _, err := d.Queries().AbandonRun(ctx, held.id); err != nil {
			return Run{}, fmt.Errorf("take over from a dead process: %w", d.Explain(err))
		}
	}
}

func (d *DB) startRun(ctx context.Context, start Start) (Run, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Run{}, fmt.Errorf("new run id: %w", err)
	}
	q := d.Queries()
	if _, err := q.AbandonStaleRun(ctx, query.AbandonStaleRunParams{
		Source: start.Source, StaleSeconds: staleAfter.Seconds(),
	}); err != nil {
		return Run{}, fmt.Errorf("look for a stale run: %w", d.Explain(err))
	}
	run := Run{ID: id, Source: start.Source}
	run.Previous, err = q.GetPreviousStart(ctx, query.GetPreviousStartParams{Source: start.Source, Scope: start.Scope})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Run{}, fmt.Errorf("look for the previous run: %w", d.Explain(err))
	}
	since := start.At
	if start.Resume {
		last, err := q.GetLastRun(ctx, query.GetLastRunParams{Source: start.Source, Scope: start.Scope})
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return Run{}, fmt.Errorf("look for a run to go on with: %w", d.Explain(err))
		}
		stopped := last.Status == "abandoned" || last.Status == "failed"
		if err == nil && stopped && last.Checkpoint != nil && start.At.Sub(last.ObservingSince) < resumeWithin {
			run.Checkpoint, since = last.Checkpoint, last.ObservingSince
		}
	}
	err = q.StartRun(ctx, query.StartRunParams{
		ID: id, Source: start.Source, Trigger: start.Trigger, Scope: start.Scope, Holder: holder(),
		StartedAt: start.At, ObservingSince: since, Checkpoint: run.Checkpoint,
	})
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.ConstraintName == "sync_runs_running_key" {
		held, err := q.GetRunningRun(ctx, start.Source)
		switch {
		case errors.Is(err, pgx.ErrNoRows): // it ended this moment
			return d.startRun(ctx, start)
		case err != nil:
			return Run{}, fmt.Errorf("look for the running run: %w", d.Explain(err))
		}
		return Run{}, &HeldError{Source: start.Source, Holder: held.Holder, Trigger: held.Trigger, Since: held.StartedAt, id: held.ID}
	}
	if err != nil {
		return Run{}, fmt.Errorf("start a run: %w", d.Explain(err))
	}
	return run, nil
}

// Beat gives a sign of life. The error is ErrLost when the run was taken over.
func (d *DB) Beat(ctx context.Context, run Run, requests int64) error {
	n, err := d.Queries().BeatRun(ctx, query.BeatRunParams{ID: run.ID, Requests: requests})
	return d.held(n, err)
}

// FinishRun ends a run. The error is ErrLost when the run was taken over.
func (d *DB) FinishRun(ctx context.Context, run Run, r Result) error {
	p := query.FinishRunParams{
		ID: run.ID, Status: r.Status, Requests: r.Requests,
		LinksTotal: int64(r.Total), LinksChanged: int64(r.Changed), LinksUnchanged: int64(r.Unchanged),
		LinksRemoved: int64(r.Gone), LinksFailed: int64(r.Failed),
		RowsInserted: int64(r.Inserted), RowsUpdated: int64(r.Updated), RowsRemoved: int64(r.Removed),
		OrganizationID: r.Organizations,
	}
	if r.Error != "" {
		p.Error = &r.Error
	}
	if !r.SeenAt.IsZero() {
		p.ObservedUntil = &r.SeenAt
	}
	n, err := d.Queries().FinishRun(ctx, p)
	return d.held(n, err)
}

func (d *DB) held(rows int64, err error) error {
	if err == nil && rows == 0 {
		return ErrLost
	}
	return d.Explain(err)
}

// PruneChanges forgets history that is older than a moment.
func (d *DB) PruneChanges(ctx context.Context, olderThan time.Time) error {
	if _, err := d.Queries().PruneChanges(ctx, olderThan); err != nil {
		return fmt.Errorf("forget old history: %w", d.Explain(err))
	}
	return nil
}

// ForgetFailures forgets the failures of links that are over.
func (d *DB) ForgetFailures(ctx context.Context, source string, ids ...uuid.UUID) error {
	err := d.Queries().ClearFailures(ctx, query.ClearFailuresParams{Source: source, CheckoutLinkID: ids})
	if err != nil {
		return fmt.Errorf("forget failures: %w", d.Explain(err))
	}
	return nil
}
