package fetchtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Edit changes JSON as the lines of text say, and leaves the bytes of everything
// else as they are: no number is spelled anew.
//
//	label                           "Spring"   sets a key, or adds it at the end
//	products[0].prices[1].meter_id  -          takes a key or an element away
//	products[*].name                "x"        at every place that there is
//
// Empty lines and those that begin with # say nothing. A line without a place is
// an error, which names the line.
func Edit(body []byte, text string) ([]byte, error) {
	edits, err := parseEdits(text, false)
	if err != nil {
		return body, err
	}
	for _, e := range edits {
		changed, places := e.at(e.path, body)
		if places == 0 {
			return body, fmt.Errorf("%s: there is no such place in %.60s", e.line, body)
		}
		body = changed
	}
	return body, nil
}

// edit is one line: the value at a path becomes another; nil takes it away.
type edit struct {
	line  string // for errors
	path  []string
	value json.RawMessage

	// Of an overlay: which link, from which step on, and whether it ever showed.
	id    string
	from  int
	shown bool
}

// parseEdits reads lines of "path value", or of "id path value [step]".
func parseEdits(text string, ofLinks bool) ([]*edit, error) {
	var edits []*edit
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		e := &edit{line: fmt.Sprintf("line %d, %.100s", n+1, line)}
		if ofLinks {
			e.id, line, _ = strings.Cut(line, " ")
			e.id = canonical(e.id)
		}
		rest, err := e.parse(strings.TrimSpace(line))
		if err == nil && rest != "" && ofLinks {
			e.from, err = strconv.Atoi(rest)
			rest = ""
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", e.line, err)
		case rest != "":
			return nil, fmt.Errorf("%s: %q behind the value", e.line, rest)
		}
		edits = append(edits, e)
	}
	return edits, nil
}

// parse reads "path value", and returns what stands behind it.
func (e *edit) parse(text string) (rest string, err error) {
	path, value, _ := strings.Cut(text, " ")
	value = strings.TrimSpace(value)
	e.path = strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(".[]", r) })
	if len(e.path) == 0 || value == "" {
		return "", errors.New("a path and a value expected")
	}
	if rest, gone := strings.CutPrefix(value, "-"); gone && (rest == "" || rest[0] == ' ') {
		return strings.TrimSpace(rest), nil
	}
	d := json.NewDecoder(strings.NewReader(value))
	if err := d.Decode(&e.value); err != nil {
		return "", fmt.Errorf("the value is neither JSON nor -, which takes a key away: %w", err)
	}
	return strings.TrimSpace(value[d.InputOffset():]), nil
}

// at changes what path leads to within text, and counts the places.
func (e *edit) at(path []string, text []byte) (changed []byte, places int) {
	all, brackets := members(text)
	last := len(path) == 1
	var kept [][]byte
	for _, m := range all {
		switch fits := path[0] == m.key || path[0] == "*"; {
		case fits && last:
			places++
			if e.value == nil {
				continue
			}
			m.value = e.value
		case fits:
			var within int
			m.value, within = e.at(path[1:], m.value)
			places += within
		}
		kept = append(kept, append(bytes.Clone(m.label), m.value...))
	}
	if last && places == 0 && brackets == "{}" && e.value != nil && path[0] != "*" {
		places++
		kept = append(kept, []byte(`"`+path[0]+`":`+string(e.value)))
	}
	if places == 0 {
		return text, 0
	}
	return []byte(brackets[:1] + string(bytes.Join(kept, []byte(","))) + brackets[1:]), places
}

// member is one of an object, or an element of an array, whose key is its index.
type member struct {
	key   string
	label []byte // how the key is written, with its colon
	value []byte
}

// members takes an object or an array apart, and says by its brackets which it
// is. Of anything else there are none.
func members(text []byte) (all []member, brackets string) {
	d := json.NewDecoder(bytes.NewReader(text))
	switch open, _ := d.Token(); open {
	case json.Delim('{'):
		brackets = "{}"
	case json.Delim('['):
		brackets = "[]"
	default:
		return nil, ""
	}
	for d.More() {
		m, from := member{key: strconv.Itoa(len(all))}, d.InputOffset()
		if brackets == "{}" {
			key, _ := d.Token()
			m.key, _ = key.(string)
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil, "" // no JSON
		}
		m.value = value
		m.label = bytes.TrimLeft(text[from:d.InputOffset()-int64(len(value))], ", \t\r\n")
		all = append(all, m)
	}
	return all, brackets
}
