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

// This file reads the results of a source's runs, and its failing links.

// PastRun is a row of sync_runs: a run that ended, or the current one.
type PastRun struct {
	ID                              uuid.UUID
	Trigger                         string // what started it
	Status                          string // running, succeeded, partial, failed, abandoned
	Holder                          string // process that runs or ran it
	StartedAt                       time.Time
	FinishedAt                      *time.Time // nil: still running
	Links, Changed, Removed, Failed int64      // links
	Requests                        int64
	APIVersion                      *string // that Polar answered; "": its default; nil: unknown
	Error                           *string // nil: did not stop early
}

// Runs lists a source's last runs, newest first, at most most of them.
func (d *DB) Runs(ctx context.Context, source string, most int32) ([]PastRun, error) {
	rows, err := d.queries().ListRuns(ctx, query.ListRunsParams{Source: source, Most: most})
	if err != nil {
		return nil, classify(err)
	}
	var all []PastRun
	for _, r := range rows {
		all = append(all, PastRun{
			ID: r.ID, Trigger: r.Trigger, Status: r.Status, Holder: r.Holder, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt,
			Links: r.LinksTotal, Changed: r.LinksChanged, Removed: r.LinksRemoved, Failed: r.LinksFailed, Requests: r.Requests, APIVersion: r.APIVersion, Error: r.Error,
		})
	}
	return all, nil
}

// FinishedRun is a run that completed.
type FinishedRun struct {
	Status     string // succeeded, partial
	FinishedAt time.Time
	Links      int // that it had to sync
}

// LastFinishedRun returns the last completed run of a source and scope, or nil.
func (d *DB) LastFinishedRun(ctx context.Context, source, scope string) (*FinishedRun, error) {
	row, err := d.queries().GetLastFinishedRun(ctx, query.GetLastFinishedRunParams{Source: source, Scope: scope})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("look for the last run: %w", classify(err))
	}
	if row.FinishedAt == nil {
		return nil, nil //nolint:nilnil // no run yet, which is no error
	}
	return &FinishedRun{Status: row.Status, FinishedAt: *row.FinishedAt, Links: int(row.LinksTotal)}, nil
}

// Failure describes why the last try of a source could not sync a link.
type Failure struct {
	Source   string
	Since    time.Time // of the first failure without a success since
	Attempts int64     // runs that tried
	Kind     string    // as in sync_failures
	Message  string
	Path     *string // where in Polar's answer, as a JSON path; nil: no one place
}

// FailingLink is a link that fails.
type FailingLink struct {
	Failure

	Link  string  // its id, or its place in LIST in words where nobody knows its id
	Label *string // nil: it has none, or was never synced
}

// FailingLinks lists a source's failing links, the longest-failing first, at
// most most of them.
func (d *DB) FailingLinks(ctx context.Context, source string, most int32) ([]FailingLink, error) {
	rows, err := d.queries().ListFailures(ctx, query.ListFailuresParams{Source: source, Most: most})
	if err != nil {
		return nil, classify(err)
	}
	var all []FailingLink
	for _, r := range rows {
		all = append(all, FailingLink{
			Failure: Failure{Source: r.Source, Since: r.Since, Attempts: r.Attempts, Kind: r.Kind, Message: r.Message, Path: r.Path},
			Link:    r.Link, Label: r.Label,
		})
	}
	return all, nil
}

// CountFailures counts a source's failing links. since is when the first began
// to fail; ignore it if there are none.
func (d *DB) CountFailures(ctx context.Context, source string) (links int, since time.Time, err error) {
	row, err := d.queries().CountFailures(ctx, source)
	return int(row.Links), row.Since, classify(err)
}
