package syncer

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db"
)

// The ways a run ends, as sync_runs has them.
const (
	Succeeded = "succeeded" // all links in place
	Partial   = "partial"   // some links failed, the rest is in place
	Failed    = "failed"    // stopped early
	Abandoned = "abandoned" // told to stop, or taken over
)

// Report is what a run did. Its JSON is what `backfill --json` prints.
type Report struct {
	RunID  string `json:"run_id"`
	Source string `json:"source"`
	Status string `json:"status"`
	Links  struct {
		Total     int `json:"total"`
		Changed   int `json:"changed"`
		Unchanged int `json:"unchanged"`
		Removed   int `json:"removed"`
		Failed    int `json:"failed"`
	} `json:"links"`
	Rows struct {
		Inserted int `json:"inserted"`
		Updated  int `json:"updated"`
		Removed  int `json:"removed"`
	} `json:"rows"`
	Requests   int64     `json:"requests"`
	DurationMS int64     `json:"duration_ms"`
	Failures   []Failure `json:"failures"`
	// Strangers are configured links that Polar does not know and that were
	// never seen: deleted long ago, of another organization, or mistyped.
	Strangers []string `json:"-"`

	seenAt        time.Time
	organizations []uuid.UUID
}

func (t *tally) report(run db.Run, source string, err error, took time.Duration) Report {
	r := Report{RunID: run.ID.String(), Source: source, Status: Succeeded, Failures: t.failures}
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, db.ErrLost):
		r.Status = Abandoned
	case err != nil:
		r.Status = Failed
	case len(t.failures) > 0:
		r.Status = Partial
	}
	if r.Failures == nil {
		r.Failures = []Failure{} // an empty list in JSON, not null
	}
	r.Links.Total = t.links()
	r.Links.Changed, r.Links.Unchanged, r.Links.Removed, r.Links.Failed = t.counts[changed], t.counts[unchanged], t.counts[gone], t.counts[failed]
	r.Rows.Inserted, r.Rows.Updated, r.Rows.Removed = t.inserted, t.updated, t.removed
	r.Requests, r.DurationMS = t.requests(), took.Milliseconds()
	r.seenAt, r.organizations = t.seenAt, sortedIDs(t.organizations)
	for _, id := range t.strangers {
		r.Strangers = append(r.Strangers, id.String())
	}
	return r
}

// result is the report as the row of sync_runs.
func (r *Report) result(err error) db.Result {
	result := db.Result{
		Status: r.Status, Total: r.Links.Total, Changed: r.Links.Changed, Unchanged: r.Links.Unchanged,
		Gone: r.Links.Removed, Failed: r.Links.Failed,
		Inserted: r.Rows.Inserted, Updated: r.Rows.Updated, Removed: r.Rows.Removed, Requests: r.Requests,
		SeenAt: r.seenAt, Organizations: r.organizations,
	}
	switch {
	case errors.Is(err, context.Canceled):
		result.Error = "told to stop"
	case err != nil:
		result.Error = storable(err.Error())
	}
	return result
}

// log writes a run's end, once, with what an operator has to know.
func log(ctx context.Context, logger *slog.Logger, r Report, strangers []uuid.UUID) {
	level := slog.LevelInfo
	if r.Status == Partial || r.Status == Failed {
		level = slog.LevelWarn
	}
	logger.Log(ctx, level, "run finished",
		slog.String("status", r.Status),
		slog.Int("links", r.Links.Total), slog.Int("changed", r.Links.Changed),
		slog.Int("removed", r.Links.Removed), slog.Int("failed", r.Links.Failed),
		slog.Int("rows_inserted", r.Rows.Inserted), slog.Int("rows_updated", r.Rows.Updated),
		slog.Int("rows_removed", r.Rows.Removed),
		slog.Int64("requests", r.Requests), slog.Int64("took_ms", r.DurationMS))
	for _, f := range r.Failures {
		logger.WarnContext(ctx, "link failed", slog.String("link", f.ID), slog.String("kind", f.Kind), slog.String("reason", f.Message))
	}
	if len(strangers) > 0 {
		logger.WarnContext(ctx, "links unknown to Polar: deleted, of another organization, or mistyped", slog.Any("links", strangers))
	}
}
