package wire_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// acceptable reports whether Decode must read a text: one JSON object, not
// nested too deep, without a doubled key.
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

// topKeys returns the object's keys, doubled ones included, as encoding/json
// reads them but without NUL.
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

// fitForPostgres says that no text in a JSON value holds what Postgres cannot.
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
