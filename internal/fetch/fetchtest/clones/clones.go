// Package clones makes a synthetic organization of any size: it clones the links
// of a recorded catalogue until there are enough, and a fifth as many products
// for them to share. It writes bodies on demand, so that a hundred thousand
// links need little memory.
package clones

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"sync/atomic"

	"github.com/google/uuid"

	"syncer/internal/fetch/fetchtest"
)

// linksPerProduct is the number of links per product.
const linksPerProduct = 5

// Organization holds the links of one organization, in LIST order.
type Organization struct {
	templates []template
	products  int // of the recorded catalogue
	links     int
	byID      map[uuid.UUID]int
	changes   atomic.Int64
}

// template is the body of a recorded link, and the places where clones differ.
type template struct {
	id     uuid.UUID
	body   []byte
	places []place
	secret []int // where the number in the client secret stands
}

// place locates an id in a body. An id of its own belongs to the link; all
// others are shared.
type place struct {
	at  int
	id  uuid.UUID
	own bool
}

// anID matches an id in a body.
var anID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// aSecret matches a client secret. Its zeros leave room for a number.
var aSecret = regexp.MustCompile(`polar_cl_NOTASECRET[A-Z](0{8})`)

// New clones links of the recording alpha, as of its first step.
func New(links int) (*Organization, error) {
	recording, err := fetchtest.Load("alpha")
	if err != nil {
		return nil, err
	}
	step, err := recording.Step(0)
	if err != nil {
		return nil, err
	}
	o := &Organization{links: links, byID: make(map[uuid.UUID]int, links)}
	products := map[uuid.UUID]bool{}
	for _, link := range step.Links {
		t, err := newTemplate(link.Body, products)
		if err != nil {
			return nil, fmt.Errorf("clone link %s: %w", link.ID, err)
		}
		o.templates = append(o.templates, t)
	}
	o.products = len(products)
	for i := range links {
		o.byID[o.ID(i)] = i
	}
	if len(o.byID) != links {
		return nil, fmt.Errorf("%d cloned links have %d ids", links, len(o.byID))
	}
	return o, nil
}

func newTemplate(body []byte, products map[uuid.UUID]bool) (template, error) {
	var link struct {
		ID           uuid.UUID `json:"id"`
		Organization uuid.UUID `json:"organization_id"`
		Products     []struct {
			ID uuid.UUID `json:"id"`
		} `json:"products"`
	}
	if err := json.Unmarshal(body, &link); err != nil {
		return template{}, fmt.Errorf("read the recorded body: %w", err)
	}
	for _, p := range link.Products {
		products[p.ID] = true
	}
	t := template{id: link.ID, body: body}
	for _, at := range anID.FindAllIndex(body, -1) {
		id, err := uuid.ParseBytes(body[at[0]:at[1]])
		if err != nil {
			return template{}, fmt.Errorf("read the recorded body: %w", err)
		}
		if id != link.Organization {
			t.places = append(t.places, place{at[0], id, id == link.ID})
		}
	}
	for _, at := range aSecret.FindAllSubmatchIndex(body, -1) {
		t.secret = append(t.secret, at[2])
	}
	return t, nil
}

// Links returns the number of links.
func (o *Organization) Links() int { return o.links }

// ID returns the id of link i.
func (o *Organization) ID(i int) uuid.UUID {
	return cloned(o.templates[i%len(o.templates)].id, i/len(o.templates))
}

// cloned returns the id of a thing's copy in a generation; the first keeps the original.
func cloned(id uuid.UUID, generation int) uuid.UUID {
	spread := uint64(generation) * 0x9E3779B97F4A7C15 // spreads neighbours as random ids would
	for i := range 6 {
		id[10+i] ^= byte(spread >> (56 - 8*i))
	}
	return id
}

// Find returns the index of the link with that id.
func (o *Organization) Find(id uuid.UUID) (i int, ok bool) {
	i, ok = o.byID[id]
	return i, ok
}

// Append appends the body of link i to to.
func (o *Organization) Append(to []byte, i int) []byte {
	t, generation := &o.templates[i%len(o.templates)], i/len(o.templates)
	// Let enough links share a copy of the products to keep their ratio.
	shared := generation * len(o.templates) / linksPerProduct / o.products
	start := len(to)
	to = append(to, t.body...)
	body := to[start:]
	for _, p := range t.places {
		id := cloned(p.id, shared)
		if p.own {
			id = cloned(p.id, generation)
		}
		hex.Encode(body[p.at+24:], id[10:]) // the part after the last dash
	}
	for _, at := range t.secret {
		number := generation
		for j := range 8 {
			body[at+7-j] = byte('0' + number%10)
			number /= 10
		}
	}
	if changes := o.changes.Load(); changes > 0 && i%changedOf == 0 {
		changed, err := fetchtest.Edit(body, fmt.Sprintf(`label "Campaign %d"`, changes))
		if err != nil {
			panic(err) // every recorded link can be labelled
		}
		return append(to[:start], changed...)
	}
	return to
}

// changedOf: Change changes one link in this many.
const changedOf = 100

// Change gives one in a hundred links a new label, and returns how many.
func (o *Organization) Change() int {
	o.changes.Add(1)
	return (o.links + changedOf - 1) / changedOf
}
