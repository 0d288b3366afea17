package fetchtest

import (
	"net/http"
	"slices"
	"sync"
)

// gate holds requests until it opens.
type gate struct {
	match   func(*http.Request) bool
	entered chan struct{}
	opened  chan struct{}
}

// Hold makes every request that matches (nil: all) wait until release, so that
// a test can act meanwhile. Each one that waits sends on entered.
//
// The answer is decided when the request arrives: after a Goto in between, a
// held request still brings the old state, late. Stall does the reverse. match
// must not call the server.
func (s *Server) Hold(match func(*http.Request) bool) (entered <-chan struct{}, release func()) {
	g := &gate{match: match, entered: make(chan struct{}, 1024), opened: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gates = append(s.gates, g)
	return g.entered, sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.gates = slices.DeleteFunc(s.gates, func(other *gate) bool { return other == g })
		close(g.opened)
	})
}

// wait returns once every gate that holds r is open, and cuts the connection if
// the client or the server leaves first.
func (s *Server) wait(r *http.Request) {
	for _, g := range s.gatesFor(r) {
		select {
		case g.entered <- struct{}{}:
		default: // nobody counts that far
		}
		until(r, g.opened)
	}
}

func (s *Server) gatesFor(r *http.Request) []*gate {
	s.mu.Lock()
	defer s.mu.Unlock()
	var holding []*gate
	for _, g := range s.gates {
		if g.match == nil || g.match(r) {
			holding = append(holding, g)
		}
	}
	return holding
}

// until waits for a channel while the client and the server remain.
func until(r *http.Request, opened <-chan struct{}) {
	select {
	case <-opened:
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	}
}
