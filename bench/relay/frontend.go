package relay

import "encoding/binary"

// The kinds of message that count.
const (
	startup     = 0 // ours: the first message has no kind
	query       = 'Q'
	execute     = 'E'
	flush       = 'H'
	synchronize = 'S'
)

// frontend follows a client's messages, in whatever pieces they come.
type frontend struct {
	bytes   func([]byte)    // every part of a message; nil: unwanted
	message func(kind byte) // at a message's end

	begun bool    // the first message is over
	head  [5]byte // of the message: its kind and its length
	have  int     // bytes of the head
	left  int     // bytes of the body still to come
}

func (f *frontend) read(p []byte) {
	for len(p) > 0 {
		part := f.part(p)
		p = p[len(part):]
		if f.bytes != nil {
			f.bytes(part)
		}
		if f.have == len(f.head) && f.left == 0 {
			f.have = 0
			if f.begun {
				f.message(f.head[0])
			} else {
				f.message(startup)
			}
			f.begun = true
		}
	}
}

// part takes what belongs to the head, or else to the body.
func (f *frontend) part(p []byte) []byte {
	if f.have == len(f.head) {
		n := min(len(p), f.left)
		f.left -= n
		return p[:n]
	}
	if !f.begun && f.have == 0 {
		f.have = 1
	}
	n := copy(f.head[f.have:], p)
	if f.have += n; f.have == len(f.head) {
		f.left = int(binary.BigEndian.Uint32(f.head[1:])) - 4 // the length counts itself
	}
	return p[:n]
}
