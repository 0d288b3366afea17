package oracle

import (
	"fmt"
	"maps"
	"time"
)

// An Answer is Polar's answer about one link.
type Answer struct {
	ID     string // of the requested link
	Status int
	Body   []byte
}

// A Row maps the contract's columns to canonical text; nil is NULL.
type Row map[string]*string

// Tables maps every contract table to its rows, sorted by key.
type Tables map[string][]Row

// An Oracle knows what the tables must hold after the passes it has observed.
// It is not safe for concurrent use.
type Oracle struct {
	contract contract
	rows     map[string]map[string]Row   // tables with an id: table, id
	children map[string]map[string][]Row // tables without one, which follow the answer: table, parent's id
	last     time.Time                   // start of the last pass
}

// New makes an oracle for empty tables.
func New() *Oracle {
	o := &Oracle{
		contract: newContract(),
		rows:     map[string]map[string]Row{},
		children: map[string]map[string][]Row{},
	}
	for _, name := range o.contract.names() {
		if o.contract[name].hasID() {
			o.rows[name] = map[string]Row{}
		} else {
			o.children[name] = map[string][]Row{}
		}
	}
	return o
}

// Observe applies one pass over the catalogue in which every request started at
// at. A link stays as it was without an answer, or with any but a readable 200
// or a ResourceNotFound. If copies of a product differ, the last one counts.
//
// An error means that the passes make no sense: one is older than the pass
// before, or an id is invalid or occurs twice. Then nothing is applied.
func (o *Oracle) Observe(at time.Time, answers []Answer) error {
	if at.Before(o.last) {
		return fmt.Errorf("observe %s: older than the pass before, %s", at, o.last)
	}
	ids, err := distinctIDs(answers)
	if err != nil {
		return fmt.Errorf("observe: %w", err)
	}
	p := newPass(o, at)

	var copies []product
	for i, answer := range answers {
		switch {
		case answer.Status == 200:
			l, err := o.contract.link(answer.Body)
			if err != nil || *l.row["id"] != ids[i] {
				continue // that link's failure
			}
			p.link(l)
			copies = append(copies, l.products...)
		case answer.Status == 404 && isResourceNotFound(answer.Body):
			p.remove("checkout_links", ids[i])
		}
	}
	lastCopy := map[string]int{}
	for i, c := range copies {
		lastCopy[*c.row["id"]] = i
	}
	for i, c := range copies {
		if lastCopy[*c.row["id"]] == i {
			p.product(c)
		}
	}
	o.last = at
	return nil
}

// Tables returns what each contract table must hold now.
func (o *Oracle) Tables() Tables {
	tables := Tables{}
	for _, name := range o.contract.names() {
		rows := []Row{}
		for _, row := range o.rows[name] {
			rows = append(rows, maps.Clone(row))
		}
		for _, siblings := range o.children[name] {
			for _, row := range siblings {
				rows = append(rows, maps.Clone(row))
			}
		}
		o.contract[name].sort(rows)
		tables[name] = rows
	}
	return tables
}

// distinctIDs returns the answers' ids; no id may occur twice.
func distinctIDs(answers []Answer) ([]string, error) {
	var ids []string
	known := map[string]bool{}
	for _, answer := range answers {
		id, err := canonical(kindUUID, answer.ID)
		if err != nil {
			return nil, err
		}
		if known[id] {
			return nil, fmt.Errorf("link %s answered twice", id)
		}
		known[id] = true
		ids = append(ids, id)
	}
	return ids, nil
}

// isResourceNotFound tells the one 404 that means "gone" from the one that
// means "no such route".
func isResourceNotFound(body []byte) bool {
	value, err := decode(body)
	if err != nil {
		return false
	}
	object, err := asObject(value)
	return err == nil && object["error"] == "ResourceNotFound"
}
