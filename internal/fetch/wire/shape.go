package wire

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Shape describes what a struct type expects, worked out once per type.
type Shape struct {
	fields []field
	byKey  map[string]int
	extra  int // index of the Extra field in the struct, -1 without
	span   int // index of the Span field in the struct, -1 without
}

type field struct {
	key       string
	quotedKey []byte // its usual spelling in the text
	index     int    // in the struct
	read      reader
	elem      *Shape // of a nested struct or of a slice's elements
	optional  bool   // may be absent
	nullable  bool   // may be null
	shared    bool   // the same object may stand in many places, see memo
	counter   bool   // changes all the time: left out of Hash
	apart     bool   // a thing of its own: Hash counts its id only
	unordered bool   // the order of its elements means nothing
	loose     bool   // what does not fit goes to Extra
	of        string // the kind of object that has it; "": every kind
	enum      []string
}

// reader reads one kind of Go type.
type reader int

const (
	readText reader = iota
	readBool
	readInt
	readDecimal
	readTime
	readUUID
	readRaw
	readAmounts
	readStruct
	readSlice
	readTries
	ignored
)

// ShapeOf works out the shape of struct type T. It panics on a type or tag it
// does not know: that is a mistake in the program.
func ShapeOf[T any]() *Shape {
	return shapeOf(reflect.TypeFor[T]())
}

func shapeOf(t reflect.Type) *Shape {
	s := &Shape{byKey: map[string]int{}, extra: -1, span: -1}
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, ok := sf.Tag.Lookup("wire")
		if !ok {
			continue
		}
		key, options, _ := strings.Cut(tag, ",")
		if options == "unknown" {
			s.extra = i
			continue
		}
		if options == "span" {
			s.span = i
			continue
		}
		f := field{key: key, quotedKey: []byte(`"` + key + `"`), index: i}
		f.typed(sf.Type)
		for option := range strings.SplitSeq(options, ",") {
			name, value, _ := strings.Cut(option, "=")
			switch {
			case option == "":
			case name == "enum":
				f.enum = strings.Split(value, "|")
			case name == "of" && f.optional && reflect.PointerTo(t).Implements(reflect.TypeFor[Kinded]()):
				f.of = value
			case option == "loose" && f.optional:
				f.loose = true
			case option == "nonnull" && f.nullable:
				f.nullable = false
			case option == "shared" && (f.read == readSlice || f.read == ignored):
				f.shared = true
			case option == "counter":
				f.counter = true
			case option == "apart" && (f.read == readSlice || f.read == readStruct):
				f.apart = true
			case option == "unordered" && f.read == readSlice:
				f.unordered = true
			default:
				panic(fmt.Sprintf("wire: %s.%s: option %q", t, sf.Name, option))
			}
		}
		s.byKey[key] = len(s.fields)
		s.fields = append(s.fields, f)
	}
	if len(s.fields) > 64 {
		panic(fmt.Sprintf("wire: %s has more than 64 fields", t))
	}
	return s
}

// Enum returns the texts that the field with that key lists.
func (s *Shape) Enum(key string) []string { return s.fields[s.byKey[key]].enum }

// typed sets what the Go type decides: a pointer may be null or absent.
func (f *field) typed(t reflect.Type) {
	if t.Kind() == reflect.Pointer {
		f.optional, f.nullable = true, true
		t = t.Elem()
	}
	simple := map[reflect.Type]reader{
		reflect.TypeFor[string]():           readText,
		reflect.TypeFor[bool]():             readBool,
		reflect.TypeFor[int64]():            readInt,
		reflect.TypeFor[Decimal]():          readDecimal,
		reflect.TypeFor[time.Time]():        readTime,
		reflect.TypeFor[uuid.UUID]():        readUUID,
		reflect.TypeFor[json.RawMessage]():  readRaw,
		reflect.TypeFor[map[string]int64](): readAmounts,
		reflect.TypeFor[Ignored]():          ignored,
	}
	read, ok := simple[t]
	switch {
	case ok:
		f.read = read
		if read == ignored || read == readAmounts {
			f.optional, f.nullable = true, true
		}
	case t.Kind() == reflect.Slice && reflect.PointerTo(t.Elem()).Implements(reflect.TypeFor[tried]()):
		element := reflect.New(t.Elem()).Interface().(tried).element()
		f.read, f.elem = readTries, shapeOf(element)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		f.read, f.elem = readSlice, shapeOf(t.Elem())
	case t.Kind() == reflect.Struct:
		f.read, f.elem = readStruct, shapeOf(t)
	default:
		panic(fmt.Sprintf("wire: field %q: type %s", f.key, t))
	}
}
