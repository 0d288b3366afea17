package sdk_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/polarsource/polar-go/models/components"

	"syncer/internal/fetch"
	"syncer/internal/fetch/wire"
)

// BenchmarkDecode reads the recorded links that the SDK can read in three ways.
// ns/link compares them; an operation is all links once.
func BenchmarkDecode(b *testing.B) {
	var bodies [][]byte
	for _, link := range recorded(b, "alpha") {
		if json.Unmarshal(link.Body, new(components.CheckoutLink)) == nil {
			bodies = append(bodies, link.Body)
		}
	}
	plain := plainStruct(reflect.TypeFor[fetch.CheckoutLink]())
	for _, way := range []struct {
		name   string
		decode func([]byte) error
	}{
		{"ours", func(body []byte) error {
			_, _, err := fetch.DecodeLink(body)
			return err
		}},
		{"sdk", func(body []byte) error { // what CheckoutLinks.Get does with the body
			var link components.CheckoutLink
			return json.Unmarshal(body, &link)
		}},
		{"encoding-json", func(body []byte) error {
			return json.Unmarshal(body, reflect.New(plain).Interface())
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, body := range bodies {
					if err := way.decode(body); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(bodies)), "ns/link")
		})
	}
}

// plainStruct is our type as one would write it for encoding/json: the same
// fields, no unions, no checks, and unknown keys dropped.
func plainStruct(t reflect.Type) reflect.Type {
	switch {
	case t.Kind() == reflect.Pointer:
		return reflect.PointerTo(plainStruct(t.Elem()))
	case t.Kind() == reflect.Slice && isOurs(t.Elem()):
		return reflect.SliceOf(plainStruct(t.Elem()))
	case !isOurs(t):
		return t
	}
	var fields []reflect.StructField
	for sf := range t.Fields() {
		if skipped(sf) {
			continue
		}
		key, _, _ := strings.Cut(sf.Tag.Get("wire"), ",")
		if sf.Type.Kind() == reflect.Pointer || sf.Type.Kind() == reflect.Map {
			key += ",omitempty"
		}
		fields = append(fields, reflect.StructField{
			Name: sf.Name, Type: plainStruct(sf.Type), Tag: reflect.StructTag(`json:"` + key + `"`),
		})
	}
	return reflect.StructOf(fields)
}

// encoding-json is measured reading all there is: written back, it is the same link.
func TestThePlainStructHoldsTheLink(t *testing.T) {
	t.Parallel()
	plain := plainStruct(reflect.TypeFor[fetch.CheckoutLink]())
	for _, link := range recorded(t, "alpha") {
		v := reflect.New(plain).Interface()
		if err := json.Unmarshal(link.Body, v); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		want, _, _ := fetch.DecodeLink(link.Body)
		got, _, err := fetch.DecodeLink(again)
		if diff := cmp.Diff(want, got, byValue, cmpopts.IgnoreTypes(wire.Span{})); err != nil || diff != "" {
			t.Fatalf("link %s: %v (-sent +read):\n%s", link.ID, err, diff)
		}
	}
}
