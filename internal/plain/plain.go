// Package plain makes text of others safe to print: what could drive a terminal, or
// forge a line, is shown as an escape, as strconv.Quote writes it.
package plain

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns a value for a place within a line: control characters, line breaks
// and tabs among them, characters that change the direction of text, and bytes that
// are not UTF-8 are escaped. All else stays as it is.
func Line(text string) string { return escape(text, func(rune) bool { return false }) }

// Text is Line for a text of several lines: line breaks and tabs stay.
func Text(text string) string {
	return escape(text, func(r rune) bool { return r == '\n' || r == '\t' })
}

func escape(text string, stays func(rune) bool) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return drives(r) && !stays(r) }) {
		return text // as almost always
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case !drives(r) || stays(r):
			b.WriteRune(r)
		case r == utf8.RuneError:
			if _, size := utf8.DecodeRuneInString(text[i:]); size > 1 {
				b.WriteRune(r) // U+FFFD itself
				continue
			}
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ':
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r) // an escape in JSON too, which may hold these
		}
	}
	return b.String()
}

// drives reports whether a character does something instead of showing something.
// utf8.RuneError may be a byte that is not UTF-8: a terminal may take one for C1.
func drives(r rune) bool {
	switch r {
	case utf8.RuneError,
		'\u061c', '\u200e', '\u200f', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069', // bidi
		'\u2028', '\u2029': // line and paragraph separator
		return true
	}
	return unicode.IsControl(r) // C0, DEL, C1
}
