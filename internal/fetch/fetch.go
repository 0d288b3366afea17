// Package fetch speaks HTTP and knows Polar.
//
// Client asks for checkout links, one by id or a page at a time, within a
// budget of requests, and retries what may yet succeed. Walk asks for all that
// a source wants and yields batches of observed links. DecodeLink reads the answers.
//
// The package knows nothing of rows and databases, and it does not log: its
// errors say what went wrong.
package fetch

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"syncer/internal/fetch/wire"
)

// Observed is the result of one request for one link.
type Observed struct {
	ID uuid.UUID // the nil id when not even the link's page could tell
	// Place is the link's number in LIST, counted from 1, where LIST did not name
	// the link, or could not show it; else 0. It moves when older links are deleted.
	Place int
	// At and Until are when the answered request began and ended; Polar read
	// what it shows in between. Of two answers in one run the one whose request
	// began later counts. Both have a monotonic reading.
	At, Until time.Time
	// Link is Polar's answer, nil if Err is set.
	Link *CheckoutLink
	// Body is the answer as sent, for the record of a failure. May be nil.
	Body []byte
	// Notes are the oddities in the answer.
	Notes []wire.Note
	// Err explains a missing link; ErrNotFound if Polar said there is none.
	Err error
	// Confirmed means that Polar said so twice.
	Confirmed bool
	// Text is the text that Link's spans point into: Body, or the page around it.
	Text []byte
}

// Name names the link for people: by its id, or by its place where nobody knows
// that. The column sync_failures.link says the same.
func (o *Observed) Name() string {
	if o.ID == uuid.Nil {
		return fmt.Sprintf("link %d of the organization's list", o.Place)
	}
	return o.ID.String()
}
