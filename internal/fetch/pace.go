package fetch

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// Window is the span Polar counts requests in.
	Window = time.Minute
	// quiet is the idle time that drops a token into Polar's bucket of 60
	// requests a minute. The next request goes alone and lifts it out.
	quiet = 5 * time.Minute
)

// pacer keeps the requests of one source within its budget, across all workers.
type pacer struct {
	limit int // requests in any window; 0: no limit

	mu          sync.Mutex
	starts      []time.Time // ring of the last starts, at most limit: as many as fit in a window
	next        int         // index of the oldest one in the ring
	last        time.Time   // last start, or end of one that went alone
	alone       bool        // the next request goes alone
	opening     bool        // one that goes alone is under way
	pausedUntil time.Time
	changed     chan struct{} // closed to make waiters look again
}

func newPacer(limit int) *pacer {
	return &pacer{limit: limit, changed: make(chan struct{})}
}

// begin waits until a request may start, and counts it. Every begin without error
// needs one end, which gets alone back.
func (p *pacer) begin(ctx context.Context) (alone bool, err error) {
	for {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		alone, wait, changed := p.tryBegin()
		if changed == nil {
			return alone, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false, ctx.Err()
		case <-changed:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// tryBegin begins and returns no channel, or returns how long to wait at most
// and the channel that closes if it may be sooner.
func (p *pacer) tryBegin() (alone bool, wait time.Duration, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if wait := p.pausedUntil.Sub(now); wait > 0 {
		return false, wait, p.changed
	}
	if p.opening {
		return false, quiet, p.changed
	}
	if p.limit > 0 {
		if wait := p.count(now); wait > 0 {
			return false, wait, p.changed
		}
	}
	p.opening = p.alone || now.Sub(p.last) >= quiet
	p.alone = false
	p.last = now
	return p.opening, 0, nil
}

// count puts a start at now into the ring, over one that left the window. If
// there is none and no room, it returns how long until there is.
func (p *pacer) count(now time.Time) (wait time.Duration) {
	if len(p.starts) > 0 {
		wait = p.starts[p.next].Add(Window).Sub(now)
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

// used counts n requests that somebody else has started, the last of them at a moment.
func (p *pacer) used(n int64, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n = min(n, int64(p.limit))
	starts := slices.Concat(p.starts[p.next:], p.starts[:p.next], slices.Repeat([]time.Time{at}, int(n)))
	slices.SortFunc(starts, time.Time.Compare)
	p.starts, p.next = starts[max(0, len(starts)-p.limit):], 0
}

// end ends a request. If it went alone and the server has not answered it, so does
// the next one.
func (p *pacer) end(alone, answered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if alone {
		p.opening = false
		p.alone = p.alone || !answered
		p.last = time.Now()
		p.wake()
	}
}

// pause holds back all requests of the source for as long as the server asked. Then
// one goes alone, since whoever else is to blame may have used up the new window.
func (p *pacer) pause(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alone = true
	if until := time.Now().Add(d); until.After(p.pausedUntil) {
		p.pausedUntil = until
		p.wake()
	}
}

func (p *pacer) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}
