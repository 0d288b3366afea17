package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"syncer/internal/plain"
)

// The kinds of error. Every error of Client has one of them, except the context's own
// and the one of an account.
var (
	// ErrNotFound: Polar answered ResourceNotFound. A token gets the same for
	// another organization's link.
	ErrNotFound = errors.New("Polar knows no such checkout link")
	// ErrRefused: 401 or 403 in Polar's words. The token is wrong, expired, or lacks
	// the scope checkout_links:read. Also a token that cannot be read or sent.
	ErrRefused = errors.New("Polar refused the token")
	// ErrRateLimited: 429, and again after the wait it asked for.
	ErrRateLimited = errors.New("Polar limits the rate of requests")
	// ErrUnavailable: no answer, a cut one, or a 5xx, several times.
	ErrUnavailable = errors.New("Polar is unavailable")
	// ErrBetween: whatever answered several times, it was not Polar: a proxy, a
	// firewall's challenge, the login page of a network.
	ErrBetween = errors.New("something between here and Polar answered")
	// ErrVersion: the API does not have the route, in any version that was asked for.
	ErrVersion = errors.New("Polar does not know this API version or address")
	// ErrBadAnswer: the answer cannot be what was asked for.
	ErrBadAnswer = errors.New("Polar's answer cannot be read")
)

// Error is one failed request.
type Error struct {
	Kind   error  // one of the kinds above
	Status int    // HTTP status, 0 without an answer
	Detail string // what exactly, for a person; no secrets
	Path   string // JSON path in Body that is at fault, if any
	Body   []byte // the answer, as far as it was read

	retry       bool          // another try may help
	retryAfter  time.Duration // as the server asked
	tooLong     bool          // fewer links may fit
	unversioned bool          // Polar does not have the route, and names no version either
	broken      bool          // a page that is no JSON: one link may be at fault
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
	return plain.Line(text) // Polar, or whoever answers, words parts of it
}

// Unwrap returns the kind, for errors.Is.
func (e *Error) Unwrap() error { return e.Kind }

// partial reports whether a page of links failed because of what it holds, so
// that smaller pages may reach the rest.
func (e *Error) partial() bool {
	return e.Status == http.StatusInternalServerError || e.tooLong || e.broken
}

// Unreachable reports whether err concerns the way to Polar, or Polar as a
// whole, rather than one link. A 500 does not count: Polar answers it for a
// single broken link.
func Unreachable(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	return errors.Is(e, ErrRateLimited) || errors.Is(e, ErrBetween) ||
		errors.Is(e, ErrUnavailable) && e.Status != http.StatusInternalServerError
}

// Rejected reports whether err concerns the source as a whole and asking again is
// pointless: Polar refuses the token, or knows no version that was asked for.
func Rejected(err error) bool { return errors.Is(err, ErrRefused) || errors.Is(err, ErrVersion) }
