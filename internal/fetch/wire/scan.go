package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// maxDepth bounds nesting. Polar's answers nest 6 deep; Postgres' jsonb gives
// up somewhere above 6000.
const maxDepth = 500

// scanner walks over one JSON text. It checks the whole grammar of RFC 8259
// even in what it skips, so a raw value handed on is sure to be JSON.
type scanner struct {
	data  []byte
	pos   int
	depth int
}

// syntaxError marks where the text stops being JSON.
type syntaxError struct {
	offset int
	reason string
}

func (e *syntaxError) Error() string {
	return fmt.Sprintf("%s at byte %d", e.reason, e.offset)
}

func (s *scanner) fail(reason string) error {
	if s.pos >= len(s.data) {
		reason = "unexpected end of JSON"
	}
	return &syntaxError{offset: s.pos, reason: reason}
}

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// expect consumes the byte c after white space.
func (s *scanner) expect(c byte) error {
	if s.peek() != c {
		return s.fail(fmt.Sprintf("expected %q", rune(c)))
	}
	s.pos++
	return nil
}

// end expects nothing but white space.
func (s *scanner) end() error {
	if s.peek(); s.pos < len(s.data) {
		return s.fail("garbage after the JSON value")
	}
	return nil
}

// closing returns the bracket that matches.
func closing(bracket byte) byte { return bracket + 2 } // true of both in ASCII

// open enters an object or array, and reports whether it holds anything. With
// more it makes a loop over the members or elements:
//
//	for more, err := s.open('['); more || err != nil; more, err = s.more('[') {
func (s *scanner) open(bracket byte) (more bool, err error) {
	if err := s.expect(bracket); err != nil {
		return false, err
	}
	if s.depth++; s.depth > maxDepth {
		return false, &syntaxError{offset: s.pos, reason: fmt.Sprintf("nested deeper than %d", maxDepth)}
	}
	if s.peek() == closing(bracket) {
		s.pos++
		s.depth--
		return false, nil
	}
	return true, nil
}

// more moves to the next member or element, or leaves.
func (s *scanner) more(bracket byte) (bool, error) {
	switch s.peek() {
	case ',':
		s.pos++
		return true, nil
	case closing(bracket):
		s.pos++
		s.depth--
		return false, nil
	}
	return false, s.fail(fmt.Sprintf("expected ',' or %q", rune(closing(bracket))))
}

// key consumes a key and the colon, and returns the key as written.
func (s *scanner) key() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.fail("expected a key")
	}
	key, _, err := s.str()
	if err != nil {
		return nil, err
	}
	return key, s.expect(':')
}

// value consumes any value and returns it as written.
func (s *scanner) value() ([]byte, error) {
	s.peek()
	start := s.pos
	if err := s.skip(); err != nil {
		return nil, err
	}
	return s.data[start:s.pos], nil
}

// skip consumes any value.
func (s *scanner) skip() error {
	var err error
	switch c := s.peek(); {
	case c == '"':
		_, _, err = s.str()
	case c == '{' || c == '[':
		for more, err := s.open(c); more || err != nil; more, err = s.more(c) {
			if err == nil && c == '{' {
				_, err = s.key()
			}
			if err == nil {
				err = s.skip()
			}
			if err != nil {
				return err
			}
		}
	case c == '-' || isDigit(c):
		_, err = s.number()
	default:
		err = s.literal()
	}
	return err
}

// literal consumes true, false or null.
func (s *scanner) literal() error {
	rest := s.data[s.pos:]
	for _, word := range [...]string{"null", "true", "false"} {
		if bytes.HasPrefix(rest, []byte(word)) {
			s.pos += len(word)
			return nil
		}
	}
	return s.fail("expected a JSON value")
}

// str consumes a string and returns it as written, quotes included. plain means
// that the text needs no decoding: ASCII without escapes.
func (s *scanner) str() (quoted []byte, plain bool, err error) {
	start := s.pos
	plain = true
	for i := start + 1; i < len(s.data); {
		if i+8 <= len(s.data) {
			marks := special(binary.LittleEndian.Uint64(s.data[i:]))
			if marks == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(marks) / 8
		}
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			return s.data[start:s.pos], plain, nil
		case c == '\\':
			n := escapeLen(s.data[i:])
			if n == 0 {
				s.pos = i
				return nil, false, s.fail("broken escape in a string")
			}
			plain = false
			i += n
		case c < ' ':
			s.pos = i
			return nil, false, s.fail("control character in a string")
		default:
			plain = plain && c < utf8.RuneSelf
			i++
		}
	}
	s.pos = len(s.data)
	return nil, false, s.fail("")
}

// special finds the first of 8 bytes that ends a string or is not plain: a
// quote, a backslash, a control character, or beyond ASCII. The lowest set bit
// lies in that byte; 0: there is none.
func special(word uint64) uint64 {
	const each, high = 0x0101010101010101, 0x8080808080808080
	quote, backslash := word^each*'"', word^each*'\\'
	return ((quote-each)&^quote | (backslash-each)&^backslash | (word - each*' ') | word) & high
}

// escapeLen returns the length of the escape at the start of b, 0 if it is none.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b); ok {
			return 6
		}
	}
	return 0
}

// hex4 reads the code unit of a \uXXXX escape.
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// number consumes a number and returns it as written.
func (s *scanner) number() ([]byte, error) {
	start := s.pos
	if s.at() == '-' {
		s.pos++
	}
	if s.at() == '0' {
		s.pos++
	} else if err := s.digits(); err != nil {
		return nil, err
	}
	if s.at() == '.' {
		s.pos++
		if err := s.digits(); err != nil {
			return nil, err
		}
	}
	if c := s.at(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.at(); c == '+' || c == '-' {
			s.pos++
		}
		if err := s.digits(); err != nil {
			return nil, err
		}
	}
	return s.data[start:s.pos], nil
}

// at returns the byte at the current position, 0 at the end.
func (s *scanner) at() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) digits() error {
	start := s.pos
	for isDigit(s.at()) {
		s.pos++
	}
	if s.pos == start {
		return s.fail("expected a digit")
	}
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
