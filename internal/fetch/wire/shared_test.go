package wire_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch/wire"
)

type shelf struct {
	Boxes []box        `wire:"boxes,shared"`
	First wire.Ignored `wire:"first,shared"`
	Extra wire.Extra   `wire:",unknown"`
}

type box struct {
	ID    int64      `wire:"id"`
	Name  string     `wire:"name"`
	Kind  string     `wire:"kind,enum=plain"`
	Items []item     `wire:"items"`
	Sent  wire.Span  `wire:",span"`
	Extra wire.Extra `wire:",unknown"`
}

// boxText is a box long enough to be remembered.
func boxText(id, more string) string {
	return `{"name":"` + strings.Repeat("a", 200) + `","id":` + id + `,"kind":"odd","items":[{"n":1}],"new":` + more + `}`
}

// TestTheSameTextIsTheSameValue checks that a remembered object reads like a
// fresh one, beside others that begin alike.
func TestTheSameTextIsTheSameValue(t *testing.T) {
	t.Parallel()
	ids := []string{"1", "2", "1", "10", "1", "2", "3", "4", "5", "6", "7", "8", "9", "9", "1"}
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = boxText(id, `"`+id+`"`)
	}
	text := `{"boxes":[ ` + strings.Join(texts, " , ") + `],"first":` + texts[0] + `,"after":1}`
	got, notes := mustDecode[shelf](t, text)
	if len(got.Boxes) != len(ids) || string(got.Extra) != `{"after":1}` {
		t.Fatalf("%d boxes, extra %s", len(got.Boxes), got.Extra)
	}
	for i, id := range ids {
		alone, _ := mustDecode[shelf](t, `{"boxes":[`+texts[i]+`]}`)
		b := got.Boxes[i]
		if sent := text[b.Sent.Start:b.Sent.End]; sent != texts[i] {
			t.Errorf("box %d was sent as %s", i, sent)
		}
		b.Sent, alone.Boxes[0].Sent = wire.Span{}, wire.Span{}
		if diff := cmp.Diff(alone.Boxes[0], b); diff != "" {
			t.Errorf("box %d, id %s: %s", i, id, diff)
		}
	}
	var unknown int
	for _, n := range notes {
		if n.Path == "boxes[].kind" && n.Kind == wire.UnknownValue || n.Path == "boxes[].new" && n.Kind == wire.UnknownKey {
			unknown++
		}
	}
	if unknown != 2*len(ids) {
		t.Errorf("%d notes of %d boxes: each copy has its own", unknown, len(ids))
	}
}

// TestABrokenCopyIsBroken checks that only readable objects are remembered.
func TestABrokenCopyIsBroken(t *testing.T) {
	t.Parallel()
	good, bad := boxText("1", "1"), boxText(`"x"`, "1")
	_, _, err := decode[shelf](`{"boxes":[` + good + `,` + bad + `]}`)
	if err == nil || !strings.HasPrefix(err.Error(), "boxes[1].id: ") {
		t.Errorf("error %v", err)
	}
	for _, first := range []string{good, bad, good[:len(good)-1], `"` + good} {
		text := `{"boxes":[` + good + `],"first":` + first + `}`
		_, _, err := decode[shelf](text)
		if isJSON := first == good || first == bad; isJSON != (err == nil) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

type tray struct {
	Boxes []wire.Try[box] `wire:"boxes"`
	Count int64           `wire:"count"`
}

// TestABrokenElementLeavesTheOthers checks that an element that is JSON but
// does not fit is an error of its own.
func TestABrokenElementLeavesTheOthers(t *testing.T) {
	t.Parallel()
	texts := []string{boxText("1", "1"), boxText(`null`, "1"), `3`, `[{}]`, boxText("2", "1"), `{}`, `null`, boxText("1", "1")}
	reasons := []string{"", "id: null", "an object expected, found a number", "an object expected, found an array", "", "id: missing", "an object expected, found null", ""}
	got, notes := mustDecode[tray](t, `{"boxes":[`+strings.Join(texts, ",\n")+`],"count":8}`)
	if len(got.Boxes) != len(texts) || got.Count != 8 || len(notes) != 0 {
		t.Fatalf("%d boxes, count %d, notes %v", len(got.Boxes), got.Count, notes)
	}
	for i, b := range got.Boxes {
		if string(b.Body) != texts[i] {
			t.Errorf("box %d was sent as %s", i, b.Body)
		}
		reason := ""
		if b.Err != nil {
			reason = b.Err.Error()
		}
		if !strings.HasPrefix(reason, reasons[i]) || (reason == "") != (reasons[i] == "") || (b.Value == nil) != (reason != "") {
			t.Errorf("box %d: %q, want %q; value %v", i, reason, reasons[i], b.Value)
		}
		if reason == "" && len(b.Notes) != 2 {
			t.Errorf("box %d: notes %v", i, b.Notes)
		}
	}
	for _, text := range []string{`{"boxes":[{"id":1,]}`, `{"boxes":[1`, `{"boxes":[1 2],"count":1}`, `{"boxes":{},"count":1}`} {
		if got, _, err := decode[tray](text); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
}
