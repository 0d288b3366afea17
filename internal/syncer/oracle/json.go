package oracle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// canonicalJSON sorts keys, drops white space and writes numbers in full.
func canonicalJSON(text string) (string, error) {
	value, err := decode([]byte(text))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := writeJSON(&b, value); err != nil {
		return "", err
	}
	return b.String(), nil
}

func writeJSON(b *strings.Builder, value any) error {
	switch v := value.(type) {
	case map[string]any:
		b.WriteString("{")
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteString(",")
			}
			b.WriteString(encode(key) + ":")
			if err := writeJSON(b, v[key]); err != nil {
				return err
			}
		}
		b.WriteString("}")
	case []any:
		b.WriteString("[")
		for i, element := range v {
			if i > 0 {
				b.WriteString(",")
			}
			if err := writeJSON(b, element); err != nil {
				return err
			}
		}
		b.WriteString("]")
	case json.Number:
		number, err := canonicalNumber(v.String())
		if err != nil {
			return err
		}
		b.WriteString(number)
	default: // string, bool, nil
		b.WriteString(encode(v))
	}
	return nil
}

// decode reads exactly one JSON value, numbers as written, strings cleaned.
// Anything after the value is an error.
func decode(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read JSON: something follows the value")
	}
	return cleanAll(value), nil
}

// encode is for values from decode: they always marshal.
func encode(value any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(fmt.Sprintf("oracle: encode %T: %v", value, err))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// clean replaces what Postgres cannot hold: NUL, and every byte outside valid
// UTF-8. That covers lone surrogates; encoding/json has already replaced those
// it met as \u escapes.
func clean(text string) string {
	return strings.Map(func(r rune) rune { // an invalid byte comes as U+FFFD
		if r == 0 {
			return utf8.RuneError
		}
		return r
	}, text)
}

// cleanAll cleans every string of a JSON value, keys too.
func cleanAll(value any) any {
	switch v := value.(type) {
	case string:
		return clean(v)
	case []any:
		for i := range v {
			v[i] = cleanAll(v[i])
		}
		return v
	case map[string]any:
		cleaned := make(map[string]any, len(v))
		for key, element := range v {
			cleaned[clean(key)] = cleanAll(element)
		}
		return cleaned
	default:
		return v
	}
}
