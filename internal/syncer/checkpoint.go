package syncer

import (
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"syncer/internal/fetch"
)

// checkpoint is how far a run came: where the next one may resume. Failures are not
// in it, because a link that Postgres refuses is known only later: they are in
// sync_failures.
type checkpoint struct {
	Server string `json:"server"`
	// By LIST: so many pages are finished, which showed so many wanted links. Page is
	// the last link of the last one that could be read.
	Pages int  `json:"pages,omitzero"`
	Shown int  `json:"shown,omitzero"`
	Page  mark `json:"page,omitzero"`
	// By id: all other links up to and with Through are finished, in the order of
	// ids. Link is the last of them that was there.
	Through uuid.UUID `json:"through,omitzero"`
	Link    mark      `json:"link,omitzero"`
	// Links with a live row, a hundred at most, that Polar says are gone; they are dealt
	// with at the end.
	Gone []uuid.UUID `json:"gone,omitempty"`
}

// mark is a link that a run which resumes finds again where it was, or does not.
type mark struct {
	ID           uuid.UUID `json:"id"`
	Organization uuid.UUID `json:"organization"`
	Created      time.Time `json:"created"`
	Place        int       `json:"place,omitzero"` // on its page, from 0
}

// markOf is the zero mark for a link that could not be read.
func markOf(o fetch.Observed, place int) mark {
	if o.Link == nil {
		return mark{}
	}
	return mark{o.ID, o.Link.OrganizationID, o.Link.CreatedAt, place}
}

// is reports whether o is the marked link, of the same organization.
func (m mark) is(o fetch.Observed) bool {
	return o.Link != nil && o.ID == m.ID && o.Link.OrganizationID == m.Organization
}

// mostGone bounds the list in the checkpoint, which is written again and again.
const mostGone = 100

// mark moves the checkpoint past links that were asked for by id. It stays where it is
// when it would name too many that are gone: a run that resumes asks for all after it
// again. Those without a live row it asks for anyway.
func (r *reader) mark(links []fetch.Observed, live func(uuid.UUID) bool) {
	if r.marked {
		return
	}
	done := r.done
	for _, l := range links {
		if compareIDs(l.ID, done.Through) > 0 {
			done.Through = l.ID
		}
		if l.Link != nil {
			done.Link = markOf(l, 0)
		}
		if errors.Is(l.Err, fetch.ErrNotFound) && live(l.ID) && !slices.Contains(done.Gone, l.ID) {
			done.Gone = append(slices.Clip(done.Gone), l.ID) // batches on their way hold the list as it was
		}
	}
	if r.marked = len(done.Gone) > mostGone; !r.marked {
		r.done = done
	}
}
