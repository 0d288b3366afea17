package fetchtest

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// keptRequests bounds the log of a demo that runs for days.
const keptRequests = 20_000

// Request is one request as it arrived, and its answer.
type Request struct {
	Method string
	Path   string // with its query, as sent
	Header http.Header
	Began  time.Time // by the clock of SetClock
	Status int       // 0 until a header was sent; stays 0 for a cut connection
}

// Counts counts requests, whatever their answer.
type Counts struct {
	Total int
	Gets  int            // of one link by id
	Lists int            // of a LIST page
	ByID  map[string]int // Gets by link, ids in Polar's spelling
	Peak  int            // most requests that awaited their answer's header at once
}

// requestLog feeds Requests and Log.
type requestLog struct {
	counts  Counts
	waiting int
	entries []*Request
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t := s.track(w, r)
	defer t.done()
	if play := s.faultFor(r); play != nil {
		s.wait(r)
		play(t, r, http.HandlerFunc(s.ordinary))
		return
	}
	out := s.answer(r) // before the wait: a held request gets the state from when it asked
	s.wait(r)
	out.write(t)
}

// ordinary answers without faults and gates.
func (s *Server) ordinary(w http.ResponseWriter, r *http.Request) {
	s.answer(r).write(w)
}

// Requests counts since the start or the last ResetCounts.
func (s *Server) Requests() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := s.log.counts
	counts.ByID = maps.Clone(counts.ByID)
	return counts
}

// ResetCounts clears Requests and Log.
func (s *Server) ResetCounts() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.counts, s.log.entries = Counts{}, nil
	s.log.counts.Peak = s.log.waiting
}

// Log returns the requests in the order they arrived. If there are very many it
// keeps the latest, at least 10 000.
func (s *Server) Log() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Request, 0, len(s.log.entries))
	for _, entry := range s.log.entries {
		all = append(all, *entry)
	}
	return all
}

// tracked is a ResponseWriter that notes the answer in the log.
type tracked struct {
	http.ResponseWriter

	s       *Server
	entry   *Request
	waiting bool
}

func (s *Server) track(w http.ResponseWriter, r *http.Request) *tracked {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry := &Request{Method: r.Method, Path: r.RequestURI, Header: r.Header.Clone(), Began: s.now()}
	l := &s.log
	if len(l.entries) >= keptRequests {
		l.entries = slices.Clone(l.entries[keptRequests/2:])
	}
	l.entries = append(l.entries, entry)
	l.waiting++
	l.counts.Total++
	l.counts.Peak = max(l.counts.Peak, l.waiting)
	switch kind, id := routeOf(r.URL.Path); kind {
	case routeGet:
		l.counts.Gets++
		if l.counts.ByID == nil {
			l.counts.ByID = make(map[string]int)
		}
		l.counts.ByID[canonical(id)]++
	case routeList:
		l.counts.Lists++
	case routeUnknown, routeSlash:
	}
	return &tracked{ResponseWriter: w, s: s, entry: entry, waiting: true}
}

// WriteHeader notes the status before the client can see it, so that a test
// with its answer finds it in the log.
func (t *tracked) WriteHeader(status int) {
	t.note(status)
	t.ResponseWriter.WriteHeader(status)
}

func (t *tracked) Write(p []byte) (int, error) {
	t.note(http.StatusOK)
	return t.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController flush and hijack.
func (t *tracked) Unwrap() http.ResponseWriter { return t.ResponseWriter }

func (t *tracked) done() { t.note(0) }

func (t *tracked) note(status int) {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	if t.entry.Status == 0 {
		t.entry.Status = status
	}
	if t.waiting {
		t.waiting = false
		t.s.log.waiting--
	}
}
