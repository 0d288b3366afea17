package syncer

import (
	"errors"
	"slices"
	"time"

	"syncer/internal/fetch"
)

// nameless are the places of LIST that hold a link which Polar cannot show there, and
// whose id nobody knows yet. GET by id may show the same link: then it is a known one
// and its place is no failure.
type nameless struct {
	places []gap
	last   time.Time // when the last link was created that a page showed
	failed int       // known links that no page showed, and that fail by id too
}

// gap is such a place. LIST is sorted by creation, so it was created after the link
// before it, and before the one behind it; zero: there is none.
type gap struct {
	fetch.Observed
	after, before time.Time
}

// pass notes when the next link was created that a page shows.
func (n *nameless) pass(created time.Time) {
	for i := len(n.places) - 1; i >= 0 && n.places[i].before.IsZero(); i-- {
		n.places[i].before = created
	}
	n.last = created
}

// add notes a link that the page does not show.
func (n *nameless) add(o fetch.Observed) {
	n.places = append(n.places, gap{Observed: o, after: n.last})
}

// meet takes the place away of a known link that was asked for by id.
func (n *nameless) meet(o fetch.Observed) {
	switch {
	case o.Link != nil:
		created := o.Link.CreatedAt
		here := func(g gap) bool {
			return !created.Before(g.after) && (g.before.IsZero() || !created.After(g.before))
		}
		if i := slices.IndexFunc(n.places, here); i >= 0 {
			n.places = slices.Delete(n.places, i, i+1)
		}
	case !errors.Is(o.Err, fetch.ErrNotFound):
		n.failed++
	}
}

// links are those that nobody knows: what fails by id has one of the places, whichever.
func (n *nameless) links() []fetch.Observed {
	var all []fetch.Observed
	for _, g := range n.places[min(n.failed, len(n.places)):] {
		all = append(all, g.Observed)
	}
	return all
}
