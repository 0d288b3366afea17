package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Decode reads the one JSON object in data into v, a pointer to the struct type
// that shape describes, and notes oddities. Raw values in v share data's
// memory. The error is an *Error.
func Decode(data []byte, shape *Shape, v any) ([]Note, error) {
	d := &decoder{scanner: scanner{data: data}, memo: newMemo()}
	left, err := d.object(shape, reflect.ValueOf(v).Elem())
	if err == nil {
		err = d.end()
	}
	if err == nil && left != nil {
		err = d.misfit(noPlace)
	}
	if err != nil {
		return d.notes, d.located(err)
	}
	return d.notes, nil
}

// Valid reports whether data is one JSON value, nested no deeper than Decode allows.
func Valid(data []byte) bool {
	s := scanner{data: data}
	return s.skip() == nil && s.end() == nil
}

// noPlace: neither the object with the unknown keys nor anything around it has an Extra.
const noPlace = "unknown keys and no field to keep them"

// decoder reads values and knows where it is.
type decoder struct {
	scanner
	memo  *memo
	steps []step
	notes []Note
}

// located adds the path to err, while it is known.
func (d *decoder) located(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Path: path(d.steps, true), Reason: err.Error()}
}

// misfit returns an error about the value at the current path.
func (d *decoder) misfit(reason string) error {
	return &Error{Path: path(d.steps, true), Reason: reason}
}

// expected returns an error about a value of another type.
func (d *decoder) expected(what string) error {
	if d.pos >= len(d.data) {
		return d.fail("")
	}
	return d.misfit(what + " expected, found " + kindName(d.data[d.pos]))
}

func (d *decoder) note(kind NoteKind, value []byte) {
	d.notes = append(d.notes, Note{Kind: kind, Path: path(d.steps, false), Value: value})
}

// field reads a value into dst.
func (d *decoder) field(f *field, dst reflect.Value) (left Extra, err error) {
	c := d.peek()
	if c == 'n' {
		if err := d.literal(); err != nil {
			return nil, err
		}
		if !f.nullable {
			return nil, d.misfit("null")
		}
		return nil, nil
	}
	switch f.read {
	case ignored:
		return nil, d.ignore(f)
	case readStruct:
		if dst.Kind() == reflect.Pointer {
			dst.Set(reflect.New(dst.Type().Elem()))
			dst = dst.Elem()
		}
		return d.object(f.elem, dst)
	case readSlice:
		return d.slice(f, dst)
	case readTries:
		return nil, d.tries(f, dst)
	case readText, readDecimal, readTime, readUUID:
		return nil, d.text(f, dst)
	case readBool:
		return nil, d.boolean(c, dst)
	case readInt:
		return nil, d.integer(dst)
	case readRaw:
		return nil, d.raw(dst)
	case readAmounts:
		return nil, d.amounts(dst)
	}
	panic(fmt.Sprintf("wire: reader %d", f.read))
}

// set stores value in a field of its type or of a pointer to it.
func set[T any](dst reflect.Value, value T) {
	switch p := dst.Addr().Interface().(type) {
	case *T:
		*p = value
	case **T:
		kept := value // a copy, so that the case above allocates nothing
		*p = &kept
	}
}

// text reads a string, or a type that is written as one.
func (d *decoder) text(f *field, dst reflect.Value) error {
	c := d.peek()
	if f.read == readDecimal && (c == '-' || isDigit(c)) {
		number, err := d.number()
		if err != nil {
			return err
		}
		value, err := parseDecimal(string(number))
		if err == nil {
			set(dst, value)
		}
		return err
	}
	if c != '"' {
		return d.expected("a string")
	}
	quoted, plain, err := d.str()
	if err != nil {
		return err
	}
	text := quoted[1 : len(quoted)-1]
	if !plain {
		var clean bool
		if text, clean = unquote(quoted); !clean {
			d.note(CleanedText, quoted)
		}
	}
	switch f.read {
	case readDecimal:
		var value Decimal
		if value, err = parseDecimal(string(text)); err == nil {
			set(dst, value)
		}
	case readTime:
		var value time.Time
		if value, err = parseTime(text); err == nil {
			set(dst, value)
		}
	case readUUID:
		var value uuid.UUID
		if value, err = parseUUID(text); err == nil {
			set(dst, value)
		}
	default:
		if i := slices.IndexFunc(f.enum, func(known string) bool { return known == string(text) }); i >= 0 {
			set(dst, f.enum[i])
			break
		}
		if f.enum != nil {
			d.note(UnknownValue, quoted)
		}
		set(dst, string(text))
	}
	return err
}

func (d *decoder) boolean(c byte, dst reflect.Value) error {
	if c != 't' && c != 'f' {
		return d.expected("a boolean")
	}
	if err := d.literal(); err != nil {
		return err
	}
	set(dst, c == 't')
	return nil
}

func (d *decoder) integer(dst reflect.Value) error {
	n, err := d.int64()
	if err == nil {
		set(dst, n)
	}
	return err
}

func (d *decoder) int64() (int64, error) {
	if c := d.peek(); c != '-' && !isDigit(c) {
		return 0, d.expected("an integer")
	}
	number, err := d.number()
	if err != nil {
		return 0, err
	}
	return parseInt(number)
}

// raw keeps an object as written.
func (d *decoder) raw(dst reflect.Value) error {
	if d.peek() != '{' {
		return d.expected("an object")
	}
	raw, err := d.value()
	if err != nil {
		return err
	}
	fit, clean := cleanRaw(raw)
	if !clean {
		d.note(CleanedText, raw)
	}
	set(dst, json.RawMessage(fit))
	return nil
}

// ignore skips a value, at once if it is an object read before.
func (d *decoder) ignore(f *field) error {
	if f.shared {
		if k := d.memo.find(d.data[d.pos:]); k != nil {
			d.pos += len(k.text)
			return nil
		}
	}
	return d.skip()
}

// amounts reads an object of integers.
func (d *decoder) amounts(dst reflect.Value) error {
	if d.peek() != '{' {
		return d.expected("an object")
	}
	amounts := map[string]int64{}
	for more, err := d.open('{'); more || err != nil; more, err = d.more('{') {
		if err != nil {
			return err
		}
		quotedKey, err := d.key()
		if err != nil {
			return err
		}
		if err := d.amount(quotedKey, amounts); err != nil {
			return err
		}
	}
	set(dst, amounts)
	return nil
}

func (d *decoder) amount(quotedKey []byte, amounts map[string]int64) error {
	text, clean := unquote(quotedKey)
	key := string(text)
	d.steps = append(d.steps, keyStep(key))
	if !clean {
		d.note(CleanedText, quotedKey)
	}
	if _, doubled := amounts[key]; doubled {
		return d.misfit("the key stands twice")
	}
	n, err := d.int64()
	if err != nil {
		return d.located(err)
	}
	amounts[key] = n
	d.steps = d.steps[:len(d.steps)-1]
	return nil
}
