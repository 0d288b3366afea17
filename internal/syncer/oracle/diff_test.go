package oracle

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDiffNamesTableKeyAndColumn(t *testing.T) {
	t.Parallel()
	want := Tables{
		"products":         {{"id": new("a"), "name": new("A"), "description": nil}, {"id": new("b"), "name": new("B")}},
		"product_benefits": {{"product_id": new("a"), "position": new("9")}, {"product_id": new("a"), "position": new("10")}},
		"meters":           {},
	}
	got := Tables{
		"products":         {{"id": new("a"), "name": nil, "description": new("")}, {"id": new("c")}, {"id": new("c")}},
		"product_benefits": {{"product_id": new("a"), "position": new("10")}, {"product_id": new("a"), "position": new("9")}},
		"odd":              {{}},
	}
	const report = `products: want 2 rows, got 3
  a: description: want NULL, got ""
  a: name: want "A", got NULL
  b: missing
  c: too much
  c (#2): too much
odd: want 0 rows, got 1
  : too much`
	if diff := Diff(want, got); diff != report {
		t.Errorf("want:\n%s\ngot:\n%s", report, diff)
	}
	if diff := Diff(want, want); diff != "" {
		t.Errorf("equal tables differ:\n%s", diff)
	}
}

func TestDiffStaysShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 10_000)
	var want, got []Row
	for i := range 1000 {
		id := new(fmt.Sprintf("%04d", i))
		want = append(want, Row{"id": id, "name": new(long + "A" + long)})
		got = append(got, Row{"id": id, "name": new(long + "B" + long)})
	}
	diff := Diff(Tables{"products": want}, Tables{"products": got})
	for _, part := range []string{"éA", "éB", "... and 941 lines more"} {
		if !strings.Contains(diff, part) {
			t.Errorf("want %q in the report", part)
		}
	}
	if len(diff) > 40_000 || !utf8.ValidString(diff) || strings.Contains(diff, `\x`) {
		t.Errorf("report of %d bytes:\n%.2000s", len(diff), diff)
	}
}
