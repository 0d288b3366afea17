// Package wiretest proves that the reader of package wire loses nothing.
package wiretest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/fetch/wire"
)

// Lost compares a JSON text with what it was decoded into: every value has to
// stand in a field, or in the Extra of an object around it. It returns what does
// not, "" when nothing is lost. Of keys that become one when they are cleaned
// there is no telling which value is meant, so nothing is lost then.
func Lost(sent []byte, v any) string {
	want, got := leaves{at: map[string]string{}}, leaves{at: map[string]string{}}
	want.json("", sent)
	got.read("", reflect.ValueOf(v))
	maps.DeleteFunc(want.at, func(path, _ string) bool { return got.ignores(path) })
	if want.clash || maps.Equal(want.at, got.at) {
		return ""
	}
	return cmp.Diff(want.at, got.at)
}

// leaves are the values in a text, or in what was read of it, by where they stand.
// What means the same is spelled the same; a null is like an absent key.
type leaves struct {
	at      map[string]string
	ignored []string // paths of what is known and not wanted
	clash   bool
}

func (l *leaves) ignores(path string) bool {
	for _, ignored := range l.ignored {
		if rest, under := strings.CutPrefix(path, ignored); under && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}

func (l *leaves) json(path string, text []byte) {
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) == nil {
		l.value(path, v)
	}
}

func (l *leaves) value(path string, v any) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		cleaned := map[string]bool{}
		for key, value := range v {
			l.value(path+"."+clean(key), value)
			l.clash = l.clash || cleaned[clean(key)]
			cleaned[clean(key)] = true
		}
	case []any:
		for i, value := range v {
			l.value(fmt.Sprintf("%s[%d]", path, i), value)
		}
	case bool:
		l.at[path] = fmt.Sprint("a boolean, ", v) // not the text
	default:
		l.at[path] = spelled(clean(fmt.Sprint(v)))
	}
}

// read adds a decoded value: an Extra to the object that it is of, every other
// field under its key.
func (l *leaves) read(path string, v reflect.Value) {
	switch x := v.Interface().(type) {
	case wire.Extra:
		l.json(path, x)
	case json.RawMessage:
		l.json(path, x)
	case time.Time:
		l.value(path, x.Format(time.RFC3339Nano))
	case map[string]int64:
		for key, n := range x {
			l.value(path+"."+key, n)
		}
	case string, wire.Decimal, uuid.UUID, bool, int64:
		l.value(path, x)
	default:
		l.parts(path, v)
	}
}

func (l *leaves) parts(path string, v reflect.Value) {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		l.read(path, v.Elem())
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			l.read(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case v.Kind() == reflect.Struct && v.FieldByName("Body").IsValid(): // a Try
		l.json(path, v.FieldByName("Body").Bytes())
	case v.Kind() == reflect.Struct:
		for sf, field := range v.Fields() {
			switch key, option, _ := strings.Cut(sf.Tag.Get("wire"), ","); {
			case sf.Type == reflect.TypeFor[wire.Ignored]():
				l.ignored = append(l.ignored, path+"."+key)
			case option == "unknown":
				l.read(path, field)
			case key != "":
				l.read(path+"."+key, field)
			}
		}
	}
}

// clean is text as Postgres can hold it.
func clean(text string) string { return strings.ReplaceAll(text, "\x00", "\uFFFD") }

var number = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?0*\d{1,4})?$`)

// zero is one whatever its exponent, which would fill the memory of a big.Rat.
var zero = regexp.MustCompile(`^[+-]?(0+\.?0*|\.0+)([eE][+-]?\d+)?$`)

// spelled gives ids, numbers and times that mean the same the same spelling.
func spelled(text string) string {
	if id, err := uuid.Parse(text); err == nil {
		return id.String()
	}
	if zero.MatchString(text) {
		return "0"
	}
	if number.MatchString(text) {
		if r, ok := new(big.Rat).SetString(text); ok {
			return r.String()
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
		}
	}
	return text
}
