package fetch_test

import (
	"testing"

	"syncer/internal/fetch"
)

// BenchmarkDecodeLink reads a catalogue's links in turn, 14 kB each.
func BenchmarkDecodeLink(b *testing.B) {
	links := step(b, "alpha", 0)
	var total int
	for _, link := range links {
		total += len(link.Body)
	}
	b.SetBytes(int64(total / len(links)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, _, err := fetch.DecodeLink(links[i%len(links)].Body); err != nil {
			b.Fatal(err)
		}
	}
}
