package wire

import (
	"bytes"
	"hash/maphash"
	"reflect"
)

// memo remembers objects that a text shows many times, by how they are written:
// the same bytes are the same value. It lives as long as the reading of one text,
// so that what it holds is bounded by that.
type memo struct {
	seed  maphash.Seed
	known map[uint64][]known
}

// known is an object that has been read.
type known struct {
	text  []byte
	value reflect.Value // of the struct
	notes []Note
	left  Extra
}

const (
	// memoPrefix is how much of an object finds it; all of it is compared then.
	memoPrefix = 128
	// memoMost is how many objects that begin alike are remembered.
	memoMost = 8
)

func newMemo() *memo { return &memo{seed: maphash.MakeSeed(), known: map[uint64][]known{}} }

func (m *memo) key(text []byte) uint64 {
	return maphash.Bytes(m.seed, text[:min(memoPrefix, len(text))])
}

// find gives the object that text begins with, nil for one that is new.
func (m *memo) find(text []byte) *known {
	like := m.known[m.key(text)]
	for i := range like {
		if bytes.HasPrefix(text, like[i].text) {
			return &like[i]
		}
	}
	return nil
}

func (m *memo) keep(k known) {
	if len(k.text) < memoPrefix {
		return // its key is not all its own, and it is quickly read
	}
	key := m.key(k.text)
	if like := m.known[key]; len(like) < memoMost {
		m.known[key] = append(like, k)
	}
}

// remembered reads an object of a shared shape that was read before: it copies
// the value, and what of it are slices and pointers is shared.
func (d *decoder) remembered(v reflect.Value) (left Extra, found bool) {
	k := d.memo.find(d.data[d.pos:])
	if k == nil {
		return nil, false
	}
	d.pos += len(k.text)
	d.notes = append(d.notes, k.notes...)
	v.Set(k.value)
	return k.left, true
}
