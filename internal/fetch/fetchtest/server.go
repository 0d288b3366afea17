// Package fetchtest is a fake Polar on the wire: it plays recorded catalogues
// of checkout links step by step, byte for byte, and misbehaves on request.
//
// It knows the two read routes and how the real server answers everything
// around them (authentication, versions, redirects, validation, rate limits).
// It does not know what a checkout link means: bodies are bytes, and a test or
// the demo decides what should come of the answers.
//
// A Server is an http.Handler with state: the step (Goto, Next), what tests
// change about it (Overlay, Set, Delete, Add, Use), what goes wrong (Inject),
// who has to wait (Hold), and a record of what was asked (Requests, Log).
package fetchtest

import (
	"slices"
	"sync"
)

// token is what a new Server accepts; no secret scanner takes it for real.
const token = "test-token"

// Server plays one catalogue. All methods are safe from any goroutine at any
// time, requests in flight included.
type Server struct {
	URL string // set by Listen, for example http://127.0.0.1:40123

	rec  *Recording
	rows []ErrorAnswer // of errors.jsonl
	net  listener

	mu       sync.Mutex
	token    string   // see Token
	versions []string // see SetVersions
	step     int
	links    catalogue              // what it answers now: the step with the overlays on top
	pages    func() ([]Page, error) // the recorded LIST walk, nil once overlays apply
	overlays overlays
	limiter  limiter
	faults   []*Injected
	gates    []*gate
	log      requestLog
}

// NewServer plays rec from its first step. It panics if the recording cannot be
// read: recordings are part of the binary.
func NewServer(rec *Recording) *Server {
	rows, err := Errors()
	if err != nil {
		panic(err)
	}
	s := &Server{rec: rec, rows: rows, token: token, versions: []string{"2026-04", "2026-10", "2027-01"}}
	s.Goto(0)
	return s
}

// NewServerFor plays a made-up catalogue, given in LIST order.
func NewServerFor(links ...Answer) *Server { return NewServer(inMemory(links)) }

// Token returns the bearer token the server accepts, "" for none.
func (s *Server) Token() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token
}

// SetToken accepts only this token from now on. With "" every token counts as revoked.
func (s *Server) SetToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// SetVersions has only these API versions from now on, none for none at all, and
// answers to the first where a request names none. At first it has those of autumn
// 2026. The catalogues of March 2025 know no versions.
func (s *Server) SetVersions(versions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions = versions
}

func (s *Server) knownVersions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.versions
}

// Goto plays step i from now on; overlays stay on top. It panics if there is no
// such step: see Steps.
func (s *Server) Goto(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.goTo(i)
}

// Next plays the next step, and returns false at the last.
func (s *Server) Next() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.step+1 >= s.rec.Len() {
		return false
	}
	s.goTo(s.step + 1)
	return true
}

func (s *Server) goTo(i int) {
	step, err := s.rec.Step(i)
	if err != nil {
		panic(err)
	}
	s.step, s.pages = i, step.Pages
	s.links = newCatalogue(step.Links)
	s.applyOverlays()
}

// StepIndex returns the current step, counted from 0.
func (s *Server) StepIndex() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.step
}

// Steps returns the number of steps.
func (s *Server) Steps() int { return s.rec.Len() }

// StepTitle tells what happened before step i.
func (s *Server) StepTitle(i int) string { return s.rec.Titles[i] }

// LinkIDs returns every link known at the current step, in LIST order,
// including those that now answer 404.
func (s *Server) LinkIDs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return idsOf(s.links.answers)
}

// Links returns what every link answers now, in LIST order, deleted ones
// included. Never write to the bodies.
func (s *Server) Links() []Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.links.answers)
}

// AllLinkIDs returns every link of the whole recording in LIST order, then
// those that tests added.
func (s *Server) AllLinkIDs() []string {
	ids, err := s.rec.LinkIDs()
	if err != nil {
		panic(err)
	}
	ids = slices.Clone(ids)
	known := make(map[string]bool, len(ids))
	for _, id := range ids {
		known[id] = true
	}
	for _, id := range s.LinkIDs() {
		if !known[id] {
			ids = append(ids, id)
		}
	}
	return ids
}
