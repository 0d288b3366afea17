package fetch

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// window is the span Polar counts requests in.
	window = time.Minute
	// quiet is how long a token must not be seen to fall into Polar's bucket of
	// 60 requests a minute. The next request goes alone and lifts it out.
	quiet = 5 * time.Minute
)

// pacer keeps the requests of one source within its budget, over all workers.
type pacer struct {
	limit int // requests in any window; 0: no limit

	mu          sync.Mutex
	starts      []time.Time // ring of the last starts, limit at most: as many as there are in a window
	next        int         // where in the ring the oldest one stands
	last        time.Time   // last start, or end of the opening request
	opening     bool        // the first request after quiet is under way
	pausedUntil time.Time
	changed     chan struct{} // closed when waiters should look again
}

func newPacer(limit int) *pacer {
	return &pacer{limit: limit, changed: make(chan struct{})}
}

// begin waits until a request may start, and says so to the others. Every begin
// without error is followed by one end.
func (p *pacer) begin(ctx context.Context) error {
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait, changed := p.tryBegin()
		if changed == nil {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-changed:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// tryBegin begins and returns no channel, or says how long to wait at most and
// which channel tells that it may be sooner.
func (p *pacer) tryBegin() (wait time.Duration, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if wait := p.pausedUntil.Sub(now); wait > 0 {
		return wait, p.changed
	}
	if p.opening {
		return quiet, p.changed
	}
	if p.limit > 0 {
		if wait := p.count(now); wait > 0 {
			return wait, p.changed
		}
	}
	p.opening = now.Sub(p.last) >= quiet
	p.last = now
	return 0, nil
}

// count puts a start at now into the ring, over one that left the window. When
// there is none and no room, it says how long until there is.
func (p *pacer) count(now time.Time) (wait time.Duration) {
	if len(p.starts) > 0 {
		wait = p.starts[p.next].Add(window).Sub(now)
	}
	switch {
	case len(p.starts) > 0 && wait <= 0:
		p.starts[p.next] = now
	case len(p.starts) < p.limit:
		p.starts = slices.Insert(p.starts, p.next, now)
	default:
		return wait
	}
	p.next = (p.next + 1) % len(p.starts)
	return 0
}

// end says that a request is over.
func (p *pacer) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.opening {
		p.opening = false
		p.last = time.Now()
		p.wake()
	}
}

// pause keeps all requests of the source back for as long as the server asked.
func (p *pacer) pause(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(d); until.After(p.pausedUntil) {
		p.pausedUntil = until
		p.wake()
	}
}

func (p *pacer) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}
