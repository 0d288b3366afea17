package fetch_test

import (
	"bytes"
	"testing"

	"syncer/internal/fetch"
)

// BenchmarkDecodePage reads a page of a hundred links.
func BenchmarkDecodePage(b *testing.B) {
	var items [][]byte
	for _, link := range step(b, "alpha", 0)[:fetch.PageLimit] {
		items = append(items, link.Body)
	}
	page := []byte(`{"items":[` + string(bytes.Join(items, []byte(","))) + `],"pagination":{"total_count":100,"max_page":1}}`)
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		if links, err := fetch.DecodePage(page); err != nil || len(links) != fetch.PageLimit {
			b.Fatal(len(links), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/fetch.PageLimit, "ns/link")
}
