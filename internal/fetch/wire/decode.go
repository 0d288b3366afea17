package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Decode reads the one JSON object in data into v, a pointer to the struct type
// that shape describes, and notes what is unusual. Raw values in v share data's
// memory. The error is an *Error.
func Decode(data []byte, shape *Shape, v any) ([]Note, error) {
	d := &decoder{scanner: scanner{data: data}}
	left, err := d.object(shape, reflect.ValueOf(v).Elem())
	if err == nil {
		err = d.end()
	}
	if err == nil && left != nil {
		err = d.misfit("unknown keys and no field to keep them")
	}
	if err != nil {
		return d.notes, d.located(err)
	}
	return d.notes, nil
}

// decoder reads values and knows where it is.
type decoder struct {
	scanner
	steps []step
	notes []Note
}

// located makes any error one that says where, while the path is known.
func (d *decoder) located(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Path: path(d.steps, true), Reason: err.Error()}
}

// misfit is an error about the value at the present path.
func (d *decoder) misfit(reason string) error {
	return &Error{Path: path(d.steps, true), Reason: reason}
}

// expected is an error about a value of another type.
func (d *decoder) expected(what string) error {
	if d.pos >= len(d.data) {
		return d.fail("")
	}
	return d.misfit(what + " expected, found " + kindName(d.data[d.pos]))
}

func (d *decoder) note(kind NoteKind, value []byte) {
	d.notes = append(d.notes, Note{Kind: kind, Path: path(d.steps, false), Value: value})
}

// object reads one struct. When the struct has no Extra, its unknown keys come
// back as an object for the struct around it.
func (d *decoder) object(shape *Shape, v reflect.Value) (left Extra, err error) {
	if d.peek() != '{' {
		return nil, d.expected("an object")
	}
	o := objectReader{decoder: d, shape: shape, v: v}
	start := d.pos
	for more, err := d.open('{'); more || err != nil; more, err = d.more('{') {
		if err != nil {
			return nil, err
		}
		key, err := d.key()
		if err != nil {
			return nil, err
		}
		if err := o.member(key); err != nil {
			return nil, err
		}
	}
	if err := o.finish(); err != nil {
		return nil, err
	}
	if shape.span >= 0 {
		set(v.Field(shape.span), Span{start, d.pos})
	}
	if shape.extra < 0 {
		return o.extra.object(), nil
	}
	v.Field(shape.extra).SetBytes(o.extra.object())
	return nil, nil
}

// objectReader reads the members of one object.
type objectReader struct {
	*decoder
	shape   *Shape
	v       reflect.Value
	seen    uint64 // bit i: field i was there
	next    int    // the field expected next: Polar's keys come in one order
	extra   members
	misfits []misfit
}

// misfit is an optional field whose value did not fit.
type misfit struct {
	key            string
	quotedKey, raw []byte
	err            error
}

// member reads the value of a key.
func (o *objectReader) member(quotedKey []byte) error {
	i, key := o.lookup(quotedKey)
	around := len(o.steps)
	o.steps = append(o.steps, keyStep(key))
	err := o.memberAt(i, key, quotedKey)
	o.steps = o.steps[:around]
	return err
}

// memberAt reads the value for field i, -1 for an unknown key. The present path
// leads to it.
func (o *objectReader) memberAt(i int, key string, quotedKey []byte) error {
	if i < 0 {
		raw, err := o.value()
		if err != nil {
			return o.located(err)
		}
		o.note(UnknownKey, raw)
		return o.keep(key, quotedKey, raw)
	}
	f := &o.shape.fields[i]
	if o.seen&(1<<i) != 0 {
		return o.misfit("the key stands twice")
	}
	o.seen |= 1 << i
	o.next = i + 1
	start := o.pos
	depth, steps, notes := o.depth, len(o.steps), len(o.notes)
	left, err := o.field(f, o.v.Field(f.index))
	if err == nil {
		if left != nil {
			return o.keep(key, quotedKey, left)
		}
		return nil
	}
	err = o.located(err)
	if !f.optional {
		return err
	}
	// Whether an optional value must fit depends on the object's kind, which
	// may stand further on. Set it aside; a broken text ends here.
	o.pos, o.depth, o.steps, o.notes = start, depth, o.steps[:steps], o.notes[:notes]
	raw, syntax := o.value()
	if syntax != nil {
		return o.located(syntax)
	}
	o.v.Field(f.index).SetZero()
	o.misfits = append(o.misfits, misfit{key, quotedKey, raw, err})
	return nil
}

// lookup finds the field of a key as written; -1 for an unknown key.
func (o *objectReader) lookup(quotedKey []byte) (int, string) {
	raw := quotedKey[1 : len(quotedKey)-1]
	if o.next < len(o.shape.fields) && string(raw) == o.shape.fields[o.next].key {
		return o.next, o.shape.fields[o.next].key
	}
	if i, ok := o.shape.byKey[string(raw)]; ok {
		return i, o.shape.fields[i].key
	}
	key, clean := unquote(quotedKey)
	if i, ok := o.shape.byKey[string(key)]; ok && clean {
		return i, o.shape.fields[i].key
	}
	return -1, string(key)
}

// keep puts a member into the object's Extra.
func (o *objectReader) keep(key string, quotedKey, raw []byte) error {
	fitKey, cleanKey := cleanRaw(quotedKey)
	fit, clean := cleanRaw(raw)
	if !clean || !cleanKey {
		o.note(CleanedText, raw)
	}
	if !o.extra.add(key, fitKey, fit) {
		return o.misfit("the key stands twice")
	}
	return nil
}

// finish judges the object as a whole.
func (o *objectReader) finish() error {
	for _, m := range o.misfits {
		if tolerant, ok := o.v.Addr().Interface().(Tolerant); !ok || !tolerant.Unknown() {
			return m.err
		}
		o.steps = append(o.steps, keyStep(m.key))
		o.note(OddShape, m.raw)
		err := o.keep(m.key, m.quotedKey, m.raw)
		o.steps = o.steps[:len(o.steps)-1]
		if err != nil {
			return err
		}
	}
	if missing := ^o.seen & (1<<len(o.shape.fields) - 1); missing != 0 {
		for ; missing != 0; missing &= missing - 1 {
			if f := &o.shape.fields[bits.TrailingZeros64(missing)]; !f.optional {
				return o.keyError(f.key, "missing")
			}
		}
	}
	if checker, ok := o.v.Addr().Interface().(Checker); ok {
		if key, reason := checker.Check(); reason != "" {
			return o.keyError(key, reason)
		}
	}
	return nil
}

// keyError is an error about a member that is not being read.
func (o *objectReader) keyError(key, reason string) error {
	return &Error{Path: path(append(slices.Clone(o.steps), keyStep(key)), true), Reason: reason}
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
		return nil, d.skip()
	case readStruct:
		if dst.Kind() == reflect.Pointer {
			dst.Set(reflect.New(dst.Type().Elem()))
			dst = dst.Elem()
		}
		return d.object(f.elem, dst)
	case readSlice:
		return d.slice(f, dst)
	case readText, readDecimal, readTime, readUUID:
		return nil, d.text(f, dst)
	case readBool:
		return nil, d.boolean(c, dst)
	case readInt:
		return nil, d.integer(dst)
	case readRaw:
		return nil, d.raw(dst)
	case readRaws:
		return nil, d.raws(dst)
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
		kept := value // of its own, so that the case above allocates nothing
		*p = &kept
	}
}

// text reads a string and what is written as one.
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

// raws keeps the elements of an array as written.
func (d *decoder) raws(dst reflect.Value) error {
	if d.peek() != '[' {
		return d.expected("an array")
	}
	raws := []json.RawMessage{}
	for more, err := d.open('['); more || err != nil; more, err = d.more('[') {
		if err != nil {
			return err
		}
		raw, err := d.value()
		if err != nil {
			return err
		}
		raws = append(raws, raw)
	}
	set(dst, raws)
	return nil
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

// slice reads an array of structs.
func (d *decoder) slice(f *field, dst reflect.Value) (left Extra, err error) {
	if d.peek() != '[' {
		return nil, d.expected("an array")
	}
	if dst.Kind() == reflect.Pointer {
		dst.Set(reflect.New(dst.Type().Elem()))
		dst = dst.Elem()
	}
	dst.Set(reflect.MakeSlice(dst.Type(), 0, 0))
	var lefts lefts
	for more, err := d.open('['); more || err != nil; more, err = d.more('[') {
		if err != nil {
			return nil, err
		}
		n := dst.Len()
		if n == dst.Cap() {
			dst.Grow(max(1, n))
		}
		dst.SetLen(n + 1)
		d.steps = append(d.steps, indexStep(n))
		left, err := d.object(f.elem, dst.Index(n))
		if err != nil {
			return nil, d.located(err)
		}
		d.steps = d.steps[:len(d.steps)-1]
		lefts.put(n, left)
	}
	return lefts.array(dst.Len()), nil
}

// lefts is what the elements of an array had to leave, as an array of its own.
type lefts [][]byte

// put says what element n left, if anything.
func (l *lefts) put(n int, left Extra) {
	if left != nil {
		l.pad(n)
		*l = append(*l, left)
	}
}

func (l *lefts) pad(n int) {
	for len(*l) < n {
		*l = append(*l, []byte("{}"))
	}
}

// array is nil when none of the n elements left anything.
func (l *lefts) array(n int) Extra {
	if *l == nil {
		return nil
	}
	l.pad(n)
	return Extra("[" + string(bytes.Join(*l, []byte(","))) + "]")
}

// members builds a JSON object.
type members struct {
	keys map[string]bool // by what they say, not by how they are written
	buf  []byte
}

// add appends a member; false when the key is there already.
func (m *members) add(key string, quotedKey, value []byte) bool {
	if m.keys[key] {
		return false
	}
	if m.keys == nil {
		m.keys = map[string]bool{}
	}
	m.keys[key] = true
	m.buf = append(m.buf, ',')
	m.buf = append(append(append(m.buf, quotedKey...), ':'), value...)
	return true
}

// object is nil without members.
func (m *members) object() Extra {
	if m.buf == nil {
		return nil
	}
	m.buf[0] = '{'
	return Extra(append(m.buf, '}'))
}
