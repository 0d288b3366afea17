package wire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch/wire"
)

// unfit maps what Postgres cannot hold, as written in JSON, to what it becomes.
var unfit = map[string]string{
	`a\u0000b`:             "a\uFFFDb",
	`\ud800`:               "\uFFFD",
	`\udfff`:               "\uFFFD",
	`\udc00\ud800`:         "\uFFFD\uFFFD", // swapped
	`\ud800\ud800\udc00`:   "\uFFFD\U00010000",
	`\ud83dA`:              "\uFFFDA",
	`\ud83d\u0041`:         "\uFFFDA",
	`\ud83d\n`:             "\uFFFD\n",
	"\xff":                 "\uFFFD",
	"a\xc3":                "a\uFFFD",
	"\xe2\x82":             "\uFFFD\uFFFD", // one for every byte, as encoding/json does
	"\xed\xa0\x80":         "\uFFFD\uFFFD\uFFFD",
	"\xf4\x90\x80\x80":     "\uFFFD\uFFFD\uFFFD\uFFFD",
	"\xc0\x80":             "\uFFFD\uFFFD",
	`\\u0000 \u0000`:       `\u0000 ` + "\uFFFD", // the first is a backslash and five letters
	"é\xffé\\u00e9\\ud800": "é\uFFFDéé\uFFFD",
}

// fit maps what stays to its text.
var fit = map[string]string{
	"":                   "",
	"plain":              "plain",
	`\"\\\/\b\f\n\r\t`:   "\"\\/\b\f\n\r\t",
	`\u00e9\u00E9é`:      "ééé",
	`\ud83d\ude00😀`:      "😀😀",
	`\uFFFD` + "\uFFFD":  "\uFFFD\uFFFD", // sent as such, so nothing is replaced
	"مرحبا \u202e\x7f":   "مرحبا \u202e\x7f",
	`\u0001\u001f\u007f`: "\u0001\u001f\u007f",
	`\\u0000`:            `\u0000`,
	`\\\\ud800`:          `\\ud800`,
	`\uffff\ufffe`:       "\uffff\ufffe",
}

func TestTextThatPostgresCannotHoldIsReplacedAndNoted(t *testing.T) {
	t.Parallel()
	for text, want := range unfit {
		got, notes := mustDecode[every](t, `{"text":"`+text+`"}`)
		if *got.Text != want {
			t.Errorf("%q: %q, want %q", text, *got.Text, want)
		}
		wantNotes(t, notes, wire.Note{Kind: wire.CleanedText, Path: "text", Value: []byte(`"` + text + `"`)})
	}
	for text, want := range fit {
		got, notes := mustDecode[every](t, `{"text":"`+text+`"}`)
		if *got.Text != want {
			t.Errorf("%q: %q, want %q", text, *got.Text, want)
		}
		wantNotes(t, notes)
	}
}

func TestAStringHoldsEveryByteThatJSONAllowsWhereverItStands(t *testing.T) {
	t.Parallel()
	for c := range 256 { // the reader takes 8 bytes at a time
		for before := range 9 {
			for after := range 9 {
				text := `{"text":"` + strings.Repeat("a", before) + string([]byte{byte(c)}) + strings.Repeat("b", after) + `"}`
				got, _, err := decode[every](text)
				if (err == nil) != json.Valid([]byte(text)) {
					t.Errorf("%q: %v", text, err)
				}
				var want struct{ Text string }
				if json.Unmarshal([]byte(text), &want) == nil && err == nil && *got.Text != want.Text {
					t.Errorf("%q: %q, want %q", text, *got.Text, want.Text)
				}
			}
		}
	}
}

func TestRawValuesAreCleanedInsideStringsOnly(t *testing.T) {
	t.Parallel()
	for text, want := range unfit {
		// in a value and in a key, deep inside
		raw := `{"a":[{"k":"` + text + `"},1]}`
		got, notes := mustDecode[every](t, `{"raw":`+raw+`,"new":[`+raw+`]}`)
		wantNotes(t, notes,
			wire.Note{Kind: wire.CleanedText, Path: "raw", Value: []byte(raw)},
			wire.Note{Kind: wire.UnknownKey, Path: "new", Value: []byte("[" + raw + "]")},
			wire.Note{Kind: wire.CleanedText, Path: "new", Value: []byte("[" + raw + "]")},
		)
		for _, cleaned := range []string{string(*got.Raw), strings.TrimSuffix(strings.TrimPrefix(string(got.Extra), `{"new":[`), "]}")} {
			var v struct{ A []json.RawMessage }
			var element map[string]string
			if json.Unmarshal([]byte(cleaned), &v) != nil || json.Unmarshal(v.A[0], &element) != nil || element["k"] != want {
				t.Errorf("%q became %q", raw, cleaned)
			}
			if strings.ContainsRune(element["k"], 0) || strings.Contains(strings.ReplaceAll(cleaned, `\\`, ""), `\u0000`) {
				t.Errorf("%q still holds NUL", cleaned)
			}
		}
	}
	for text := range fit {
		raw := `{"` + text + `":"` + text + `"}`
		got, notes := mustDecode[every](t, `{"raw":`+raw+`}`)
		if diff := cmp.Diff(raw, string(*got.Raw)); diff != "" {
			t.Error(diff)
		}
		wantNotes(t, notes)
	}
}

func TestRawValuesStayAsSent(t *testing.T) {
	t.Parallel()
	const big = "1180591620717411303424" // 2^70
	raw := `{ "a" :` + big + `,"b":1e300,"c":0.1,"d":1.0,"e":-0,"f":"1\/2","g": [ ],"h":5.00E-10,"a":"again"}`
	got, notes := mustDecode[every](t, `{"raw": `+raw+` ,"new":`+raw+`}`)
	if diff := cmp.Diff(raw, string(*got.Raw)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(`{"new":`+raw+`}`, string(got.Extra)); diff != "" {
		t.Error(diff)
	}
	wantNotes(t, notes, wire.Note{Kind: wire.UnknownKey, Path: "new", Value: []byte(raw)})
}

func TestKeysAreCleaned(t *testing.T) {
	t.Parallel()
	got, notes := mustDecode[every](t, `{"n\u0000":1,"amounts":{"\ud800":2}}`)
	if diff := cmp.Diff("{\"n\uFFFD\":1}", string(got.Extra)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int64{"\uFFFD": 2}, got.Amounts); diff != "" {
		t.Error(diff)
	}
	wantNotes(t, notes,
		wire.Note{Kind: wire.UnknownKey, Path: "n\uFFFD", Value: []byte("1")},
		wire.Note{Kind: wire.CleanedText, Path: "n\uFFFD", Value: []byte("1")},
		wire.Note{Kind: wire.CleanedText, Path: "amounts.\uFFFD", Value: []byte(`"\ud800"`)},
	)
	// Two keys that become one cannot both be kept, so it is an error.
	_, _, err := decode[every](`{"n\u0000":1,"n\ud800":2}`)
	wantError(t, err, "n\uFFFD", "the key stands twice")
	// Nor may cleaning turn a key into a known one.
	got, _ = mustDecode[every](t, `{"text\u0000":"x"}`)
	if got.Text != nil {
		t.Errorf("text %q", *got.Text)
	}
}

func wantNotes(t *testing.T, got []wire.Note, want ...wire.Note) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("notes: %s", diff)
	}
}
