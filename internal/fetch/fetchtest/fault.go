package fetchtest

import (
	"net/http"
	"slices"
)

// Play answers one request in place of the server. normal is the server's own
// answer. A Play that waits must give up once r.Context() is done.
type Play func(w http.ResponseWriter, r *http.Request, normal http.Handler)

// Fault is something that goes wrong.
type Fault struct {
	Match func(*http.Request) bool // nil: every request; must not call the server
	Times int                      // how many requests; 0: until stopped
	Play  Play
}

// Injected is an active fault.
type Injected struct {
	Fault

	s     *Server
	fired int
}

// Inject starts a fault with the next request. Of several that match, the one
// injected first plays until it is used up or stopped.
func (s *Server) Inject(f Fault) *Injected {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := &Injected{Fault: f, s: s}
	s.faults = append(s.faults, in)
	return in
}

// Fired counts the requests that met the fault.
func (in *Injected) Fired() int {
	in.s.mu.Lock()
	defer in.s.mu.Unlock()
	return in.fired
}

// Stop ends the fault for later requests.
func (in *Injected) Stop() {
	in.s.mu.Lock()
	defer in.s.mu.Unlock()
	in.s.faults = slices.DeleteFunc(in.s.faults, func(other *Injected) bool { return other == in })
}

// faultFor returns what r meets, nil for nothing. The matchers run one at a
// time, so one that counts needs no lock.
func (s *Server) faultFor(r *http.Request) Play {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range s.faults {
		if in.Times > 0 && in.fired >= in.Times {
			continue
		}
		if in.Match == nil || in.Match(r) {
			in.fired++
			return in.Play
		}
	}
	return nil
}

// OnLink matches GET by id of these links, or of any.
func OnLink(ids ...string) func(*http.Request) bool {
	wanted := make([]string, 0, len(ids))
	for _, id := range ids {
		wanted = append(wanted, canonical(id))
	}
	return func(r *http.Request) bool {
		kind, id := routeOf(r.URL.Path)
		return kind == routeGet && (len(wanted) == 0 || slices.Contains(wanted, canonical(id)))
	}
}

// OnList matches LIST requests for these values of page, or for any.
func OnList(pages ...int) func(*http.Request) bool {
	return func(r *http.Request) bool {
		kind, _ := routeOf(r.URL.Path)
		page, _, _ := paging(r.URL.Query())
		return kind == routeList && (len(pages) == 0 || slices.Contains(pages, page))
	}
}

// OnPlace matches LIST requests for the pages that hold the i-th link, counted from 0.
func OnPlace(i int) func(*http.Request) bool {
	return func(r *http.Request) bool {
		kind, _ := routeOf(r.URL.Path)
		page, limit, _ := paging(r.URL.Query())
		return kind == routeList && (page-1)*limit <= i && i < page*limit
	}
}
