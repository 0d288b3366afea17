package syncer

import (
	"context"
	"slices"

	"syncer/internal/fetch"
)

// settleLinks is the most links that a run fetches once more. After a mass edit in
// the middle of a run the next one is the cheaper way.
const settleLinks = 100

// settle fetches once more what was seen in different states, one link for each
// thing: that copy was read after all others and counts. One pass is enough. What
// changes again meanwhile, and what is too much, is left to the next run; settle
// counts it, by kind.
func (w *writer) settle(ctx context.Context, client *fetch.Client) (left map[string]int, err error) {
	links := w.tracker.settle(settleLinks)
	if len(links) == 0 {
		return nil, nil
	}
	slices.SortFunc(links, compareIDs)
	for observed, err := range client.Walk(ctx, links, nil) {
		if err != nil {
			return nil, err
		}
		// The rows of a link that fails now, or went this moment, are in place.
		readable := slices.DeleteFunc(observed, func(o fetch.Observed) bool { return o.Err != nil })
		if err := w.Write(ctx, batch{links: readable, done: w.done}); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(ctx); err != nil {
		return nil, err
	}
	return w.tracker.unsettled(), nil
}
