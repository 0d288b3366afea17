package fetchtest

import (
	"fmt"
	"net/http"
	"strconv"
)

// overlays are the tests' changes to the recording. They outlive Goto.
type overlays struct {
	base  []Answer // from Use; nil plays the recording
	order []string // ids in the order they were first set
	byID  map[string]Answer
	edits []*edit // from Overlay, on top
}

// Set makes a link give this answer at every step, in GET and in LIST. An
// unknown id is a new link, at the end of the LIST order.
func (s *Server) Set(id string, answer Answer) {
	answer.ID = id
	answer = answer.filled()
	s.mu.Lock()
	defer s.mu.Unlock()
	o := &s.overlays
	if o.byID == nil {
		o.byID = make(map[string]Answer)
	}
	if _, known := o.byID[answer.ID]; !known {
		o.order = append(o.order, answer.ID)
	}
	o.byID[answer.ID] = answer
	s.pages = nil // the recorded LIST pages no longer hold
	s.links.put(answer)
}

// Add is Set for links that carry their id.
func (s *Server) Add(links ...Answer) {
	for _, link := range links {
		s.Set(link.ID, link)
	}
}

// Delete makes a link answer 404 ResourceNotFound and drops it from LIST.
func (s *Server) Delete(id string) {
	s.Set(id, Answer{Status: http.StatusNotFound})
}

// Overlay changes recorded links, in GET and in LIST alike, as lines of
//
//	id path value [step]
//
// say. id is a link's id, its number in LIST order from 0, or * for every link;
// path and value are those of Edit; step is the first that shows the change.
// It panics on a line that cannot be read, or that changes nothing although its
// step is played: a typing error must not make a test idle.
func (s *Server) Overlay(text string) {
	edits, err := parseEdits(text, true)
	if err != nil {
		panic(fmt.Sprintf("fetchtest: overlay: %v", err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.overlays.edits = append(s.overlays.edits, edits...)
	s.applyEdits(edits)
}

func (s *Server) applyEdits(edits []*edit) {
	for _, e := range edits {
		if e.from > s.step {
			continue
		}
		s.pages = nil
		for i := range s.links.answers {
			a := &s.links.answers[i]
			if a.Status != http.StatusOK || e.id != "*" && e.id != a.ID && e.id != strconv.Itoa(i) {
				continue
			}
			changed, places := e.at(e.path, a.Body)
			a.Body, e.shown = changed, e.shown || places > 0
		}
		if !e.shown {
			panic(fmt.Sprintf("fetchtest: overlay: %s: no link of step %d has such a place", e.line, s.step))
		}
	}
}

// Use plays these links, given in LIST order, in place of every step. It drops
// earlier changes.
func (s *Server) Use(links ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.overlays = overlays{base: append([]Answer{}, links...)}
	s.applyOverlays()
}

// Reset drops every change.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.overlays = overlays{}
	s.goTo(s.step)
}

func (s *Server) applyOverlays() {
	if s.overlays.base != nil {
		s.pages, s.links = nil, newCatalogue(s.overlays.base)
	}
	for _, id := range s.overlays.order {
		s.pages = nil
		s.links.put(s.overlays.byID[id])
	}
	s.applyEdits(s.overlays.edits)
}
