package wire

import (
	"bytes"
	"hash/maphash"
	"reflect"
)

// memo remembers objects that a text repeats, keyed by their bytes: the same
// bytes are the same value. It lives only while one text is read, which bounds it.
type memo struct {
	seed  maphash.Seed
	known map[uint64][]known
}

// known is an object already read.
type known struct {
	text  []byte
	value reflect.Value // of the struct
	notes []Note
	left  Extra
}

const (
	// memoPrefix is the length of the key; a hit compares the whole object.
	memoPrefix = 128
	// memoMost caps the remembered objects that begin alike.
	memoMost = 8
)

func newMemo() *memo { return &memo{seed: maphash.MakeSeed(), known: map[uint64][]known{}} }

func (m *memo) key(text []byte) uint64 {
	return maphash.Bytes(m.seed, text[:min(memoPrefix, len(text))])
}

// find returns the object that text begins with, nil for a new one.
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
		return // shares its key with what follows, and is quick to read
	}
	key := m.key(k.text)
	if like := m.known[key]; len(like) < memoMost {
		m.known[key] = append(like, k)
	}
}

// remembered reads an object of a shared shape that was read before. It copies
// the value; slices and pointers in it are shared.
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
