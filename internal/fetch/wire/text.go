package wire

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// unquote decodes a string as written, quotes included. Postgres cannot hold
// NUL, a lone surrogate or invalid UTF-8: each becomes U+FFFD, and clean is false.
func unquote(quoted []byte) (text []byte, clean bool) {
	raw := quoted[1 : len(quoted)-1]
	clean = utf8.Valid(raw)
	if !clean {
		raw = []byte(string([]rune(string(raw)))) // U+FFFD for every byte outside a rune
	}
	escape := bytes.IndexByte(raw, '\\')
	if escape < 0 {
		return raw, clean
	}
	text = make([]byte, 0, len(raw))
	for ; escape >= 0; escape = bytes.IndexByte(raw, '\\') {
		r, n := unescape(raw[escape:])
		if r == badRune {
			r, clean = utf8.RuneError, false
		}
		text = utf8.AppendRune(append(text, raw[:escape]...), r)
		raw = raw[escape+n:]
	}
	return append(text, raw...), clean
}

// badRune marks an escape that stands for something Postgres cannot hold.
const badRune = -1

// unescape reads the escape at the start of b, known to be well-formed,
// surrogate pairs included. It returns the rune and the bytes it took.
func unescape(b []byte) (rune, int) {
	switch b[1] {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
	default:
		return rune(b[1]), 2
	}
	r, _ := hex4(b)
	switch {
	case r == 0:
		return badRune, 6
	case !utf16.IsSurrogate(r):
		return r, 6
	}
	if low, ok := hex4(b[6:]); ok {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return badRune, 6
}

// cleanRaw makes a value as written fit for jsonb: inside its strings, U+FFFD
// replaces what Postgres cannot hold. All else stays byte for byte; clean means
// that everything did.
func cleanRaw(raw []byte) (fit []byte, clean bool) {
	if !bytes.Contains(raw, []byte(`\u`)) && utf8.Valid(raw) {
		return raw, true
	}
	clean = true
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		n := 1
		bad := false
		if raw[i] == '\\' { // JSON has no backslashes outside strings
			var r rune
			r, n = unescape(raw[i:])
			bad = r == badRune
		} else if raw[i] >= utf8.RuneSelf {
			var r rune
			r, n = utf8.DecodeRune(raw[i:])
			bad = r == utf8.RuneError && n == 1
		}
		if bad {
			clean = false
			out = utf8.AppendRune(out, utf8.RuneError)
		} else {
			out = append(out, raw[i:i+n]...)
		}
		i += n
	}
	return out, clean
}
