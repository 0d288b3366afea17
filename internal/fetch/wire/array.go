package wire

import (
	"bytes"
	"reflect"
	"slices"
)

// slice reads an array of structs.
func (d *decoder) slice(f *field, dst reflect.Value) (left Extra, err error) {
	if d.peek() != '[' {
		return nil, d.expected("an array")
	}
	dst = emptySlice(dst)
	var lefts lefts
	for more, err := d.open('['); more || err != nil; more, err = d.more('[') {
		if err != nil {
			return nil, err
		}
		n := dst.Len()
		if n == dst.Cap() {
			dst.Grow(max(2, n))
		}
		dst.SetLen(n + 1)
		d.steps = append(d.steps, indexStep(n))
		left, err := d.element(f, dst.Index(n))
		if err != nil {
			return nil, d.located(err)
		}
		d.steps = d.steps[:len(d.steps)-1]
		lefts.put(n, left)
	}
	return lefts.array(dst.Len()), nil
}

// emptySlice sets dst, a slice or a pointer to one, to an empty one.
func emptySlice(dst reflect.Value) reflect.Value {
	if dst.Kind() == reflect.Pointer {
		dst.Set(reflect.New(dst.Type().Elem()))
		dst = dst.Elem()
	}
	dst.Set(reflect.MakeSlice(dst.Type(), 0, 0))
	return dst
}

// element reads one element of an array of structs.
func (d *decoder) element(f *field, v reflect.Value) (left Extra, err error) {
	if !f.shared {
		return d.object(f.elem, v)
	}
	d.peek()
	if left, found := d.remembered(v); found {
		return left, nil
	}
	start, notes := d.pos, len(d.notes)
	if left, err = d.object(f.elem, v); err == nil {
		value := reflect.New(v.Type()).Elem()
		value.Set(v)
		d.memo.keep(known{text: d.data[start:d.pos], value: value, notes: slices.Clip(d.notes[notes:]), left: left})
	}
	return left, err
}

// lefts collects what the elements of an array left over, as an array of its own.
type lefts [][]byte

// put records what element n left, if anything.
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

// array returns nil if none of the n elements left anything.
func (l *lefts) array(n int) Extra {
	if *l == nil {
		return nil
	}
	l.pad(n)
	return Extra("[" + string(bytes.Join(*l, []byte(","))) + "]")
}
