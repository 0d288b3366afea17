package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/maphash"
	"reflect"
	"time"

	"github.com/google/uuid"
)

// Hash hashes what the struct that v points to was decoded to. It ignores the
// order of keys, Extra, and counters; of fields that are apart it counts only
// the id. v must be of the shape's type.
func (s *Shape) Hash(seed maphash.Seed, v any) uint64 {
	h := hasher{seed: seed}
	h.SetSeed(seed)
	h.object(s, reflect.ValueOf(v).Elem())
	return h.Sum64()
}

// hasher writes different values differently.
type hasher struct {
	maphash.Hash

	seed maphash.Seed
}

func (h *hasher) object(s *Shape, v reflect.Value) {
	for i := range s.fields {
		if f := &s.fields[i]; f.read != ignored && !f.counter {
			h.field(f, v.Field(f.index))
		}
	}
}

func (h *hasher) field(f *field, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		h.bool(!v.IsNil())
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	switch f.read {
	case readText, readDecimal:
		h.text(v.String())
	case readBool:
		h.bool(v.Bool())
	case readInt:
		h.int(v.Int())
	case readTime:
		h.int(v.Addr().Interface().(*time.Time).UnixMicro())
	case readUUID:
		h.uuid(v)
	case readRaw:
		h.text(string(canonical(v.Bytes())))
	case readAmounts:
		h.amounts(*v.Addr().Interface().(*map[string]int64))
	case readStruct:
		h.nested(f, v)
	case readSlice:
		h.slice(f, v)
	case readTries, ignored: // not compared
	}
}

// nested writes a struct, or only its id if it is apart.
func (h *hasher) nested(f *field, v reflect.Value) {
	if f.apart {
		h.uuid(v.Field(f.elem.fields[f.elem.byKey["id"]].index))
		return
	}
	h.object(f.elem, v)
}

func (h *hasher) slice(f *field, v reflect.Value) {
	h.int(int64(v.Len()))
	var sum uint64
	for i := range v.Len() {
		if !f.unordered {
			h.nested(f, v.Index(i))
			continue
		}
		one := hasher{seed: h.seed}
		one.SetSeed(h.seed)
		one.nested(f, v.Index(i))
		sum += one.Sum64()
	}
	if f.unordered {
		h.int(int64(sum))
	}
}

func (h *hasher) amounts(amounts map[string]int64) {
	h.bool(amounts != nil)
	var sum uint64
	for key, amount := range amounts {
		one := hasher{seed: h.seed}
		one.SetSeed(h.seed)
		one.text(key)
		one.int(amount)
		sum += one.Sum64()
	}
	h.int(int64(sum))
}

func (h *hasher) text(s string) {
	h.int(int64(len(s)))
	_, _ = h.WriteString(s) // never fails
}

func (h *hasher) uuid(v reflect.Value) {
	_, _ = h.Write(v.Addr().Interface().(*uuid.UUID)[:]) // never fails
}

func (h *hasher) int(n int64) {
	var buf [8]byte
	binary.LittleEndian.PutUint64(buf[:], uint64(n)) //nolint:gosec // all of its bits
	_, _ = h.Write(buf[:])                           // never fails
}

func (h *hasher) bool(b bool) {
	c := byte(0)
	if b {
		c = 1
	}
	_ = h.WriteByte(c) // never fails
}

// canonical writes a JSON object with its keys in order.
func canonical(raw []byte) []byte {
	if len(raw) <= len(`{}`) {
		return raw
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return raw
	}
	sorted, err := json.Marshal(value)
	if err != nil {
		return raw
	}
	return sorted
}
