package fetch

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Use is what somebody else has used of an organization's budget.
type Use struct {
	By       uuid.UUID     // who
	Requests int64         // how many at most
	Ago      time.Duration // since the last of them, at least
}

// TakeUp makes what others have used count for this client's budget, each of them
// once, however often it is called, and never what self or an earlier self has sent:
// that was this client. It takes the requests for as late as they can have been, and
// returns how many are new to it.
func (c *Client) TakeUp(self uuid.UUID, uses []Use) (requests int64) {
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	now := time.Now()
	counted := map[uuid.UUID]bool{self: true}
	for _, u := range uses {
		if !c.account.counted[u.By] && u.Ago < Window {
			c.pacer.used(u.Requests, now.Add(-u.Ago))
			requests += u.Requests
		}
		counted[u.By] = true
	}
	c.account.counted = counted // who is not among them any more is too long ago
	return requests
}

// Account makes the client tell note, before it sends them, how many requests it may
// have sent since this call, in small steps, until stop is called: whoever comes
// after a killed process knows then. An error of note is the request's.
func (c *Client) Account(note func(ctx context.Context, requests int64) error) (stop func()) {
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	base := c.requests.Load()
	c.account.noted = base
	c.account.note = func(ctx context.Context, requests int64) error { return note(ctx, requests-base) }
	return func() {
		c.account.mu.Lock()
		defer c.account.mu.Unlock()
		c.account.note = nil
	}
}

// account is what others know of a client's requests, and it of theirs.
type account struct {
	mu      sync.Mutex
	note    func(ctx context.Context, requests int64) error // nil: nobody wants to know
	noted   int64                                           // requests that need no further note
	counted map[uuid.UUID]bool                              // whose use counts already
}

// maxStep bounds the requests of one note, which is what a killed process leaves
// uncertain; so does a tenth of the budget.
const maxStep = 50

// count counts a request that is about to be sent.
func (c *Client) count(ctx context.Context) error {
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	if sent := c.requests.Load(); c.account.note != nil && sent >= c.account.noted {
		step := int64(maxStep)
		if limit := c.config.RequestsPerMinute; limit > 0 {
			step = min(step, int64(limit+9)/10)
		}
		if err := c.account.note(ctx, sent+step); err != nil {
			return err
		}
		c.account.noted = sent + step
	}
	c.requests.Add(1)
	return nil
}
