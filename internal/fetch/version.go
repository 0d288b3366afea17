package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// AutoVersion stands for the newest API version that Polar knows.
const AutoVersion = "auto"

// versions are Polar's API versions that answer alike for what this package asks,
// the newest first, and at the end none, which leaves the choice to Polar. Polar
// removes old ones: 2026-04 in January 2027. Additions arrive in all of them.
//
//nolint:gochecknoglobals // a constant list
var versions = []string{"2027-01", "2026-10", "2026-04", ""}

var versionShape = regexp.MustCompile(`^20\d\d-(0[1-9]|1[0-2])$`)

// ParseVersion reads an API version such as 2026-10, also one that is newer than
// this program, or auto; "" is auto.
func ParseVersion(text string) (string, error) {
	if text == "" || text == AutoVersion {
		return AutoVersion, nil
	}
	if !versionShape.MatchString(text) {
		known := strings.Join(versions[:len(versions)-1], ", ")
		return "", fmt.Errorf("use auto, or one of Polar's API versions, a year and a month: %s", known)
	}
	return text, nil
}

// negotiation finds the API version to ask for. Until one has answered, one request
// at a time is under way; then that version stays, until it is refused.
type negotiation struct {
	candidates []string
	turn       chan struct{} // holds the one who negotiates
	standing   time.Duration // how long a failure holds for those that follow, until their walk has ended

	mu     sync.Mutex
	at     int       // of candidates
	known  bool      // that one has answered
	failed time.Time // when all of them were refused
}

func newNegotiation(version string, standing time.Duration) *negotiation {
	n := &negotiation{candidates: versions, turn: make(chan struct{}, 1), standing: standing}
	if version != "" && version != AutoVersion {
		n.candidates = []string{version}
	}
	return n
}

// current returns the version to ask for, whether it has answered, and whether all
// have just been refused.
func (n *negotiation) current() (version string, known, failed bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.candidates[n.at], n.known, !n.known && !n.failed.IsZero() && time.Since(n.failed) < n.standing
}

// answered keeps the version.
func (n *negotiation) answered() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known = true
}

// refused forgets a version that had answered, unless another request already has.
func (n *negotiation) refused(version string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known && n.candidates[n.at] == version {
		n.at, n.known = 0, false
	}
}

// next goes on to the next version. It is false after the last, and begins again.
func (n *negotiation) next() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.at, n.known = (n.at+1)%len(n.candidates), false
	if n.at == 0 {
		n.failed = time.Now()
	}
	return n.at != 0
}

// error tells what was asked for in vain.
func (n *negotiation) error(body []byte) *Error {
	e := &Error{Kind: ErrVersion, Status: http.StatusNotFound, Body: body}
	if len(n.candidates) == 1 {
		e.Detail = fmt.Sprintf("asked for %s alone, as api_version says; set it to auto or to a version that Polar still has, "+
			"and check POLAR_SERVER: what is not Polar's API answers so too", n.candidates[0])
		return e
	}
	e.Detail = fmt.Sprintf("asked for %s, and for none in particular; check POLAR_SERVER: what is not Polar's API answers so too, "+
		"and if Polar has newer versions only, name one as api_version", strings.Join(n.candidates[:len(n.candidates)-1], ", "))
	return e
}

// once sends one request, and more only to find an API version that Polar knows.
// The error is an *Error, the account's, or the context's.
func (c *Client) once(ctx context.Context, path string) (answer, error) {
	n := c.negotiation
	version, known, _ := n.current()
	if known {
		a, err := c.send(ctx, path, version)
		if !unknownVersion(err) {
			return a, err
		}
		n.refused(version)
	}
	select {
	case n.turn <- struct{}{}:
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	switch _, found, failed := n.current(); {
	case found && !known: // while this one waited
		<-n.turn
		return c.once(ctx, path)
	case failed:
		<-n.turn
		return answer{}, n.error(nil)
	}
	defer func() { <-n.turn }()
	for {
		version, _, _ := n.current()
		a, err := c.send(ctx, path, version)
		if !unknownVersion(err) {
			if fromPolar(err) {
				n.answered()
			}
			return a, err
		}
		if !n.next() {
			e, _ := errors.AsType[*Error](err)
			return a, n.error(e.Body)
		}
	}
}

// Version returns the API version that Polar answers, "" for its default; false:
// none has answered yet.
func (c *Client) Version() (version string, known bool) {
	version, known, _ = c.negotiation.current()
	return version, known
}

// unknownVersion reports whether err is Polar's answer to a version that it does not
// have, as to any path that it does not have.
func unknownVersion(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.unversioned
}

// fromPolar reports whether err tells that the API itself has answered. A 429 and a
// 5xx may come from before it.
func fromPolar(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return err == nil || ok && (e.Kind == ErrRefused && e.Status != 0 || e.Kind == ErrNotFound || e.Kind == ErrBadAnswer) //nolint:errorlint // see above
}
