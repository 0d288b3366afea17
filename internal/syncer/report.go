package syncer

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"syncer/internal/db"
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
		// Unknown are wanted links that Polar does not know and the source never saw:
		// deleted long ago, of another organization, or mistyped.
		Unknown []string `json:"unknown"`
	} `json:"links"`
	Rows struct {
		Inserted int `json:"inserted"`
		Updated  int `json:"updated"`
		Removed  int `json:"removed"`
	} `json:"rows"`
	Requests   int64     `json:"requests"`
	APIVersion *string   `json:"-"` // that Polar answered; "": its default; nil: none
	DurationMS int64     `json:"duration_ms"`
	Failures   []Failure `json:"failures"`
}

// report sums up. run is nil when none could begin.
func (c *counter) report(run *db.Run, source string, err error, took time.Duration) Report {
	r := Report{Source: source, Status: db.Succeeded, Failures: c.failures}
	if run != nil {
		r.RunID = run.ID.String()
	}
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, db.ErrLost):
		r.Status = db.Abandoned
	case err != nil:
		r.Status = db.Failed
	case len(c.failures) > 0:
		r.Status = db.Partial
	}
	if r.Failures == nil {
		r.Failures = []Failure{} // an empty list in JSON, not null
	}
	r.Links.Total = c.links()
	r.Links.Changed, r.Links.Unchanged, r.Links.Removed, r.Links.Failed = c.counts[changed], c.counts[unchanged], c.counts[gone], c.counts[failed]
	r.Rows.Inserted, r.Rows.Updated, r.Rows.Removed = c.inserted, c.updated, c.removed
	r.Requests, r.DurationMS = c.requests(), took.Milliseconds()
	r.Links.Unknown = []string{}
	for _, id := range c.unknown {
		r.Links.Unknown = append(r.Links.Unknown, id.String())
	}
	return r
}

// result is the report as the row of sync_runs.
func (r *Report) result(err error, checkpoint json.RawMessage) db.Result {
	result := db.Result{
		Status: r.Status, Total: r.Links.Total, Changed: r.Links.Changed, Unchanged: r.Links.Unchanged,
		Gone: r.Links.Removed, Failed: r.Links.Failed,
		Inserted: r.Rows.Inserted, Updated: r.Rows.Updated, Removed: r.Rows.Removed, Requests: r.Requests,
		APIVersion: r.APIVersion, Checkpoint: checkpoint,
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
func log(ctx context.Context, logger *slog.Logger, r Report) {
	level := slog.LevelInfo
	if r.Status == db.Partial || r.Status == db.Failed {
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
	if len(r.Links.Unknown) > 0 {
		logger.WarnContext(ctx, "links unknown to Polar: deleted, of another organization, or mistyped", slog.Any("links", r.Links.Unknown))
	}
}
