// Package wire reads JSON objects into Go structs exactly and tolerantly.
//
// The struct declares what to expect, by its field types and tags; the reader
// reports what it found instead. It knows nothing of Polar and nothing of rows.
//
//	ID     uuid.UUID  `wire:"id"`                    required: missing or null is an error
//	Label  *string    `wire:"label"`                 may be null or absent (so may a map)
//	Source *string    `wire:"source,nonnull"`        may be absent, null is an error
//	Kind   string     `wire:"kind,enum=a|b"`         any text; one that is not listed is noted
//	Prices []Price    `wire:"prices"`                nested structs, read alike
//	Things []Thing    `wire:"things,shared"`         the same object may stand here many times
//	Uses   int64      `wire:"uses,counter"`          changes all the time: left out of Hash
//	Parts  []Part     `wire:"parts,apart"`           things of their own: Hash counts their ids
//	Bag    []Price    `wire:"bag,unordered"`         the order of the elements means nothing
//	Cap    *int64     `wire:"cap,loose"`             a value that does not fit goes to Extra
//	Door   *Door      `wire:"door,of=house"`         a key of this kind of object only, see Kinded
//	Items  []Try[X]   `wire:"items"`                 a broken element is an error of its own
//	Old    Ignored    `wire:"old"`                   known and not wanted
//	Extra  Extra      `wire:",unknown"`              every other key, value untouched
//	Sent   Span       `wire:",span"`                 where in the text the object stands
//
// Numbers never pass through a float: int64 takes any integral spelling (1000,
// 1000.0, 1e3), Decimal keeps the text, json.RawMessage keeps the bytes. Keys
// match exactly, case included; a doubled key is an error, because either value
// may be meant. Text that Postgres cannot hold (NUL, lone surrogates, invalid
// UTF-8) becomes U+FFFD and is noted.
package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// Ignored marks a field whose key is known and whose value is skipped.
type Ignored struct{}

// Span is the place of an object in a text, a half-open range of bytes.
type Span struct{ Start, End int }

// Extra is a JSON object of another's unknown keys, values untouched; nil if
// there are none.
type Extra []byte

// With returns e with one more member. key is plain ASCII, value is JSON.
func (e Extra) With(key string, value []byte) Extra {
	m := `"` + key + `":` + string(value) + "}"
	if len(e) == 0 {
		return Extra("{" + m)
	}
	return Extra(string(e[:len(e)-1]) + "," + m)
}

// Tolerant is implemented by a struct that may be of a kind nobody knows yet.
// While Unknown returns true, an optional field whose value does not fit its
// type goes to Extra and is no error.
type Tolerant interface{ Unknown() bool }

// Kinded is implemented by a struct with fields that only one kind of it has. In
// any other kind their keys are unknown ones, wherever in the text the kind stands.
type Kinded interface{ Kind() string }

// Checker is implemented by a struct with rules beyond its fields' types. Check
// returns the key at fault and the reason, or two empty strings.
type Checker interface{ Check() (key, reason string) }

// NoteKind classifies an oddity in a readable answer.
type NoteKind string

// The kinds of notes.
const (
	UnknownKey   NoteKind = "key"   // a key without a field; kept in Extra
	UnknownValue NoteKind = "value" // a text that the enum does not list; kept as it is
	OddShape     NoteKind = "shape" // a known key with a value of another type; kept in Extra
	CleanedText  NoteKind = "text"  // characters Postgres cannot hold were replaced
)

// Note is one oddity. Path has no indices: products[].prices[].source.
type Note struct {
	Kind  NoteKind
	Path  string
	Value []byte // as sent
}

// Error locates what is wrong in a JSON text.
type Error struct {
	Path   string // such as products[0].prices[2].id; "" for the whole
	Reason string
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// step is one step of the path to a value: a key, or an index if not negative.
type step struct {
	key   string
	index int
}

func keyStep(key string) step  { return step{key: key, index: -1} }
func indexStep(index int) step { return step{index: index} }

// maxPathKey bounds a key within a path, in bytes. Polar's longest has 28.
const maxPathKey = 100

// path writes steps, with indices for a person, without for a note.
func path(steps []step, indices bool) string {
	var b strings.Builder
	for _, s := range steps {
		switch {
		case s.index < 0:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			if len(s.key) > maxPathKey {
				s.key = strings.ToValidUTF8(s.key[:maxPathKey], "") + "…"
			}
			b.WriteString(s.key)
		case indices:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		default:
			b.WriteString("[]")
		}
	}
	return b.String()
}

// kindName names the kind of JSON value that begins with c, for error texts.
func kindName(c byte) string {
	switch {
	case c == '{':
		return "an object"
	case c == '[':
		return "an array"
	case c == '"':
		return "a string"
	case c == 't' || c == 'f':
		return "a boolean"
	case c == 'n':
		return "null"
	case c == '-' || isDigit(c):
		return "a number"
	}
	return fmt.Sprintf("%q", c)
}
