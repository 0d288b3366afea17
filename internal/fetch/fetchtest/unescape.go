package fetchtest

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// parseLine reads one line. Bodies come last and are nearly all of it, so
// simple ones are read by hand: encoding/json takes ten times as long, which
// every test that starts a server would feel under -race.
func parseLine(raw []byte) (line, error) {
	var l line
	head, rest, cut := bytes.Cut(raw, []byte(`,"body":"`))
	body, ended := bytes.CutSuffix(bytes.TrimSpace(rest), []byte(`"}`))
	plain, simple := unescape(body)
	if !cut || !ended || !simple {
		err := json.Unmarshal(raw, &l)
		return l, err
	}
	err := json.Unmarshal(append(bytes.Clone(head), '}'), &l)
	l.Body = plain
	return l, err
}

// unescape reads the inside of a JSON string whose only escapes are quotes,
// backslashes and well-formed code points.
func unescape(in []byte) (out []byte, ok bool) {
	out = make([]byte, 0, len(in))
	for {
		i := bytes.IndexByte(in, '\\')
		if i < 0 {
			return append(out, in...), true
		}
		out = append(out, in[:i]...)
		in = in[i:]
		switch {
		case len(in) > 1 && (in[1] == '"' || in[1] == '\\'):
			out, in = append(out, in[1]), in[2:]
		default:
			r, rest := codePoint(in)
			if r == utf8.RuneError {
				return nil, false
			}
			out, in = utf8.AppendRune(out, r), rest
		}
	}
}

// codePoint reads one \uXXXX, or the two that make a surrogate pair.
func codePoint(in []byte) (rune, []byte) {
	first, rest := codeUnit(in)
	if !utf16.IsSurrogate(first) {
		return first, rest
	}
	second, rest := codeUnit(rest)
	return utf16.DecodeRune(first, second), rest
}

func codeUnit(in []byte) (rune, []byte) {
	if len(in) < 6 || in[0] != '\\' || in[1] != 'u' {
		return utf8.RuneError, nil
	}
	n, err := strconv.ParseUint(string(in[2:6]), 16, 16)
	if err != nil {
		return utf8.RuneError, nil
	}
	return rune(n), in[6:]
}
