package fetchtest

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
)

// Scenarios names the recorded catalogues, which are the folders of recordings.
func Scenarios() []string {
	entries, err := recordings.ReadDir("recordings")
	if err != nil {
		panic(err) // they are part of the binary
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

// Recording is one recorded catalogue. It holds only titles: a step is some
// megabytes, so each call unpacks it anew for the caller. Never write to
// bodies: servers may share them.
type Recording struct {
	Name   string
	Server string   // HEAD (August 2026) or S (March 2025), as in errors.jsonl
	Titles []string // what happened before each step

	unpack func(i int) (*Step, error)
	ids    func() ([]string, error)
}

// Step is the state of a catalogue after the changes of one step.
type Step struct {
	Title string
	Links []Answer        // every link known by then, deleted ones too, in LIST order
	Doc   json.RawMessage // step.json: the changes, and their effect on the answers

	pages func() ([]Page, error)
}

// Answer is the answer to GET by id for one link. In LIST a link with status
// 200 is an item, one with 404 is left out, any other makes its page answer
// 500. Defaults: Status 200, Polar's own ContentType, and beside 404 or 500 the
// recorded Body.
type Answer struct {
	ID          string
	Status      int
	ContentType string
	Body        []byte
}

// Page is the answer to one request of a LIST walk.
type Page struct {
	Path        string // with its query
	Page, Limit int
	Status      int
	ContentType string
	Body        []byte
}

// Load finds a recorded catalogue by name.
func Load(name string) (*Recording, error) {
	if !slices.Contains(Scenarios(), name) {
		return nil, fmt.Errorf("recording %q: no such scenario, have %q", name, Scenarios())
	}
	dirs, err := recordings.ReadDir(path.Join("recordings", name))
	if err != nil {
		return nil, fmt.Errorf("recording %q: %w", name, err)
	}
	rec := &Recording{Name: name, Server: "HEAD"}
	if strings.HasPrefix(name, "seed") { // those of the seed era are named so
		rec.Server = "S"
	}
	for i := range dirs {
		title, err := readTitle(name, i)
		if err != nil {
			return nil, err
		}
		rec.Titles = append(rec.Titles, title)
	}
	rec.unpack = func(i int) (*Step, error) { return readStep(name, rec.Titles[i], i) }
	rec.ids = sync.OnceValues(func() ([]string, error) {
		// the last step still lists every link that ever existed
		links, err := readLinks(name, rec.Len()-1)
		return idsOf(links), err
	})
	return rec, nil
}

// Keep makes the recording hold every step once unpacked, for many servers that
// play the same one. Call it before any of them starts.
func (r *Recording) Keep() *Recording {
	kept := make([]func() (*Step, error), r.Len())
	for i := range kept {
		unpack := r.unpack
		kept[i] = sync.OnceValues(func() (*Step, error) { return unpack(i) })
	}
	r.unpack = func(i int) (*Step, error) { return kept[i]() }
	return r
}

// Len returns the number of steps.
func (r *Recording) Len() int { return len(r.Titles) }

// Step unpacks step i, counted from 0.
func (r *Recording) Step(i int) (*Step, error) {
	if i < 0 || i >= r.Len() {
		return nil, fmt.Errorf("recording %q: no step %d, the last is %d", r.Name, i, r.Len()-1)
	}
	return r.unpack(i)
}

// Pages returns the recorded LIST walk with limit=100, error answers included.
// The first call unpacks it, since most tests ask link by link.
func (s *Step) Pages() ([]Page, error) { return s.pages() }

// LinkIDs returns every link of the whole recording, in LIST order.
func (r *Recording) LinkIDs() ([]string, error) { return r.ids() }

// inMemory makes a recording of one step, for made-up catalogues.
func inMemory(links []Answer) *Recording {
	return &Recording{
		Name: "in memory", Server: "HEAD", Titles: []string{"made up"},
		unpack: func(int) (*Step, error) {
			return &Step{Title: "made up", Links: links, pages: func() ([]Page, error) { return nil, nil }}, nil
		},
		ids: func() ([]string, error) { return idsOf(newCatalogue(links).answers), nil },
	}
}

func idsOf(links []Answer) []string {
	ids := make([]string, 0, len(links))
	for _, link := range links {
		ids = append(ids, link.ID)
	}
	return ids
}
