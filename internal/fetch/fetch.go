// Package fetch speaks HTTP and knows Polar.
//
// Client asks for checkout links, one by id or a page at a time, within a budget
// of requests, and retries what is worth it. Walk asks for all that a source
// wants and yields batches of observed links. DecodeLink reads the answers.
//
// The package knows nothing of rows and databases, and it does not log: what
// went wrong is in the errors it returns.
package fetch

import (
	"time"

	"github.com/google/uuid"

	"syncer/internal/fetch/wire"
)

// Observed is what one request told about one link.
type Observed struct {
	ID uuid.UUID
	// At is when the request that was answered began, Until when it had been
	// answered: Polar read what it shows in between. Of two answers in one run the
	// one whose request began later counts. Both have a monotonic reading.
	At, Until time.Time
	// Link is what Polar answered, nil when Err is not.
	Link *CheckoutLink
	// Body is the answer as sent, for the record of a failure. May be nil.
	Body []byte
	// Notes are the unusual things in the answer.
	Notes []wire.Note
	// Err is why there is no link. Is ErrNotFound when Polar said that there
	// is none.
	Err error
	// Confirmed says that Polar said so twice.
	Confirmed bool
	// Text is what the spans of Link stand in: Body, or the page around it.
	Text []byte
}
