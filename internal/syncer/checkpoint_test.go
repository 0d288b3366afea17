package syncer

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"syncer/internal/fetch"
)

// TestTheCheckpointStaysBeforeTooManyGoneLinks marks batches of which more links are
// gone than the checkpoint names.
func TestTheCheckpointStaysBeforeTooManyGoneLinks(t *testing.T) {
	t.Parallel()
	batch := func(n int) (links []fetch.Observed) {
		for i := range 60 {
			links = append(links, fetch.Observed{ID: uuid.UUID{0: byte(n), 1: byte(i)}, Err: fetch.ErrNotFound})
		}
		links[59].Err, links[59].Link = nil, &fetch.CheckoutLink{ID: links[59].ID}
		return links
	}
	dead, live := func(uuid.UUID) bool { return false }, func(uuid.UUID) bool { return true }
	var r reader
	for n := range 3 { // without a row each
		r.mark(batch(n), dead)
	}
	if last := batch(2)[59].ID; r.done.Gone != nil || r.done.Through != last || r.done.Link.ID != last {
		t.Fatalf("links that were never there: %+v", r.done)
	}
	r.mark(batch(3), live)
	want := r.done
	if last := batch(3)[59].ID; len(want.Gone) != 59 || want.Through != last || want.Link.ID != last {
		t.Fatalf("after 59 that are gone: %+v", want)
	}
	r.mark(batch(4), live)
	r.mark(batch(5), dead) // these would fit, but come later
	if r.done.Through != want.Through || r.done.Link != want.Link || !slices.Equal(r.done.Gone, want.Gone) {
		t.Errorf("after 118 that are gone:\n%+v, want\n%+v", r.done, want)
	}
}
