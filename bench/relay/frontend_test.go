package relay

import (
	"slices"
	"testing"
)

// Messages are the same in whatever pieces they come.
func TestPieces(t *testing.T) {
	t.Parallel()
	stream := []byte("\x00\x00\x00\x0astart!" + "Q\x00\x00\x00\x06a\x00" + "S\x00\x00\x00\x04" + "E\x00\x00\x00\x09\x00abcd" + "S\x00\x00\x00\x04")
	want := []byte{startup, 'Q', 'S', 'E', 'S'}
	for size := 1; size <= len(stream); size++ {
		var kinds, seen []byte
		f := frontend{
			message: func(kind byte) { kinds = append(kinds, kind) },
			bytes:   func(p []byte) { seen = append(seen, p...) },
		}
		for piece := range slices.Chunk(stream, size) {
			f.read(piece)
		}
		if !slices.Equal(kinds, want) || !slices.Equal(seen, stream) {
			t.Errorf("in pieces of %d: %q and %q", size, kinds, seen)
		}
	}
}
