package wire

import (
	"bytes"
	"reflect"
)

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
			dst.Grow(max(2, n))
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
