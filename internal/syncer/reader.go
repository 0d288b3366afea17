package syncer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// batch is some observed links, and the checkpoint once they are written.
type batch struct {
	links []fetch.Observed
	done  checkpoint
}

// splitting is about the number of requests that it takes to find the link at fault
// for a page that does not come.
const splitting = 16

// reader reads everything a source wants.
type reader struct {
	db      *db.DB
	logger  *slog.Logger
	source  Source
	run     *db.Run // may resume a stopped one
	counter *counter
	options Options

	done          checkpoint
	marked        bool               // done stays where it is
	finished      int                // links that the stopped run had finished
	again         []uuid.UUID        // links that failed there
	seen          map[uuid.UUID]bool // links that need not be asked for any more
	there         map[uuid.UUID]bool // wanted links that Polar has shown
	left          int                // configured links that no page has shown yet
	organizations map[uuid.UUID]bool // whose links Polar has shown
	before        []uuid.UUID        // whose links the stopped run had finished
	listed        bool               // a page has shown the organizations
	unread        []uuid.UUID        // links that LIST cannot show, but names
	nameless      nameless           // links that LIST cannot show, and does not name either
	missing       []fetch.Observed   // links that Polar says are gone
}

func newReader(d *db.DB, logger *slog.Logger, source Source, run *db.Run, counter *counter, options Options) *reader {
	return &reader{
		db: d, logger: logger, source: source, run: run, counter: counter, options: options,
		done: checkpoint{Server: source.Client.Server()},
		seen: map[uuid.UUID]bool{}, there: map[uuid.UUID]bool{}, organizations: map[uuid.UUID]bool{},
	}
}

// batches yields everything the source wants: by page while that costs fewer
// requests than to ask for what is left by id, and then by id what the pages did not
// show. Absence from the pages proves nothing. Links that are gone are not yielded;
// they are in missing at the end.
func (r *reader) batches(ctx context.Context) iter.Seq2[batch, error] {
	return func(yield func(batch, error) bool) {
		if err := r.sameServer(); err != nil {
			yield(batch{}, err)
			return
		}
		before, err := resume(ctx, r.db, &r.source, r.run)
		if err != nil {
			yield(batch{}, err)
			return
		}
		r.takeUp(before)
		r.counter.expect(len(r.source.IDs))
		if !r.pages(ctx, yield) {
			return
		}
		ids, err := r.unshown(ctx)
		if err != nil {
			yield(batch{}, err)
			return
		}
		if len(ids) > 0 && !r.links(ctx, ids, yield) {
			return
		}
		for chunk := range slices.Chunk(r.nameless.links(), fetch.BatchSize) {
			if !yield(batch{chunk, r.done}, nil) {
				return
			}
		}
	}
}

// takeUp goes on where a stopped run was; nil: at the beginning. What that one had
// finished counts as done, but for what failed, which is tried again.
func (r *reader) takeUp(before *resumption) {
	r.left = len(r.source.IDs)
	if before == nil {
		return
	}
	r.done, r.again, r.finished = before.checkpoint, before.failed, len(before.finished)
	r.left -= r.finished
	for _, id := range before.finished {
		r.seen[id] = true
	}
	r.before = before.organizations
	if before.Pages > 0 {
		r.organizations[before.Page.Organization] = true
		r.nameless.last = before.Page.Created
	}
	if before.Link != (mark{}) {
		r.organizations[before.Link.Organization] = true
	}
}

// startOver forgets what pages have shown.
func (r *reader) startOver() {
	r.takeUp(nil)
	r.done, r.finished = checkpoint{Server: r.done.Server}, 0
	r.unread, r.nameless = nil, nameless{}
	clear(r.seen)
}

// pages yields the pages, as many as are worth it. It is false when that was the end
// of reading.
func (r *reader) pages(ctx context.Context, yield func(batch, error) bool) bool {
	strategy := r.source.Strategy
	if !r.source.All && (strategy == fetch.ByID || strategy != fetch.ByList && r.left < 2) {
		return true
	}
	pages := fetch.Pages{
		From: r.done.Pages + 1, Plan: r.plan,
		Whole: !r.source.All && strategy != fetch.ByList && r.left < splitting,
	}
	goOn, moved := r.walk(ctx, pages, yield)
	if goOn && moved {
		r.logger.InfoContext(ctx, "the pages showed fewer links than there are, asking for them once more")
		r.startOver()
		pages.From = 1
		goOn, _ = r.walk(ctx, pages, yield)
	}
	return goOn
}

// walk yields the pages. goOn is false when that was the end of reading. moved says
// that links of the organization may have slid from one page to the one before, unseen,
// because others were deleted meanwhile, or that the pages of the resumed run could not
// show one. Those that are known are asked for by id anyway; of others only another walk
// can tell.
func (r *reader) walk(ctx context.Context, pages fetch.Pages, yield func(batch, error) bool) (goOn, moved bool) {
	var first, least int64 // links that the organization has, say the pages
	for page, err := range r.source.Client.WalkPages(ctx, pages) {
		if err != nil {
			return r.withoutPages(ctx, err, yield), false
		}
		if first == 0 {
			first, least = page.Total, page.Total
		}
		least = min(least, page.Total)
		wanted := r.page(page.Links)
		if err := r.familiar(ctx); err != nil {
			return yield(batch{}, err), false
		}
		if !yield(batch{wanted, r.done}, nil) {
			return false, false
		}
	}
	shown := len(r.seen) + len(r.again) + len(r.unread) + len(r.nameless.places)
	return true, r.source.All && (least < first || int64(shown) < first)
}

// plan decides how many pages are worth it, now that the size of the organization
// is known.
func (r *reader) plan(total int) (more func(next, last int) bool) {
	switch {
	case r.source.All:
		r.counter.expect(total)
		return nil
	case len(r.source.IDs) >= total:
		return nil
	case r.source.Strategy == fetch.ByList:
		return func(int, int) bool { return r.left > 0 }
	}
	return func(next, last int) bool { return last-next+1 < r.left }
}

// withoutPages goes on by id where pages were only the cheaper way.
func (r *reader) withoutPages(ctx context.Context, err error, yield func(batch, error) bool) bool {
	_, page := errors.AsType[*fetch.Error](err)
	if r.source.All || r.source.Strategy == fetch.ByList || !page || fetch.Rejected(err) || ctx.Err() != nil {
		return yield(batch{}, err)
	}
	r.logger.WarnContext(ctx, "a page of links does not come, asking for each by id", slog.Any("error", err))
	return true
}

// page takes from a page what is wanted and new.
func (r *reader) page(all []fetch.Observed) (links []fetch.Observed) {
	r.done.Pages++
	r.done.Page = mark{}
	r.listed = true
	for place, l := range all {
		if r.shown(l); l.Link != nil {
			r.done.Page = markOf(l, place)
			r.nameless.pass(l.Link.CreatedAt)
		}
		switch {
		case l.Place > 0 && !r.source.All: // if it is wanted, it is asked for by id
		case l.ID == uuid.Nil:
			r.nameless.add(l)
		case l.Place > 0:
			r.unread = append(r.unread, l.ID)
		case r.source.wants(l.ID) && !r.seen[l.ID]:
			r.seen[l.ID] = true
			if l.Link != nil {
				r.there[l.ID] = true
			}
			r.left--
			r.done.Shown++
			links = append(links, l)
		}
	}
	return links
}

// unshown lists the links that no page showed, sorted, and then those that are
// gone, says the run that this one resumes.
func (r *reader) unshown(ctx context.Context) ([]uuid.UUID, error) {
	ids := slices.Clone(r.source.IDs)
	if r.source.All {
		var err error
		if ids, err = r.db.LiveLinks(ctx, r.known()); err != nil {
			return nil, fmt.Errorf("look up known links: %w", err)
		}
		ids = distinct(ids, slices.Concat(r.again, r.unread))
	}
	ids = slices.DeleteFunc(ids, func(id uuid.UUID) bool { return r.seen[id] || slices.Contains(r.done.Gone, id) })
	return append(ids, r.done.Gone...), nil
}

// links yields the links that are asked for one by one. That a link is gone is
// asked again where that would mark a row as removed. It is false when that was the
// end of reading.
func (r *reader) links(ctx context.Context, ids []uuid.UUID, yield func(batch, error) bool) bool {
	states, err := r.db.LinkStates(ctx, ids)
	if err != nil {
		return yield(batch{}, fmt.Errorf("look up known links: %w", err))
	}
	live := func(id uuid.UUID) bool { return states[id].Live }
	for links, err := range r.source.Client.Walk(ctx, ids, live) {
		there, absent := split(links)
		r.missing = append(r.missing, absent...)
		r.mark(links, live)
		for _, l := range links {
			if r.shown(l); l.Link != nil {
				r.there[l.ID] = true
			}
			// A known link that no page showed may be one that LIST did not name.
			if !slices.Contains(r.again, l.ID) && !slices.Contains(r.unread, l.ID) {
				r.nameless.meet(l)
			}
		}
		if unfamiliar := r.familiar(ctx); unfamiliar != nil {
			there, err = nil, unfamiliar
		}
		if !yield(batch{there, r.done}, err) || err != nil {
			return false
		}
	}
	return true
}

// split takes the links apart that Polar says are gone.
func split(links []fetch.Observed) (there, absent []fetch.Observed) {
	for _, o := range links {
		if errors.Is(o.Err, fetch.ErrNotFound) {
			absent = append(absent, o)
		} else {
			there = append(there, o)
		}
	}
	return there, absent
}
