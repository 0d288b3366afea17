package oracle

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestEqualValuesHaveEqualTexts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind kind
		want string
		same []string
	}{
		{kindText, "Ünï 😀", []string{"Ünï 😀"}},
		{kindText, "a\uFFFDb", []string{"a\x00b", "a\xffb", "a\uFFFDb"}},
		{kindText, "\uFFFD\uFFFD\uFFFD", []string{"\xed\xa0\x80"}}, // a surrogate in UTF-8's clothes
		{kindUUID, linkID, []string{linkID}},
		{kindUUID, "abcdefab-0000-4000-8000-000000000000", []string{"ABCDEFAB-0000-4000-8000-000000000000"}},
		{kindBigint, "1000", []string{"1000", "1e3", "1000.0", "1E+3", "+1000"}},
		{kindBigint, "0", []string{"0", "-0", "0e5", "0.0"}},
		{kindBigint, "9223372036854775807", []string{"9223372036854775807"}},
		{kindNumeric, "0", []string{"0E-12", "0.0", "0", "-0.00"}},
		{kindNumeric, "0.0000000005", []string{"5.00E-10", "0.0000000005", "0.00000000050"}},
		{kindNumeric, "90.5", []string{"90.5", "90.500", "905e-1"}},
		{kindNumeric, "-12345678901234567890.1", []string{"-12345678901234567890.10"}},
		{kindBoolean, "true", []string{"true"}},
		{kindTimestamp, "2026-11-22T18:16:01.342660Z", []string{
			"2026-11-22T18:16:01.34266Z", "2026-11-22T18:16:01.342660999Z", "2026-11-22T20:16:01.342660+02:00", "2026-11-22T18:16:01.342660",
		}},
		{kindTimestamp, "2026-11-22T18:16:01.000000Z", []string{"2026-11-22T18:16:01Z"}},
		{kindTimestamp, "9999-12-31T23:59:59.999999Z", []string{"9999-12-31T23:59:59.999999"}},
		{kindJSON, `{"a":[1,null,"<é"],"b":{}}`, []string{`{"b":{},"a":[1.0,null,"<\u00e9"]}`, ` { "a" : [ 1e0, null, "<é" ], "b" : { } } `}},
		{kindJSON, "1" + strings.Repeat("0", 300), []string{"1e300", "1" + strings.Repeat("0", 300)}},
		{kindJSON, "1180591620717411303424", []string{"1180591620717411303424"}},
	}
	for _, test := range tests {
		for _, text := range test.same {
			got, err := canonical(test.kind, text)
			if err != nil || got != test.want {
				t.Errorf("%s %q: want %q, got %q, %v", test.kind, text, test.want, got, err)
			}
		}
	}
}

func TestTextsThatAreNoValues(t *testing.T) {
	t.Parallel()
	tests := map[kind][]string{
		kindUUID:      {"", "1", "{" + linkID + "}", "urn:uuid:" + linkID, strings.ReplaceAll(linkID, "-", "")},
		kindBigint:    {"", "1.5", "9223372036854775808", "1e19", "0x10", "1_000"},
		kindNumeric:   {"", "NaN", "Infinity", "1/2", "0x10", "1_000", "1e", ".", "1e9999999", " 1"},
		kindBoolean:   {"", "t", "1", "TRUE"},
		kindTimestamp: {"", "infinity", "2026-11-22", "2026-11-22 18:16:01+00", "10000-01-01T00:00:00Z", "2026-02-30T00:00:00Z"},
		kindJSON:      {"", "{", "{} {}", "nul", `{"a":1,}`},
		"money":       {"1"},
	}
	for kind, texts := range tests {
		for _, text := range texts {
			if got, err := canonical(kind, text); err == nil {
				t.Errorf("%s %q: want an error, got %q", kind, text, got)
			}
		}
	}
}

func TestOnlyTheRightJSONTypeFitsAColumn(t *testing.T) {
	t.Parallel()
	values := map[string]any{
		"string": "7", "number": json.Number("7"), "bool": true, "list": []any{}, "object": object{},
		"uuid": linkID, "time": "2026-01-01T00:00:00Z",
	}
	fits := map[kind][]string{
		kindText:      {"string", "uuid", "time"},
		kindUUID:      {"uuid"},
		kindBigint:    {"number"},
		kindNumeric:   {"string", "number"},
		kindBoolean:   {"bool"},
		kindTimestamp: {"time"},
		kindJSON:      {"string", "number", "bool", "list", "object", "uuid", "time"},
	}
	for kind, names := range fits {
		if got, err := fromJSON(kind, nil); err != nil || got != nil {
			t.Errorf("%s null: want NULL, got %s, %v", kind, show(got), err)
		}
		fit := map[string]bool{}
		for _, name := range names {
			fit[name] = true
		}
		for name, value := range values {
			if got, err := fromJSON(kind, value); (err == nil) != fit[name] {
				t.Errorf("%s from a %s: got %s, %v", kind, name, show(got), err)
			}
		}
	}
}

func TestLoneSurrogatesAndNULAreReplaced(t *testing.T) {
	t.Parallel()
	value, err := decode([]byte(`{"k\u0000":["\ud83d", "\udc00x", "\ud83d\ude00", "\u0000", "` + "\xff" + `"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if want, got := `{"k`+"\uFFFD"+`":["`+"\uFFFD"+`","`+"\uFFFD"+`x","😀","`+"\uFFFD"+`","`+"\uFFFD"+`"]}`, encode(value); got != want {
		t.Errorf("want %s, got %s", want, got)
	}
}
