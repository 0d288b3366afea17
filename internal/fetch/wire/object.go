package wire

import (
	"bytes"
	"math/bits"
	"reflect"
	"slices"
)

// object reads one struct. If the struct has no Extra, it returns the unknown
// keys as an object for the struct around it.
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
		if err := o.member(); err != nil {
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
	seen    uint64 // bit i: field i was present
	next    int    // the field to expect next: Polar's keys come in one order
	extra   members
	misfits []misfit
	late    []late
}

// late is a member to read when the object's kind is known.
type late struct {
	field     int
	quotedKey []byte
	raw       []byte
	start     int // of the value
}

// misfit is an optional field whose value did not fit.
type misfit struct {
	key            string
	quotedKey, raw []byte
	err            error
	loose          bool // no error in any kind
}

// member reads a key and its value.
func (o *objectReader) member() error {
	i, key, quotedKey, err := o.key()
	if err != nil {
		return err
	}
	around := len(o.steps)
	o.steps = append(o.steps, keyStep(key))
	err = o.memberAt(i, key, quotedKey)
	o.steps = o.steps[:around]
	return err
}

// key reads a key and returns its field, -1 for an unknown one; its text; and its spelling.
func (o *objectReader) key() (i int, key string, quotedKey []byte, err error) {
	o.peek()
	if o.next < len(o.shape.fields) {
		if f := &o.shape.fields[o.next]; bytes.HasPrefix(o.data[o.pos:], f.quotedKey) {
			o.pos += len(f.quotedKey)
			return o.next, f.key, f.quotedKey, o.expect(':')
		}
	}
	if quotedKey, err = o.decoder.key(); err != nil {
		return 0, "", nil, err
	}
	text, _ := unquote(quotedKey)
	if i, ok := o.shape.byKey[string(text)]; ok {
		return i, o.shape.fields[i].key, quotedKey, nil
	}
	return -1, string(text), quotedKey, nil
}

// memberAt reads the value for field i, -1 for an unknown key. The current path
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
	if f.of == "" {
		return o.read(i, quotedKey)
	}
	o.peek()
	start := o.pos
	raw, err := o.value()
	o.late = append(o.late, late{i, quotedKey, raw, start})
	return o.located(err)
}

// read reads the value for field i. The current path leads to it.
func (o *objectReader) read(i int, quotedKey []byte) error {
	f := &o.shape.fields[i]
	start := o.pos
	depth, steps, notes := o.depth, len(o.steps), len(o.notes)
	left, err := o.field(f, o.v.Field(f.index))
	if err == nil {
		if left != nil {
			return o.keep(f.key, quotedKey, left)
		}
		return nil
	}
	err = o.located(err)
	if !f.optional {
		return err
	}
	// Whether an optional value must fit depends on the object's kind, which
	// may come later. Set the value aside; a broken text ends here.
	o.pos, o.depth, o.steps, o.notes = start, depth, o.steps[:steps], o.notes[:notes]
	raw, syntax := o.value()
	if syntax != nil {
		return o.located(syntax)
	}
	o.v.Field(f.index).SetZero()
	o.misfits = append(o.misfits, misfit{f.key, quotedKey, raw, err, f.loose})
	return nil
}

// readLate reads what was set aside until the object's kind was known, and keeps
// what is not of that kind as an unknown key.
func (o *objectReader) readLate() error {
	if o.late == nil {
		return nil
	}
	kind := o.v.Addr().Interface().(Kinded).Kind()
	around, end := len(o.steps), o.pos
	for _, m := range o.late {
		f := &o.shape.fields[m.field]
		o.steps = append(o.steps, keyStep(f.key))
		var err error
		if o.pos = m.start; f.of == kind {
			err = o.read(m.field, m.quotedKey)
		} else {
			o.note(UnknownKey, m.raw)
			err = o.keep(f.key, m.quotedKey, m.raw)
		}
		if err != nil {
			return err
		}
		o.steps = o.steps[:around]
	}
	o.pos = end
	return nil
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
	if err := o.readLate(); err != nil {
		return err
	}
	for _, m := range o.misfits {
		if tolerant, ok := o.v.Addr().Interface().(Tolerant); !m.loose && (!ok || !tolerant.Unknown()) {
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

// keyError returns an error about a member other than the one being read.
func (o *objectReader) keyError(key, reason string) error {
	return &Error{Path: path(append(slices.Clone(o.steps), keyStep(key)), true), Reason: reason}
}

// members builds a JSON object.
type members struct {
	keys map[string]bool // by meaning, not by spelling
	buf  []byte
}

// add appends a member; false if the key is already there.
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

// object returns nil without members.
func (m *members) object() Extra {
	if m.buf == nil {
		return nil
	}
	m.buf[0] = '{'
	return Extra(append(m.buf, '}'))
}
