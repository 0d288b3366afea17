package wire_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch/wire"
)

func TestNoFieldKeepsUnknownKeysAtTheTop(t *testing.T) {
	t.Parallel()
	_, _, err := decode[part](`{"n":1,"new":2}`)
	wantError(t, err, "", "unknown keys and no field to keep them")
}

func TestUnknownKeysAreKeptWhereTheyAreOrMirroredAround(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"new":1,"int":2,"more":[ ]}`:                                           `{"new":1,"more":[ ]}`,
		`{"part":{"n":1,"new":2}}`:                                               `{"part":{"new":2}}`,
		`{"part":{"new":2,"sub":{"n":1,"x":"y"}},"z":0}`:                         `{"part":{"new":2,"sub":{"x":"y"}},"z":0}`,
		`{"parts":[{"n":1},{"n":2,"new":3},{"n":4}]}`:                            `{"parts":[{},{"new":3},{}]}`,
		`{"parts":[{"new":1},{"n":2}],"part":{"n":1}}`:                           `{"parts":[{"new":1},{}]}`,
		`{"parts":[{},{"list":[{"n":1},{"n":1},{"n":1,"x":1}]}]}`:                `{"parts":[{},{"list":[{},{},{"x":1}]}]}`,
		`{"part":{"list":[{"n":1,"x":1},{"n":2}],"sub":{"n":3,"x":2},"new":{}}}`: `{"part":{"list":[{"x":1},{}],"sub":{"x":2},"new":{}}}`,
		`{"p\u0061rt":{"new":1}}`:                                                `{"p\u0061rt":{"new":1}}`,
		`{"":1}`:                                                                 `{"":1}`,
	} {
		got, _ := mustDecode[every](t, text)
		if diff := cmp.Diff(want, string(got.Extra)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	got, _ := mustDecode[strict](t, strings.Replace(strictText, `{"n":2}`, `{"n":2,"new":3}`, 1))
	if got.Extra != nil || string(got.Items[1].Extra) != `{"new":3}` || got.Items[0].Extra != nil {
		t.Errorf("extra %s, items %s %s", got.Extra, got.Items[0].Extra, got.Items[1].Extra)
	}
}

func TestNotesHaveNoIndicesAndErrorsDo(t *testing.T) {
	t.Parallel()
	_, notes := mustDecode[every](t, `{"parts":[{},{"list":[{"n":1},{"n":2,"x":{"y":1}}]}]}`)
	wantNotes(t, notes, wire.Note{Kind: wire.UnknownKey, Path: "parts[].list[].x", Value: []byte(`{"y":1}`)})
	type list struct {
		Parts []part `wire:"parts"`
	}
	_, _, err := decode[list](`{"parts":[{},{"list":[{"n":1},{"n":[]}]}]}`)
	wantError(t, err, "parts[1].list[1].n", "an integer expected, found an array")
}

func TestASpanIsWhereAnObjectStands(t *testing.T) {
	t.Parallel()
	type inner struct {
		N    *int64    `wire:"n"`
		Sent wire.Span `wire:",span"`
	}
	type outer struct {
		One  *inner    `wire:"one"`
		Many []inner   `wire:"many"`
		Sent wire.Span `wire:",span"`
	}
	text := ` { "one" : {"n":1 } , "many":[ {} ,{"n":2}] } `
	got, _ := mustDecode[outer](t, text)
	var spans []string
	for _, s := range []wire.Span{got.Sent, got.One.Sent, got.Many[0].Sent, got.Many[1].Sent} {
		spans = append(spans, text[s.Start:s.End])
	}
	want := []string{strings.TrimSpace(text), `{"n":1 }`, `{}`, `{"n":2}`}
	if diff := cmp.Diff(want, spans); diff != "" {
		t.Error(diff)
	}
}

func TestALongOrEmptyKeyMakesAPathThatCanBeStored(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 5000)
	got, notes := mustDecode[every](t, `{"part":{"`+long+`":1},"":2}`)
	if diff := cmp.Diff(`{"part":{"`+long+`":1},"":2}`, string(got.Extra)); diff != "" {
		t.Error(diff)
	}
	wantNotes(t, notes,
		wire.Note{Kind: wire.UnknownKey, Path: "part." + strings.Repeat("é", 50) + "…", Value: []byte("1")},
		wire.Note{Kind: wire.UnknownKey, Path: "", Value: []byte("2")},
	)
}

func TestManyUnknownKeysAreReadInOneGo(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 200_000 { // a linear search per key would never end
		fmt.Fprintf(&b, `,"k%d":%d`, i, i)
	}
	text := "{" + b.String()[1:] + "}"
	got, notes := mustDecode[every](t, text)
	if string(got.Extra) != text || len(notes) != 200_000 {
		t.Errorf("%d bytes and %d notes of %d", len(got.Extra), len(notes), len(text))
	}
}

func TestAMemberIsAddedToExtra(t *testing.T) {
	t.Parallel()
	extra := wire.Extra(nil).With("a", []byte("1"))
	if diff := cmp.Diff(`{"a":1}`, string(extra)); diff != "" {
		t.Error(diff)
	}
	longer := extra.With("b", []byte(`"x"`))
	if diff := cmp.Diff(`{"a":1,"b":"x"}`, string(longer)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(`{"a":1}`, string(extra)); diff != "" {
		t.Errorf("changed underneath: %s", diff)
	}
}
