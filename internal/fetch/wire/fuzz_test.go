package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"syncer/internal/fetch/fetchtest"
	"syncer/internal/fetch/wire"
	"syncer/internal/fetch/wire/wiretest"
)

// maxDepth limits how deep a text may nest.
const maxDepth = 500

// FuzzDecode compares with encoding/json: both accept the same texts and read
// the same from them.
func FuzzDecode(f *testing.F) {
	for _, scenario := range fetchtest.Scenarios() {
		rec, err := fetchtest.Load(scenario)
		if err != nil {
			f.Fatal(err)
		}
		step, err := rec.Step(0)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(step.Links[0].Body)
	}
	for _, seed := range seeds() {
		f.Add([]byte(seed))
	}
	shape := wire.ShapeOf[every]()
	f.Fuzz(func(t *testing.T, body []byte) {
		sent := bytes.Clone(body)
		var got every
		notes, err := wire.Decode(body, shape, &got)
		if !bytes.Equal(sent, body) {
			t.Fatal("the body was written to")
		}
		if want := acceptable(body); (err == nil) != want {
			t.Fatalf("error %v, acceptable %t", err, want)
		}
		if err != nil {
			if e, ok := errors.AsType[*wire.Error](err); !ok || e.Reason == "" || !utf8.ValidString(e.Path) {
				t.Fatalf("error %#v", err)
			}
			return
		}
		for _, note := range notes {
			if !utf8.ValidString(note.Path) || strings.ContainsRune(note.Path, 0) || !json.Valid(note.Value) && !quoted(note.Value) {
				t.Errorf("note %q %q", note.Path, note.Value)
			}
		}
		if diff := wiretest.Lost(body, &got); diff != "" {
			t.Errorf("sent and kept: %s", diff)
		}
		if got.Extra != nil && !fitForPostgres(got.Extra) || got.Raw != nil && !fitForPostgres(*got.Raw) {
			t.Errorf("Postgres cannot hold what was kept of %q", body)
		}
	})
}

// quoted reports whether a note shows a key, which may be invalid UTF-8.
func quoted(value []byte) bool { return len(value) > 1 && value[0] == '"' }

// seeds are texts that once went wrong.
func seeds() []string {
	const deep = 20_000
	all := []string{
		"", " \n\t\r ", "\xef\xbb\xbf{}", "{}", " { } ", "{}x", "{} {}", "{}\x00", "\x00", "null", "[]", `"x"`, "1", "{", "}", `{"`, `{"a`, `{"a"`,
		`{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{"a" 1}`, `{"a":1 "b":2}`, `{a:1}`, `{'a':1}`, `{"a":1;"b":2}`,
		`{"int":1000.0}`, `{"int":1e3}`, `{"int":10e-1}`, `{"int":-0}`, `{"int":0.5}`, `{"int":9223372036854775808}`,
		`{"int":18446744073709551616,"decimal":18446744073709551616}`, `{"int":1e999999999,"decimal":1e999999999}`,
		`{"int":1e-999999999,"decimal":1e-999999999}`, `{"int":1e-9223372036854775808}`, `{"int":0e99999999999999999999}`,
		`{"int":01}`, `{"int":+1}`, `{"int":1.}`, `{"int":.5}`, `{"int":-}`, `{"int":1e}`, `{"int":1e+}`, `{"int":0x10}`, `{"int":Infinity}`,
		`{"decimal":"5.00E-10"}`, `{"decimal":"1e999999999"}`, `{"decimal":"NaN"}`, `{"decimal":1e5}`,
		`{"time":"2026-11-22T18:16:01.342660Z"}`, `{"time":"9999-12-31T23:59:59.999999"}`, `{"time":"10000-01-01T00:00:00Z"}`,
		`{"time":"2026-11-22T18:16:01.123456789+05:30"}`, `{"time":"0000-01-01T00:00:00+23:59"}`,
		`{"uuid":"` + strictID + `"}`, `{"uuid":"` + strings.ReplaceAll(strictID, "-", "") + `"}`, `{"uuid":"` + strictID[:35] + `é"}`,
		`{"text":"` + "\xff\xc0\x80\xed\xa0\x80" + `"}`, `{"` + "\xff" + `":1}`, "{\"text\":\"\x01\"}", "{\"text\":\"\x7f\"}", `{"text":"\x"}`, `{"text":"\u12"}`,
		`{"text":"a","text":"b"}`, `{"new":1,"new":2}`, `{"n\u0065w":1,"new":2}`, `{"t\u0065xt":"a"}`, `{"text":"a","t\u0065xt":"b"}`,
		`{"n\u0000":1,"n\ud800":2}`, `{"Text":"a","TEXT":"b"}`, `{"part":{"n":1,"n":2}}`, `{"raw":{"a":1,"a":2}}`, `{"amounts":{"a":1,"a":2}}`,
		`{"enum":"c"}`, `{"bool":tru}`, `{"bool":true1}`, `{"bool":nul}`, `{"old":{"a":[1,{"b":2}]}}`, `{"old":[1,}`,
		`{"part":{"n":1,"x":2,"sub":{"n":1,"y":2},"list":[{"n":1},{"n":2,"z":3}]}}`, `{"parts":[{},{"n":1},{"x":1}]}`, `{"tries":[1,"a",{},[],{"n":1},{"n":"a"},{"x":1}]}`,
		`{"raw":{"a":` + strings.Repeat("9", 400) + `,"b":1e300,"c":0.1}}`, `{"amounts":{"usd":1,"eur":1.5}}`,
		`{"x":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + `}`, strings.Repeat(`{"a":`, deep) + "1" + strings.Repeat("}", deep),
		`{"x":` + strings.Repeat("[", maxDepth-1) + strings.Repeat("]", maxDepth-1) + `}`,
		`{"x":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + `}`,
		`{"raw":` + strings.Repeat(`{"a":`, maxDepth-1) + "1" + strings.Repeat("}", maxDepth-1) + `}`,
		strings.Repeat("[", deep),
	}
	for text := range unfit {
		all = append(all, `{"text":"`+text+`","new":"`+text+`","raw":{"`+text+`":1},"`+text+`":2}`)
	}
	return all
}
