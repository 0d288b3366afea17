package fetch_test

import (
	"bytes"
	"hash/maphash"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/fetch/wire"
)

// TestAPageReadsLikeItsLinks checks that links on a page, which share what they
// show, read the same as one by one.
func TestAPageReadsLikeItsLinks(t *testing.T) {
	t.Parallel()
	seed := maphash.MakeSeed()
	for _, scenario := range fetchtest.Scenarios() {
		recording, err := fetchtest.Load(scenario)
		if err != nil {
			t.Fatal(err)
		}
		for i := range recording.Len() {
			var bodies [][]byte
			for _, link := range step(t, scenario, i) {
				if link.Status == 200 {
					bodies = append(bodies, link.Body)
				}
			}
			page, err := fetch.DecodePage([]byte(`{"items":[` + string(bytes.Join(bodies, []byte(", "))) + `],"pagination":{"total_count":1,"max_page":1}}`))
			if err != nil || len(page) != len(bodies) {
				t.Fatalf("%s step %d: %d links of %d, %v", scenario, i, len(page), len(bodies), err)
			}
			alone := make([]fetch.Observed, len(bodies))
			for j, body := range bodies {
				alone[j] = fetch.ObserveBody(body)
				if diff := cmp.Diff(partsOf(t, seed, &alone[j]), partsOf(t, seed, &page[j]), cmp.AllowUnexported(sums{})); diff != "" {
					t.Errorf("%s step %d link %s: parts: %s", scenario, i, alone[j].ID, diff)
				}
			}
			for j := range alone {
				forgetSpans(alone[j].Link)
				forgetSpans(page[j].Link)
				if !reflect.DeepEqual(alone[j].Link, page[j].Link) || !reflect.DeepEqual(alone[j].Notes, page[j].Notes) {
					t.Errorf("%s step %d link %s: %s", scenario, i, alone[j].ID, cmp.Diff(alone[j].Notes, page[j].Notes)+
						cmp.Diff(alone[j].Link, page[j].Link, cmpopts.IgnoreUnexported(fetch.CheckoutLink{})))
				}
			}
		}
	}
}

// forgetSpans makes links from different places comparable.
func forgetSpans(link *fetch.CheckoutLink) {
	if link.Discount != nil {
		link.Discount.Sent = wire.Span{}
	}
	for i := range link.Products {
		p := &link.Products[i]
		p.Sent = wire.Span{}
		for j := range p.Prices {
			p.Prices[j].Sent = wire.Span{}
			if p.Prices[j].Meter != nil {
				p.Prices[j].Meter.Sent = wire.Span{}
			}
		}
		for j := range p.Benefits {
			p.Benefits[j].Sent = wire.Span{}
		}
		for j := range p.Medias {
			p.Medias[j].Sent = wire.Span{}
		}
	}
}
