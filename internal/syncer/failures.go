package syncer

import (
	"errors"
	"strings"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// Failure is one link that could not be synced.
type Failure struct {
	ID      string `json:"id"` // of the link, or its place in LIST in words where nobody knows its id
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// failureKind names an error's kind as sync_failures does.
func failureKind(err error) string {
	for kind, name := range map[error]string{
		fetch.ErrNotFound:    "not_found",
		fetch.ErrRefused:     "refused",
		fetch.ErrRateLimited: "rate_limited",
		fetch.ErrUnavailable: "unavailable",
		fetch.ErrBetween:     "unavailable",
		fetch.ErrBadAnswer:   "bad_answer",
		db.ErrRejected:       "rejected",
	} {
		if errors.Is(err, kind) {
			return name
		}
	}
	return "unexpected"
}

// addFailure notes a link that could not be synced, with what Polar answered.
func addFailure(b *db.Batch, o fetch.Observed, clock db.Clock) {
	r := &b.Failures
	r.CheckoutLinkID = append(r.CheckoutLinkID, o.ID)
	r.Place = append(r.Place, int64(o.Place))
	r.At = append(r.At, clock.Earliest(o.At))
	r.Kind = append(r.Kind, failureKind(o.Err))
	r.Message = append(r.Message, storable(o.Err.Error()))
	var path, body *string
	if e, ok := errors.AsType[*fetch.Error](o.Err); ok && e.Path != "" {
		path = new(storable(e.Path))
	}
	if o.Body != nil {
		body = new(storable(string(o.Body)))
	}
	r.Path = append(r.Path, path)
	r.Body = append(r.Body, body)
}

// storable replaces what a Postgres text cannot hold.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
