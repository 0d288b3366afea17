package wire

import "reflect"

// Try is an array element that may be broken without harm to the others.
type Try[T any] struct {
	Value *T     // nil if Err is set
	Body  []byte // the element as sent
	Notes []Note // paths begin at the element
	Err   error  // an *Error whose path begins at the element
}

// tried is the decoder's view of a Try.
type tried interface {
	element() reflect.Type
	set(value any, body []byte, notes []Note, err error)
}

func (*Try[T]) element() reflect.Type { return reflect.TypeFor[T]() }

func (t *Try[T]) set(value any, body []byte, notes []Note, err error) {
	*t = Try[T]{Body: body, Notes: notes, Err: err}
	if err == nil {
		t.Value = value.(*T)
	}
}

// tries reads an array of Try. The error concerns the array itself, or an
// element that is not JSON.
func (d *decoder) tries(f *field, dst reflect.Value) error {
	if d.peek() != '[' {
		return d.expected("an array")
	}
	dst = emptySlice(dst)
	for more, err := d.open('['); more || err != nil; more, err = d.more('[') {
		if err != nil {
			return err
		}
		dst.Grow(1)
		dst.SetLen(dst.Len() + 1)
		element := dst.Index(dst.Len() - 1).Addr().Interface().(tried)
		if err := d.try(f.elem, element); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) try(shape *Shape, element tried) error {
	d.peek()
	start := d.pos
	own := decoder{scanner: d.scanner, memo: d.memo}
	value := reflect.New(element.element())
	left, broken := own.object(shape, value.Elem())
	if broken == nil && left != nil {
		broken = own.misfit(noPlace)
	}
	if broken = own.located(broken); broken == nil {
		d.pos = own.pos
	} else if err := d.skip(); err != nil {
		return err
	}
	element.set(value.Interface(), d.data[start:d.pos], own.notes, broken)
	return nil
}
