package fetch_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/wire"
)

// nothingLost expects every value of the body in a field or in an Extra.
func nothingLost(tb testing.TB, body []byte, link *fetch.CheckoutLink) {
	tb.Helper()
	sent, kept := leaves{}, leaves{}
	sent.json("", body)
	maps.DeleteFunc(sent, func(path, _ string) bool { return copies.MatchString(path) })
	kept.read("", reflect.ValueOf(link))
	if !maps.Equal(sent, kept) {
		tb.Errorf("sent and kept: %s", cmp.Diff(sent, kept))
	}
}

// copies are the link's deprecated keys, whose values stand elsewhere too.
var copies = regexp.MustCompile(`^\.(product|product_id|product_price|product_price_id)(\.|\[|$)`)

// leaves are the values in a text, or in what was read of it, by where they stand.
// What means the same is spelled the same; a null is like an absent key.
type leaves map[string]string

func (l leaves) json(path string, text []byte) {
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) == nil {
		l.value(path, v)
	}
}

func (l leaves) value(path string, v any) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for key, value := range v {
			l.value(path+"."+clean(key), value)
		}
	case []any:
		for i, value := range v {
			l.value(fmt.Sprintf("%s[%d]", path, i), value)
		}
	default:
		l[path] = spelled(clean(fmt.Sprint(v)))
	}
}

// read adds a decoded value: an Extra to the object that it is of, every other
// field under its key.
func (l leaves) read(path string, v reflect.Value) {
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

func (l leaves) parts(path string, v reflect.Value) {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		l.read(path, v.Elem())
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			l.read(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case v.Kind() == reflect.Struct:
		for sf, field := range v.Fields() {
			switch key, option, _ := strings.Cut(sf.Tag.Get("wire"), ","); {
			case option == "unknown":
				l.read(path, field)
			case key != "" && sf.IsExported():
				l.read(path+"."+key, field)
			}
		}
	}
}

// clean is text as Postgres can hold it.
func clean(text string) string { return strings.ReplaceAll(text, "\x00", "\uFFFD") }

var number = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?$`)

// spelled gives ids, numbers and times that mean the same the same spelling.
func spelled(text string) string {
	if id, err := uuid.Parse(text); err == nil {
		return id.String()
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
