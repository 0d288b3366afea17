package oracle

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A kind is the Postgres type of a column. It decides how a value is written,
// and so what counts as equal.
type kind string

const (
	kindUUID      kind = "uuid"
	kindText      kind = "text"
	kindBigint    kind = "bigint"
	kindNumeric   kind = "numeric"
	kindBoolean   kind = "boolean"
	kindTimestamp kind = "timestamptz"
	kindJSON      kind = "jsonb"
)

// A column of a contract table. It is read from the key of its own name, unless computed.
type column struct {
	name     string
	kind     kind
	required bool // Polar has always sent it, never as null: anything else is that link's error
	computed bool // not from a key of its own name
}

// A table is one of the contract's tables, or the shape of an object that ends
// up inside one.
type table struct {
	name    string
	key     []string
	columns []column
	apart   []string // keys of the object whose values are stored elsewhere, or not at all
}

// A contract holds the tables and shapes by name.
type contract map[string]table

// define reads a table from lines of "name kind [required] [computed]".
func (c contract) define(name, key, columns string, apart ...string) {
	t := table{name: name, apart: apart}
	if key != "" {
		t.key = strings.Fields(key)
	}
	if t.hasID() {
		columns += everyEntity
	}
	for line := range strings.Lines(columns) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		col := column{name: words[0], kind: kind(words[1])}
		for _, word := range words[2:] {
			switch word {
			case "required":
				col.required = true
			case "computed":
				col.computed = true
			default:
				panic(fmt.Sprintf("oracle: column %s of %s: unknown word %q", col.name, name, word))
			}
		}
		t.columns = append(t.columns, col)
	}
	c[name] = t
}

// column returns the column of that name.
func (t table) column(name string) (column, bool) {
	i := slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
	if i < 0 {
		return column{}, false
	}
	return t.columns[i], true
}

// hasID tells entities from mere parts of one.
func (t table) hasID() bool {
	return slices.Equal(t.key, []string{"id"})
}

// sort orders rows by key.
func (t table) sort(rows []Row) {
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(t.keyOf(a), t.keyOf(b)) })
}

// keyOf writes a row's key as text that sorts as the key does.
func (t table) keyOf(row Row) string {
	var parts []string
	for _, name := range t.key {
		value := show(row[name])
		if col, _ := t.column(name); col.kind == kindBigint {
			value = fmt.Sprintf("%4s", value) // sorts position 10 after position 9
		}
		parts = append(parts, value)
	}
	return strings.Join(parts, " ")
}

// names lists the contract's tables, sorted; what has no key is a mere shape.
func (c contract) names() []string {
	var names []string
	for name, t := range c {
		if t.key != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
