package fetchtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// overlays is what tests changed about the recording. They outlive Goto.
type overlays struct {
	base  []Answer // from Use; nil plays the recording
	order []string // ids in the order they were first changed
	byID  map[string]*overlay
	edits []*edit // from Overlay
}

// overlay is one link's: an answer of its own, then changes to its body.
type overlay struct {
	set    *Answer
	mutate []func([]byte) []byte
}

// Set makes a link answer like that at every step, in GET and in LIST. An id
// not known so far is a new link, at the end of the LIST order.
func (s *Server) Set(id string, answer Answer) {
	answer.ID = id
	answer = answer.filled()
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.overlayOf(answer.ID) = overlay{set: &answer}
	s.links.put(answer)
}

// Add is Set for links that carry their id.
func (s *Server) Add(links ...Answer) {
	for _, link := range links {
		s.Set(link.ID, link)
	}
}

// Delete makes a link answer 404 ResourceNotFound and leaves it out of LIST.
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
		s.pages = nil // the recorded LIST pages no longer hold
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

// Mutate changes the body of a link, at this step and at every later Goto, for
// as long as it answers 200. It panics on an id that no step knows. change must
// not call the server.
func (s *Server) Mutate(id string, change func(body []byte) []byte) {
	id = canonical(id)
	if !slices.Contains(s.AllLinkIDs(), id) {
		panic(fmt.Sprintf("fetchtest: mutate: no step knows the link %s", id))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.overlayOf(id)
	o.mutate = append(o.mutate, change)
	s.links.mutate(id, change)
}

// Use plays that catalogue, given in LIST order, in place of every step. What
// was changed before is dropped.
func (s *Server) Use(links ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.overlays = overlays{base: append([]Answer{}, links...)}
	s.applyOverlays()
}

// Reset drops every change: the recording plays again as it was.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.overlays = overlays{}
	s.goTo(s.step)
}

// overlayOf finds or makes the overlay of a link. From now on the recorded LIST
// pages no longer hold.
func (s *Server) overlayOf(id string) *overlay {
	s.pages = nil
	if s.overlays.byID == nil {
		s.overlays.byID = make(map[string]*overlay)
	}
	o, ok := s.overlays.byID[id]
	if !ok {
		o = new(overlay)
		s.overlays.byID[id] = o
		s.overlays.order = append(s.overlays.order, id)
	}
	return o
}

func (s *Server) applyOverlays() {
	if s.overlays.base != nil {
		s.pages, s.links = nil, newCatalogue(s.overlays.base)
	}
	for _, id := range s.overlays.order {
		o := s.overlayOf(id)
		if o.set != nil {
			s.links.put(*o.set)
		}
		for _, change := range o.mutate {
			s.links.mutate(id, change)
		}
	}
	s.applyEdits(s.overlays.edits)
}
