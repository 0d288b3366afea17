package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// The kinds of error. Every error of Client that is not the context's own is
// one of them.
var (
	// ErrNotFound: Polar answered ResourceNotFound. Also what a token sees of
	// another organization's link.
	ErrNotFound = errors.New("Polar knows no such checkout link")
	// ErrRefused: 401 or 403. The token is wrong, expired, or lacks the scope
	// checkout_links:read.
	ErrRefused = errors.New("Polar refused the token")
	// ErrRateLimited: 429, and again after waiting as long as it said.
	ErrRateLimited = errors.New("Polar limits the rate of requests")
	// ErrUnavailable: no answer, a cut one, or a 5xx, several times.
	ErrUnavailable = errors.New("Polar is unavailable")
	// ErrBadAnswer: an answer that cannot be what was asked for.
	ErrBadAnswer = errors.New("Polar's answer cannot be read")
)

// Error is one failed request.
type Error struct {
	Kind   error  // one of the kinds above
	Status int    // HTTP status, 0 without an answer
	Detail string // what exactly, for a person; no secrets
	Path   string // JSON path in Body that is at fault, if one is
	Body   []byte // the answer, as far as it was read

	retry      bool          // another try may help
	retryAfter time.Duration // as the server asked
	tooLong    bool          // fewer links may fit
}

func (e *Error) Error() string {
	text := e.Kind.Error()
	if e.Status != 0 && e.Status != http.StatusOK {
		text += fmt.Sprintf(": status %d", e.Status)
	}
	if e.Path != "" {
		text += ": " + e.Path
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// Unwrap gives the kind, for errors.Is.
func (e *Error) Unwrap() error { return e.Kind }

// partial says whether a page of links failed for what it holds, so that smaller
// ones may get at the rest.
func (e *Error) partial() bool {
	return e.Status == http.StatusInternalServerError || e.tooLong
}

// Unreachable says whether err tells about the way to Polar, or Polar as a
// whole, rather than about the one link that was asked for. Polar answers 500
// for a single broken link, so that is not a sign.
func Unreachable(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	return e.Kind == ErrRateLimited || e.Kind == ErrUnavailable && e.Status != http.StatusInternalServerError //nolint:errorlint // Kind is one of the sentinels itself
}
