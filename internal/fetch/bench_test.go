package fetch_test

import (
	"testing"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
)

func BenchmarkDecodeLink(b *testing.B) {
	rec, err := fetchtest.Load("alpha")
	if err != nil {
		b.Fatal(err)
	}
	step, err := rec.Step(0)
	if err != nil {
		b.Fatal(err)
	}
	var n int64
	for _, l := range step.Links {
		n += int64(len(l.Body))
	}
	b.SetBytes(n / int64(len(step.Links)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, _, err := fetch.DecodeLink(step.Links[i%len(step.Links)].Body); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
