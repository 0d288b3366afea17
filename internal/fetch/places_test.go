package fetch_test

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"syncer/internal/fetch"
	"syncer/internal/fetch/wire"
)

// A trail leads from a link to something in it: keys and indices.
type trail []any

func (tr trail) String() string { return tr.format(true) }

// note is the trail as in a wire.Note.
func (tr trail) note() string { return tr.format(false) }

func (tr trail) format(indices bool) string {
	var b strings.Builder
	for _, s := range tr {
		switch s := s.(type) {
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s)
		case int:
			if indices {
				b.WriteString("[" + strconv.Itoa(s) + "]")
			} else {
				b.WriteString("[]")
			}
		}
	}
	return b.String()
}

// in follows the trail through a JSON value.
func (tr trail) in(v any) any {
	for _, s := range tr {
		switch s := s.(type) {
		case string:
			v = v.(object)[s]
		case int:
			v = v.([]any)[s]
		}
	}
	return v
}

// inLink follows the trail through a decoded link.
func (tr trail) inLink(link *fetch.CheckoutLink) reflect.Value {
	v := reflect.ValueOf(link).Elem()
	for _, s := range tr {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		switch s := s.(type) {
		case string:
			v = v.FieldByName(fieldOf(v.Type(), s).name)
		case int:
			v = v.Index(s)
		}
	}
	return v
}

func (tr trail) to(steps ...any) trail { return append(slices.Clone(tr), steps...) }

// field is a field of one of the structs of package fetch.
type field struct {
	name     string // in Go
	key      string // in JSON
	typ      reflect.Type
	optional bool
	nonnull  bool
	enum     []string
}

// fields are what the tags of a struct say.
func fields(t reflect.Type) (all []field) {
	for sf := range t.Fields() {
		key, options, _ := strings.Cut(sf.Tag.Get("wire"), ",")
		if key == "" {
			continue
		}
		f := field{name: sf.Name, key: key, typ: sf.Type}
		f.optional = slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Map}, sf.Type.Kind()) || f.ignored()
		for option := range strings.SplitSeq(options, ",") {
			f.nonnull = f.nonnull || option == "nonnull"
			if list, ok := strings.CutPrefix(option, "enum="); ok {
				f.enum = strings.Split(list, "|")
			}
		}
		all = append(all, f)
	}
	return all
}

func (f field) ignored() bool { return f.typ == reflect.TypeFor[wire.Ignored]() }

func fieldOf(t reflect.Type, key string) field {
	all := fields(t)
	return all[slices.IndexFunc(all, func(f field) bool { return f.key == key })]
}

// inner is the struct that a field or its elements hold, nil for none.
func (f field) inner() reflect.Type {
	t := f.typ
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct && len(fields(t)) > 0 {
		return t
	}
	return nil
}

// A place is an object within one of the bodies.
type place struct {
	body  int
	owner reflect.Type
	at    trail
}

// places finds every object in a link.
func places(link object, visit func(owner reflect.Type, o object, at trail)) {
	var find func(t reflect.Type, v any, at trail)
	find = func(t reflect.Type, v any, at trail) {
		switch v := v.(type) {
		case object:
			visit(t, v, at)
			for _, f := range fields(t) {
				if inner := f.inner(); inner != nil {
					find(inner, v[f.key], at.to(f.key))
				}
			}
		case []any:
			for i, element := range v {
				find(t, element, at.to(i))
			}
		}
	}
	find(reflect.TypeFor[fetch.CheckoutLink](), link, nil)
}
