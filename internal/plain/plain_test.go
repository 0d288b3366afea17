package plain_test

import (
	"encoding/json"
	"testing"

	"syncer/internal/plain"
)

func TestWhatDrivesATerminalIsShownEscaped(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{ // as a line, as a text
		"Zoë's “Pro” – 日本語 🙂":            {"Zoë's “Pro” – 日本語 🙂", "Zoë's “Pro” – 日本語 🙂"},
		"a\nPROBLEM\r\tb":                {`a\nPROBLEM\r\tb`, "a\nPROBLEM" + `\r` + "\tb"},
		"\x1b[2J\x07\x00":                {`\x1b[2J\x07\x00`, `\x1b[2J\x07\x00`},
		"\u009b31m \u0085 \u007f":        {`\u009b31m \u0085 \u007f`, `\u009b31m \u0085 \u007f`},
		"\u202eevil\u202c":               {`\u202eevil\u202c`, `\u202eevil\u202c`},
		"\u2066a\u2069\u200e\u200f":      {`\u2066a\u2069\u200e\u200f`, `\u2066a\u2069\u200e\u200f`},
		"\u061c\u2028\u2029":             {`\u061c\u2028\u2029`, `\u061c\u2028\u2029`},
		"\x9b31m":                        {`\x9b31m`, `\x9b31m`}, // C1 as a byte
		"replaced \ufffd and \xff\ufffd": {"replaced \ufffd and \\xff\ufffd", "replaced \ufffd and \\xff\ufffd"},
	} {
		if got := plain.Line(text); got != want[0] {
			t.Errorf("line %q: got %q, want %q", text, got, want[0])
		}
		if got := plain.Text(text); got != want[1] {
			t.Errorf("text %q: got %q, want %q", text, got, want[1])
		}
	}
}

// TestJSONStaysJSON: commands print both through the same outlet.
func TestJSONStaysJSON(t *testing.T) {
	t.Parallel()
	for r := range rune(0x2100) {
		name := "a" + string(r) + "b"
		encoded, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		var back string
		if err := json.Unmarshal([]byte(plain.Text(string(encoded))), &back); err != nil || back != name {
			t.Fatalf("%U: %q, %v", r, back, err)
		}
	}
}
