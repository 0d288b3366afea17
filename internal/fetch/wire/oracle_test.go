package wire_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

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
	case "tries":
		var raws []json.RawMessage
		return got.Tries != nil && json.Unmarshal(raw, &raws) == nil && len(raws) == len(*got.Tries)
	case "same":
		return got.Same != nil
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
