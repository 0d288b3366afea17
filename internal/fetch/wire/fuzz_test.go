package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"syncer/internal/fetch/fetchtest"
	"syncer/internal/fetch/wire"
)

// maxDepth is how deep a text may nest.
const maxDepth = 500

// FuzzDecode compares with encoding/json: the same texts are JSON, and what was
// read is what encoding/json sees.
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
		sameAsJSON(t, body, &got)
	})
}

// quoted says that a note shows a key, which need not be valid UTF-8.
func quoted(value []byte) bool { return len(value) > 1 && value[0] == '"' }

// seeds are the texts that have gone wrong somewhere.
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
		`{"part":{"n":1,"x":2,"sub":{"n":1,"y":2},"list":[{"n":1},{"n":2,"z":3}]}}`, `{"parts":[{},{"n":1},{"x":1}]}`, `{"raws":[1,"a",{},[]]}`,
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

// acceptable says whether a text is to be read: one JSON object, not nested too
// deep, without a doubled key.
func acceptable(body []byte) bool {
	if !json.Valid(body) || depth(body) > maxDepth || bytes.TrimLeft(body, " \t\r\n")[0] != '{' {
		return false
	}
	keys := topKeys(body)
	slices.Sort(keys)
	return len(slices.Compact(slices.Clone(keys))) == len(keys)
}

func depth(body []byte) (deepest int) {
	now, text := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// topKeys are the keys of the object, doubled ones included, as encoding/json
// reads them and without NUL.
func topKeys(body []byte) (keys []string) {
	d := json.NewDecoder(bytes.NewReader(body))
	_, _ = d.Token()
	for d.More() {
		key, _ := d.Token()
		keys = append(keys, strings.ReplaceAll(key.(string), "\x00", "\uFFFD")) //nolint:forcetypeassert // a key is a string
		var value json.RawMessage
		_ = d.Decode(&value)
	}
	return keys
}

func members(t *testing.T, body []byte) map[string]json.RawMessage {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	clean := map[string]json.RawMessage{}
	for k, v := range m {
		clean[strings.ReplaceAll(k, "\x00", "\uFFFD")] = v
	}
	return clean
}

// sameAsJSON expects every member of body in a field or in Extra.
func sameAsJSON(t *testing.T, body []byte, got *every) {
	t.Helper()
	sent, extra := members(t, body), map[string]json.RawMessage{}
	if got.Extra != nil {
		if !fitForPostgres(got.Extra) {
			t.Errorf("extra %q", got.Extra)
		}
		extra = members(t, got.Extra)
	}
	for key, raw := range sent {
		if kept, ok := extra[key]; ok {
			delete(extra, key)
			if key == "part" && got.Part != nil || key == "parts" && got.Parts != nil {
				continue // what the part could not keep
			}
			if !alike(raw, kept) {
				t.Errorf("%q: extra has %q, sent %q", key, kept, raw)
			}
			continue
		}
		if known(got, key, raw) {
			continue
		}
		t.Errorf("%q: %q is lost", key, raw)
	}
	if len(extra) > 0 {
		t.Errorf("extra has %q, which was not sent", extra)
	}
}

func fitForPostgres(raw []byte) bool {
	var text bytes.Buffer
	d := json.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := d.Token()
		if err != nil {
			return utf8.Valid(raw) && !bytes.ContainsRune(text.Bytes(), 0)
		}
		if s, ok := token.(string); ok {
			text.WriteString(s)
		}
	}
}

// alike says that two JSON texts are one to encoding/json, numbers untouched, but
// for the NULs of the first.
func alike(sent, kept []byte) bool {
	var clash bool
	text := func(raw []byte) string {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			return err.Error()
		}
		text, _ := json.Marshal(withoutNUL(v, &clash)) // what was just read
		return string(text)
	}
	return text(sent) == text(kept) || clash
}

// withoutNUL tells by clash that two keys became one, and there is no telling
// what jsonb makes of that.
func withoutNUL(v any, clash *bool) any {
	clean := func(text string) string { return strings.ReplaceAll(text, "\x00", "\uFFFD") }
	switch v := v.(type) {
	case string:
		return clean(v)
	case []any:
		for i := range v {
			v[i] = withoutNUL(v[i], clash)
		}
	case map[string]any:
		m := map[string]any{}
		for key := range v {
			m[clean(key)] = withoutNUL(v[key], clash)
		}
		*clash = *clash || len(m) < len(v)
		return m
	}
	return v
}

// known says that the field for key holds what raw says.
func known(got *every, key string, raw json.RawMessage) bool {
	if string(raw) == "null" || key == "old" {
		return true
	}
	var text string
	_ = json.Unmarshal(raw, &text)
	text = strings.ReplaceAll(text, "\x00", "\uFFFD")
	switch key {
	case "text":
		return got.Text != nil && *got.Text == text
	case "enum":
		return got.Enum != nil && *got.Enum == text
	case "bool":
		return got.Bool != nil && strconv.FormatBool(*got.Bool) == string(raw)
	case "int":
		return got.Int != nil && sameInt(*got.Int, string(raw))
	case "decimal":
		return got.Decimal != nil && (string(*got.Decimal) == string(raw) || string(*got.Decimal) == text)
	case "time":
		return got.Time != nil && sameTime(*got.Time, text)
	case "uuid":
		id, err := uuid.Parse(text)
		return got.UUID != nil && err == nil && *got.UUID == id
	case "raw":
		return got.Raw != nil && fitForPostgres(*got.Raw) && alike(raw, *got.Raw)
	case "raws":
		var raws []json.RawMessage
		return got.Raws != nil && json.Unmarshal(raw, &raws) == nil && len(raws) == len(*got.Raws)
	case "amounts":
		return got.Amounts != nil
	case "part":
		return got.Part != nil
	case "parts":
		return got.Parts != nil
	}
	return false
}

func sameInt(n int64, text string) bool {
	if _, exponent, ok := strings.Cut(strings.ToLower(text), "e"); ok && len(strings.Trim(exponent, "+-0")) > 3 {
		return true // big.Rat would fill the memory
	}
	r, ok := new(big.Rat).SetString(text)
	return ok && r.IsInt() && r.Num().IsInt64() && r.Num().Int64() == n
}

func sameTime(at time.Time, text string) bool {
	want, err := time.Parse(time.RFC3339, text)
	if err != nil {
		want, err = time.Parse(time.RFC3339, text+"Z")
	}
	return err == nil && at.Equal(want.Truncate(time.Microsecond))
}
