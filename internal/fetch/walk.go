package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"syncer/internal/panics"
)

const (
	// BatchSize is the most links in a batch: what one transaction and one LIST page hold.
	BatchSize = PageLimit
	// workers caps the requests under way. More gain nothing within Polar's limits.
	workers = 4
	// pagesAhead caps the pages that wait to be taken: with the one under way
	// that makes three, which at 400 ms a page keeps Polar's limit busy.
	pagesAhead = 2
	// giveUp limits the links in a row that find Polar unreachable, each after
	// all its tries, before the walk stops.
	giveUp = 5
)

// Walk asks for the given links by id and yields them in that order, in batches
// of BatchSize, failed ones included. While the caller handles a batch, it asks
// only for the next few links, so that a killed process has little more than
// the batch to fetch again. It ends early, with an error, if Polar refuses the
// source or is unreachable. It does not yield links that met only that,
// since it says nothing about them.
//
// A link that Polar does not know is asked for once more if confirm returns
// true; nil: always. One answer may be a hiccup, and it would mark rows as removed.
func (c *Client) Walk(ctx context.Context, ids []uuid.UUID, confirm func(id uuid.UUID) bool) iter.Seq2[[]Observed, error] {
	return func(yield func([]Observed, error) bool) {
		var batch, lost []Observed // lost: unreachable ones in a row, which may drop out of the batch
		ask := func(ctx context.Context, i int) (Observed, error) {
			observed, err := c.Get(ctx, ids[i])
			if err == nil && errors.Is(observed.Err, ErrNotFound) && (confirm == nil || confirm(ids[i])) {
				observed, err = c.Get(ctx, ids[i])
				observed.Confirmed = errors.Is(observed.Err, ErrNotFound)
			}
			return observed, err
		}
		for observed, err := range inOrder(ctx, len(ids), workers, ask) {
			if err == nil && Rejected(observed.Err) {
				err = observed.Err
			}
			if err == nil && Unreachable(observed.Err) {
				if lost = append(lost, observed); len(lost) < min(giveUp, len(ids)) {
					continue
				}
				err, lost = observed.Err, nil
			}
			batch, lost = append(batch, lost...), nil
			if err == nil {
				batch = append(batch, observed)
			}
			for len(batch) >= BatchSize {
				if !yield(slices.Clip(batch[:BatchSize]), nil) {
					return
				}
				batch = batch[BatchSize:]
			}
			if err != nil {
				if len(batch) == 0 || yield(batch, nil) {
					yield(nil, err)
				}
				return
			}
		}
		if batch = append(batch, lost...); len(batch) > 0 {
			yield(batch, nil)
		}
	}
}

// Pages selects which pages of LIST to walk.
type Pages struct {
	From int // the first, counting from 1
	// Plan gets the number of links in the organization and returns more, which
	// decides before every further page, once those before it are done, whether
	// to go on; nil: walk to the last, several pages at once. Plan may be nil.
	Plan func(total int) (more func(next, last int) bool)
	// Whole makes a page with a broken link an error.
	Whole bool
}

// WalkPages lists the organization's links and yields its pages, in order. A page
// that is too long, that is no JSON, or that Polar answers with 500, holds a broken
// link: it is split down to that link, which becomes an observation known by its
// place, and by its id if its page tells that. Pages that never end are an error.
//
// Links created meanwhile come last, and are read too. Links deleted meanwhile may
// shift others past the walk, so absence proves nothing.
func (c *Client) WalkPages(ctx context.Context, pages Pages) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		ask := func(ctx context.Context, number int) (Page, error) {
			return c.page(ctx, number, PageLimit, pages.Whole, 0)
		}
		first, err := ask(ctx, pages.From)
		if err != nil {
			yield(Page{}, err)
			return
		}
		var more func(next, last int) bool
		if pages.Plan != nil {
			more = pages.Plan(int(first.Total))
		}
		number, last, expected := pages.From-1, lastPage(first.Total), 0
		seen := map[uuid.UUID]bool{}
		take := func(page Page, err error) (goOn bool) {
			number++
			expected = max(expected, lastPage(page.Total))
			switch {
			case err != nil:
			case len(page.Links) == 0: // nothing follows an empty page, whatever was expected
				return false
			case !anyNew(seen, page.Links) && len(page.Links) == PageLimit:
				err = endless("page %d shows no link that the pages before it had not shown", number)
			}
			return yield(page, err) && err == nil
		}
		if !take(first, nil) {
			return
		}
		rest := inOrder(ctx, max(0, last-pages.From), pagesAhead, func(ctx context.Context, i int) (Page, error) {
			return ask(ctx, pages.From+1+i)
		})
		if more != nil {
			rest = oneByOne(ctx, pages.From+1, last, more, ask)
		}
		for page, err := range rest {
			if !take(page, err) {
				return
			}
		}
		for more == nil && number < expected && take(ask(ctx, number+1)) {
			if number > 2*last+growth {
				yield(Page{}, endless("there were %d pages, and after %d the list is still growing", last, number))
				return
			}
		}
	}
}

// growth is how many pages a list may gain while it is walked, beside as many again as
// it had.
const growth = 10

// endless is an error that says why the walk would not end.
func endless(format string, a ...any) error {
	return &Error{Kind: ErrBadAnswer, Detail: "the list of links does not end: " + fmt.Sprintf(format, a...)}
}

// lastPage numbers the last page of a list of so many links.
func lastPage(total int64) int { return int(max(0, total-1)/PageLimit) + 1 }

// anyNew reports whether a link has not been seen, and notes all as seen.
func anyNew(seen map[uuid.UUID]bool, links []Observed) (found bool) {
	for _, l := range links {
		found = found || l.ID == uuid.Nil || !seen[l.ID]
		seen[l.ID] = true
	}
	return found
}

// oneByOne asks for the pages from next to last, while more returns true.
func oneByOne[T any](ctx context.Context, next, last int, more func(next, last int) bool, ask func(context.Context, int) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for ; next <= last && more(next, last); next++ {
			if value, err := ask(ctx, next); !yield(value, err) || err != nil {
				return
			}
		}
	}
}

// page asks for one page, or for parts of it if the whole does not come. known is how
// many links the organization has, 0: unknown; parts behind that are not asked for.
func (c *Client) page(ctx context.Context, number, limit int, whole bool, known int64) (Page, error) {
	at := c.config.Now()
	page, err := c.List(ctx, number, limit)
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok || !e.partial() || whole:
		return page, err
	case limit == 1:
		culprit := Observed{ID: idIn(e.Body), Place: number, At: at, Until: c.config.Now(), Body: e.Body, Err: e}
		return Page{Links: []Observed{culprit}, Total: known}, nil
	case limit == PageLimit:
		if known, err = c.healthy(ctx); err != nil {
			return Page{}, err
		}
	}
	parts := smallestFactor(limit)
	limit /= parts
	page = Page{Total: known}
	for n := (number-1)*parts + 1; n <= number*parts; n++ {
		if page.Total > 0 && int64((n-1)*limit) >= page.Total {
			break
		}
		part, err := c.page(ctx, n, limit, whole, page.Total)
		if err != nil {
			return Page{}, err
		}
		page.Links = append(page.Links, part.Links...)
		page.Total = cmp.Or(part.Total, page.Total)
	}
	return page, nil
}

// farPage lies beyond any organization's last page.
const farPage = 1_000_000

// healthy tells an outage from a link that Polar cannot show: a page without
// links cannot fail because of one. Without it, every page would be split down
// to single links before anyone noticed an outage. It returns how many links the
// organization has; Polar told 0 there in 2025.
func (c *Client) healthy(ctx context.Context) (total int64, err error) {
	page, err := c.List(ctx, farPage, 1)
	if e, ok := errors.AsType[*Error](err); ok && e.partial() {
		return 0, &Error{Kind: ErrUnavailable, Detail: "even for a page without links: " + strings.TrimPrefix(e.Error(), e.Kind.Error()+": "), Body: e.Body}
	}
	return page.Total, err
}

// smallestFactor splits a page evenly, so that its parts have page numbers:
// 100, 50, 25, 5, 1.
func smallestFactor(limit int) int {
	for f := 2; ; f++ {
		if limit%f == 0 {
			return f
		}
	}
}

// inOrder calls do for 0 to n-1, several at once, and yields the results in
// order. At most ahead results wait to be taken. It ends at the first error, which a
// panic is too, and leaves no call running.
func inOrder[T any](ctx context.Context, n, ahead int, do func(context.Context, int) (T, error)) iter.Seq2[T, error] {
	type result struct {
		value T
		err   error
	}
	return func(yield func(T, error) bool) {
		var running sync.WaitGroup
		defer running.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		results := make(chan chan result, ahead)
		running.Go(func() {
			defer close(results)
			slots := make(chan struct{}, workers)
			for i := range n {
				slots <- struct{}{} // do returns once ctx ends, so this cannot hang
				one := make(chan result, 1)
				select {
				case results <- one:
				case <-ctx.Done():
					return
				}
				running.Go(func() {
					var r result
					r.err = panics.Catch(func() (err error) {
						r.value, err = do(ctx, i)
						return err
					})
					one <- r
					<-slots
				})
			}
		})
		taken := 0
		for one := range results {
			r := <-one
			if !yield(r.value, r.err) || r.err != nil {
				return
			}
			taken++
		}
		if taken < n { // ended from outside
			var none T
			yield(none, ctx.Err())
		}
	}
}
