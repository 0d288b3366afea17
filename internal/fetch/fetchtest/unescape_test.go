package fetchtest

import (
	"encoding/json"
	"testing"
)

// What unescape reads, it reads as encoding/json does, and it accepts nothing
// that encoding/json refuses.
func FuzzUnescape(f *testing.F) {
	for _, seed := range []string{
		``, `plain`, `\"id\":\"\\n\"`, `\u00bd\u2014`, `\ud83d\ude80!`, `\ud83d`, `\ude80\ud83d`, `\ud83d\u0041`,
		`\n\t\/`, `\`, `\u12`, `\u12g4`, `\u+123`, `\ufffd`, `\u0000`, `é`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, inside string) {
		if !json.Valid([]byte(`"` + inside + `"`)) {
			return // not the inside of a JSON string
		}
		got, ok := unescape([]byte(inside))
		if !ok {
			return
		}
		var want string
		if err := json.Unmarshal([]byte(`"`+inside+`"`), &want); err != nil {
			t.Fatal(err)
		}
		if string([]rune(string(got))) != want {
			t.Errorf("%q reads as %q, want %q", inside, got, want)
		}
	})
}

func TestLinesReadByHandOrNot(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"by hand":            `{"id":"a","status":200,"body":"{\"x\":\"\u00bd\"}"}`,
		"an escape too many": `{"id":"a","status":200,"body":"{\"x\":\"\u00bd\"\u007d"}`,
		"another order":      `{"body":"{\"x\":\"½\"}","id":"a","status":200}`,
		"a newline":          `{"id":"a","status":200,"body":"{\"x\":\"½\"}"}` + "\n",
	} {
		l, err := parseLine([]byte(raw))
		if err != nil || l.ID != "a" || l.Status != 200 || string(l.Body) != `{"x":"½"}` {
			t.Errorf("%s: %q %d %q, %v", name, l.ID, l.Status, l.Body, err)
		}
	}
	if _, err := parseLine([]byte(`{"id":"a","body":"\q"}`)); err == nil {
		t.Error("a line that is no JSON was read")
	}
}
