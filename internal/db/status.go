package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db/query"
)

// This file reads how the runs of a source went, and which of its links fail.

// PastRun is a row of sync_runs: a run that ended, or the one that is under way.
type PastRun struct {
	ID                              uuid.UUID
	Trigger                         string // what called it
	Status                          string // running, succeeded, partial, failed, abandoned
	Holder                          string // process that runs it, or ran it
	StartedAt                       time.Time
	FinishedAt                      *time.Time // nil: it still runs
	Links, Changed, Removed, Failed int64      // links
	Requests                        int64
	Error                           *string // nil: it did not stop early
}

// Runs lists a source's last runs, newest first, most of them at most.
func (d *DB) Runs(ctx context.Context, source string, most int32) ([]PastRun, error) {
	rows, err := d.queries().ListRuns(ctx, query.ListRunsParams{Source: source, Most: most})
	if err != nil {
		return nil, classify(err)
	}
	var all []PastRun
	for _, r := range rows {
		all = append(all, PastRun{
			ID: r.ID, Trigger: r.Trigger, Status: r.Status, Holder: r.Holder, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt,
			Links: r.LinksTotal, Changed: r.LinksChanged, Removed: r.LinksRemoved, Failed: r.LinksFailed, Requests: r.Requests, Error: r.Error,
		})
	}
	return all, nil
}

// FinishedRun is a run that came to its end.
type FinishedRun struct {
	Status     string // succeeded, partial
	FinishedAt time.Time
	Links      int // that it was to sync
}

// LastFinishedRun gives the last run of a source and scope that came to its end;
// nil: there is none.
func (d *DB) LastFinishedRun(ctx context.Context, source, scope string) (*FinishedRun, error) {
	row, err := d.queries().GetLastFinishedRun(ctx, query.GetLastFinishedRunParams{Source: source, Scope: scope})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("look for the last run: %w", classify(err))
	}
	if row.FinishedAt == nil {
		return nil, nil //nolint:nilnil // the first run is still to come, and that is no error
	}
	return &FinishedRun{Status: row.Status, FinishedAt: *row.FinishedAt, Links: int(row.LinksTotal)}, nil
}

// Failure is why a link could not be synced, the last time a source tried.
type Failure struct {
	Source   string
	Since    time.Time // when it failed first without a success since
	Attempts int64     // runs that tried
	Kind     string    // as sync_failures has it
	Message  string
	Path     *string // where in Polar's answer, as a JSON path; nil: nowhere in particular
}

// FailingLink is a link that fails.
type FailingLink struct {
	Failure

	ID    uuid.UUID
	Label *string // nil: it has none, or was never synced
}

// FailingLinks lists the links of a source that fail, the longest first, most of
// them at most.
func (d *DB) FailingLinks(ctx context.Context, source string, most int32) ([]FailingLink, error) {
	rows, err := d.queries().ListFailures(ctx, query.ListFailuresParams{Source: source, Most: most})
	if err != nil {
		return nil, classify(err)
	}
	var all []FailingLink
	for _, r := range rows {
		all = append(all, FailingLink{
			Failure: Failure{Source: r.Source, Since: r.Since, Attempts: r.Attempts, Kind: r.Kind, Message: r.Message, Path: r.Path},
			ID:      r.CheckoutLinkID, Label: r.Label,
		})
	}
	return all, nil
}

// CountFailures counts the links of a source that fail. The first of them does so
// since a moment, which means nothing when there are none.
func (d *DB) CountFailures(ctx context.Context, source string) (links int, since time.Time, err error) {
	row, err := d.queries().CountFailures(ctx, source)
	return int(row.Links), row.Since, classify(err)
}
