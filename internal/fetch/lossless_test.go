package fetch_test

import (
	"encoding/json"
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

// nothingLost expects every value of the body in a field or in an Extra: put
// together again they are what was sent.
func nothingLost(tb testing.TB, body []byte, link *fetch.CheckoutLink) {
	tb.Helper()
	sent := parse(tb, body)
	for _, f := range fields(reflect.TypeFor[fetch.CheckoutLink]()) {
		if f.ignored() {
			delete(sent, f.key)
		}
	}
	want, got := canonical(sent), canonical(putTogether(tb, reflect.ValueOf(link).Elem()))
	if !reflect.DeepEqual(want, got) { // in a fraction of cmp's time
		tb.Errorf("sent and kept: %s", cmp.Diff(want, got))
	}
}

// putTogether is the JSON object that a struct came from.
func putTogether(tb testing.TB, v reflect.Value) object {
	tb.Helper()
	o := object{}
	for _, f := range fields(v.Type()) {
		fv := v.FieldByName(f.name)
		if f.ignored() || fv.Kind() == reflect.Pointer && fv.IsNil() {
			continue
		}
		o[f.key] = written(tb, reflect.Indirect(fv))
	}
	if extra, ok := v.FieldByIndex(extraOf(v.Type())).Interface().(wire.Extra); ok && extra != nil {
		merge(o, parse(tb, extra))
	}
	return o
}

// extraOf is where a struct's Extra is, its first field when it has none.
func extraOf(t reflect.Type) []int {
	if sf, ok := t.FieldByName("Extra"); ok {
		return sf.Index
	}
	return []int{0}
}

func written(tb testing.TB, v reflect.Value) any {
	tb.Helper()
	switch x := v.Interface().(type) {
	case json.RawMessage:
		value, err := parseAny(x)
		if err != nil {
			tb.Fatalf("raw %q: %v", x, err)
		}
		return value
	case time.Time, uuid.UUID, wire.Decimal, string, bool, int64, map[string]int64:
		value, err := parseAny(text(tb, x))
		if err != nil {
			tb.Fatal(err)
		}
		return value
	}
	if v.Kind() == reflect.Struct {
		return putTogether(tb, v)
	}
	list := []any{}
	for i := range v.Len() {
		list = append(list, putTogether(tb, v.Index(i)))
	}
	return list
}

// merge adds to o what more has.
func merge(o, more object) {
	for key, value := range more {
		switch value := value.(type) {
		case object:
			if mine, ok := o[key].(object); ok {
				merge(mine, value)
				continue
			}
		case []any:
			if mine, ok := o[key].([]any); ok && len(mine) == len(value) {
				for i := range value {
					merge(mine[i].(object), value[i].(object))
				}
				continue
			}
		}
		o[key] = value
	}
}

var number = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?$`)

// canonical makes values alike that mean the same: numbers by value, also those
// written as texts, times and ids in one spelling, texts as Postgres holds them,
// and a null like an absent key.
func canonical(v any) any {
	switch v := v.(type) {
	case object:
		o := object{}
		for key, value := range v {
			if value != nil {
				o[clean(key)] = canonical(value)
			}
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = canonical(v[i])
		}
		return list
	case json.Number:
		return canonicalText(v.String())
	case string:
		return canonicalText(clean(v))
	}
	return v
}

func clean(text string) string { return strings.ReplaceAll(text, "\x00", "\uFFFD") }

func canonicalText(text string) string {
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
