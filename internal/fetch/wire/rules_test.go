package wire_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch/wire"
)

func TestARequiredFieldThatIsMissingOrNullIsAnError(t *testing.T) {
	t.Parallel()
	mustDecode[strict](t, strictText)
	for field := range reflect.TypeFor[strict]().Fields() {
		key, _, _ := strings.Cut(field.Tag.Get("wire"), ",")
		if field.Type.Kind() == reflect.Pointer || key == "" {
			continue
		}
		_, _, err := decode[strict](strings.Replace(strictText, `"`+key+`":`, `"_":`, 1))
		wantError(t, err, key, "missing")
		_, _, err = decode[strict](strings.Replace(strictText, `"`+key+`":`, `"`+key+`":null,"_":`, 1))
		wantError(t, err, key, "null")
	}
	_, _, err := decode[strict](strings.Replace(strictText, `{"n":2}`, `{"m":2}`, 1))
	wantError(t, err, "items[1].n", "missing")
	_, _, err = decode[strict](strings.Replace(strictText, `{"n":1}`, `{"n":null}`, 1))
	wantError(t, err, "items[0].n", "null")
}

func TestAnOptionalFieldMayBeAbsent(t *testing.T) {
	t.Parallel()
	got, notes := mustDecode[strict](t, strictText)
	if got.Maybe != nil || got.Absent != nil || got.Extra != nil {
		t.Errorf("maybe %v, absent %v, extra %s", got.Maybe, got.Absent, got.Extra)
	}
	wantNotes(t, notes)
	got, _ = mustDecode[strict](t, strings.Replace(strictText, "{", `{"maybe":null,`, 1))
	if got.Maybe != nil {
		t.Errorf("maybe %v", got.Maybe)
	}
	_, _, err := decode[strict](strings.Replace(strictText, "{", `{"absent":null,`, 1))
	wantError(t, err, "absent", "null")
	got, _ = mustDecode[strict](t, strings.Replace(strictText, "{", `{"absent":"a","maybe":"",`, 1))
	if got.Maybe == nil || *got.Maybe != "" || got.Absent == nil || *got.Absent != "a" {
		t.Errorf("maybe %v, absent %v", got.Maybe, got.Absent)
	}
}

func TestAnOptionalFieldOfAKnownKindMustFit(t *testing.T) {
	t.Parallel()
	// strict always knows its kind, so no field of it may be odd.
	_, _, err := decode[strict](strings.Replace(strictText, "{", `{"maybe":[1],`, 1))
	wantError(t, err, "maybe", "a string expected, found an array")
}

// shifty states its kind after what depends on it, as objects may.
type shifty struct {
	Size  *int64     `wire:"size"`
	Parts *[]part    `wire:"parts,nonnull"`
	Kind  string     `wire:"kind,enum=known"`
	Extra wire.Extra `wire:",unknown"`
}

func (s *shifty) Unknown() bool { return s.Kind != "known" }

func (s *shifty) Check() (key, reason string) {
	if s.Kind == "known" && s.Size == nil {
		return "size", "missing, and the known kind has it"
	}
	return "", ""
}

func TestAnOptionalFieldOfAnUnknownKindGoesToExtraWhenItDoesNotFit(t *testing.T) {
	t.Parallel()
	got, notes := mustDecode[shifty](t, `{"size":{"width":1,"w\u0000":"\ud800"},"parts":[{"n":1,"new":2},{"n":"x"}],"kind":"odd"}`)
	if diff := cmp.Diff(shifty{
		Kind:  "odd",
		Extra: wire.Extra("{\"size\":{\"width\":1,\"w\uFFFD\":\"\uFFFD\"},\"parts\":[{\"n\":1,\"new\":2},{\"n\":\"x\"}]}"),
	}, got); diff != "" {
		t.Error(diff)
	}
	size, parts := []byte(`{"width":1,"w\u0000":"\ud800"}`), []byte(`[{"n":1,"new":2},{"n":"x"}]`)
	wantNotes(t, notes,
		wire.Note{Kind: wire.UnknownValue, Path: "kind", Value: []byte(`"odd"`)},
		wire.Note{Kind: wire.OddShape, Path: "size", Value: size},
		wire.Note{Kind: wire.CleanedText, Path: "size", Value: size},
		wire.Note{Kind: wire.OddShape, Path: "parts", Value: parts},
	)

	got, _ = mustDecode[shifty](t, `{"kind":"odd","parts":null}`)
	if diff := cmp.Diff(shifty{Kind: "odd", Extra: wire.Extra(`{"parts":null}`)}, got); diff != "" {
		t.Error(diff)
	}
}

// house has a door only if it is one.
type house struct {
	Door  *part      `wire:"door,loose,of=house"`
	Size  *int64     `wire:"size,loose"`
	Type  string     `wire:"type"`
	Extra wire.Extra `wire:",unknown"`
}

func (h *house) Kind() string { return h.Type }

func TestAKeyOfOneKindIsUnknownInOthers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		house house
		notes []wire.Note
	}{
		`{"door":{"n":1},"type":"house"}`: {house{Door: &part{N: new(int64(1))}, Type: "house"}, nil},
		`{"type":"house","door": {"n":1,"new":2},"size":3}`: {
			house{Door: &part{N: new(int64(1))}, Size: new(int64(3)), Type: "house", Extra: wire.Extra(`{"door":{"new":2}}`)},
			[]wire.Note{{Kind: wire.UnknownKey, Path: "door.new", Value: []byte("2")}},
		},
		`{"door":{"n":"x"},"type":"house"}`: {
			house{Type: "house", Extra: wire.Extra(`{"door":{"n":"x"}}`)}, []wire.Note{{Kind: wire.OddShape, Path: "door", Value: []byte(`{"n":"x"}`)}},
		},
		`{"door":{"n":1},"size":"xl","type":"tent"}`: {
			house{Type: "tent", Extra: wire.Extra(`{"door":{"n":1},"size":"xl"}`)},
			[]wire.Note{{Kind: wire.UnknownKey, Path: "door", Value: []byte(`{"n":1}`)}, {Kind: wire.OddShape, Path: "size", Value: []byte(`"xl"`)}},
		},
	} {
		got, notes := mustDecode[house](t, text)
		if diff := cmp.Diff(want.house, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
		wantNotes(t, notes, want.notes...)
	}
	_, _, err := decode[house](`{"door":{"n":tru},"type":"tent"}`)
	wantError(t, err, "door", "expected a JSON value at byte 13")
	_, _, err = decode[house](`{"door":1,"door":2,"type":"tent"}`)
	wantError(t, err, "door", "the key stands twice")
}

func TestAfterAMisfitTheReaderIsWhereItWas(t *testing.T) {
	t.Parallel()
	misfit := `"parts":[{"list":[{"n":1,"x":"\ud800"},{"n":"1"}]}]`
	deepest := `"new":` + strings.Repeat("[", 499) + strings.Repeat("]", 499)
	got, notes := mustDecode[every](t, "{"+misfit+","+deepest+`,"text":"t"}`)
	if *got.Text != "t" || got.Parts != nil || len(notes) != 3 || notes[0].Path != "new" || notes[1].Path != "parts" || notes[2].Path != "parts" {
		t.Errorf("%+v, %q", got, notes)
	}
	_, _, err := decode[every]("{" + misfit + "," + strings.Replace(deepest, "]", `{"a":[]}]`, 1) + "}")
	wantError(t, err, "new", "nested deeper than 500 at byte 559")
}

func TestTheSameMisfitInAKnownKindIsAnError(t *testing.T) {
	t.Parallel()
	_, _, err := decode[shifty](`{"size":1,"parts":[{"n":1,"new":2},{"n":"x"}],"kind":"known"}`)
	wantError(t, err, "parts[1].n", "an integer expected, found a string")
	_, _, err = decode[shifty](`{"size":1,"parts":null,"kind":"known"}`)
	wantError(t, err, "parts", "null")
	_, _, err = decode[shifty](`{"kind":"known"}`)
	wantError(t, err, "size", "missing, and the known kind has it")
	// Broken JSON is an error in every kind, and comes first.
	_, _, err = decode[shifty](`{"size":{"width":tru},"kind":"odd"}`)
	wantError(t, err, "size", "expected a JSON value at byte 17")
	_, _, err = decode[shifty](`{"parts":[{"n":1},{"n":"x"},tru],"kind":"odd"}`)
	wantError(t, err, "parts", "expected a JSON value at byte 28")
	// So is a missing kind.
	_, _, err = decode[shifty](`{"size":{}}`)
	wantError(t, err, "kind", "missing")
}

func TestAMemberThatStandsTwiceIsAnError(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ text, path string }{
		{`{"text":"a","text":"a"}`, "text"},
		{`{"text":"a","int":1,"\u0074ext":"b"}`, "text"},
		{`{"int":[],"int":1}`, "int"}, // a misfit counts too
		{`{"old":1,"old":1}`, "old"},
		{`{"new":1,"other":2,"new":3}`, "new"},
		{`{"new":1,"n\u0065w":1}`, "new"},
		{`{"é":1,"\u00e9":1}`, "é"},
		{`{"a\/b":1,"a/b":1}`, "a/b"},
		{`{"":1,"":1}`, ""},
	} {
		_, _, err := decode[every](row.text)
		wantError(t, err, row.path, "the key stands twice")
	}
	type amounts struct {
		Amounts map[string]int64 `wire:"amounts"`
	}
	_, _, err := decode[amounts](`{"amounts":{"usd":1,"eur":2,"us\u0064":1}}`)
	wantError(t, err, "amounts.usd", "the key stands twice")
}

func TestKeysMatchInTheirCase(t *testing.T) {
	t.Parallel()
	got, _ := mustDecode[every](t, `{"Text":"a","TEXT":"b","text":"c","tex":"d","texts":"e"," text":"f"}`)
	if *got.Text != "c" {
		t.Errorf("text %q", *got.Text)
	}
	if diff := cmp.Diff(`{"Text":"a","TEXT":"b","tex":"d","texts":"e"," text":"f"}`, string(got.Extra)); diff != "" {
		t.Error(diff)
	}
}

func TestKeysMayComeInAnyOrderAndSpelling(t *testing.T) {
	t.Parallel()
	got, notes := mustDecode[every](t, `{"bool":false,"int":2,"\u0074\u0065xt":"a","enum":"b"}`)
	if *got.Bool || *got.Int != 2 || *got.Text != "a" || *got.Enum != "b" {
		t.Errorf("%+v", got)
	}
	wantNotes(t, notes)
}

func TestAnUnknownEnumValueIsKeptAndNoted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"c", "", "A", "a ", "aa", "é"} {
		got, notes := mustDecode[every](t, `{"enum":"`+text+`"}`)
		if *got.Enum != text {
			t.Errorf("%q: %q", text, *got.Enum)
		}
		wantNotes(t, notes, wire.Note{Kind: wire.UnknownValue, Path: "enum", Value: []byte(`"` + text + `"`)})
	}
	_, notes := mustDecode[every](t, `{"enum":"\u0061"}`)
	wantNotes(t, notes)
}

func TestAnIgnoredValueIsSkippedButMustBeJSON(t *testing.T) {
	t.Parallel()
	got, notes := mustDecode[every](t, `{"old":{"a":[1,2,{"b":null}],"c":"\ud800"},"int":1}`)
	if *got.Int != 1 || got.Extra != nil {
		t.Errorf("%+v", got)
	}
	wantNotes(t, notes)
	_, _, err := decode[every](`{"old":{"a":[1,2,]}}`)
	wantError(t, err, "old", "expected a JSON value at byte 17")
}

func TestAMistakeInATypeIsFoundAtTheStart(t *testing.T) {
	t.Parallel()
	for name, shape := range map[string]func() *wire.Shape{
		"option": wire.ShapeOf[struct {
			A string `wire:"a,optional"`
		}],
		"nonnull on what is never null": wire.ShapeOf[struct {
			A string `wire:"a,nonnull"`
		}],
		"type": wire.ShapeOf[struct {
			A float64 `wire:"a"`
		}],
		"pointer to pointer": wire.ShapeOf[struct {
			A **string `wire:"a"`
		}],
		"loose on what is required": wire.ShapeOf[struct {
			A string `wire:"a,loose"`
		}],
		"of a kind without kinds": wire.ShapeOf[struct {
			A *string `wire:"a,of=b"`
		}],
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			shape()
		}()
	}
}

func TestErrorsReadAsAPathAndAReason(t *testing.T) {
	t.Parallel()
	if got := (&wire.Error{Path: "a[0].b", Reason: "null"}).Error(); got != "a[0].b: null" {
		t.Error(got)
	}
	if got := (&wire.Error{Reason: "null"}).Error(); got != "null" {
		t.Error(got)
	}
}
