package sdk_test

import (
	"net/http"
	"testing"

	"syncer/internal/fetch/fetchtest"
)

// recorded returns every distinct body that a recorded catalogue ever answered
// for a link, over all its steps.
func recorded(tb testing.TB, scenario string) (links []fetchtest.Answer) {
	tb.Helper()
	recording, err := fetchtest.Load(scenario)
	if err != nil {
		tb.Fatal(err)
	}
	known := map[string]bool{}
	for i := range recording.Len() {
		step, err := recording.Step(i)
		if err != nil {
			tb.Fatal(err)
		}
		for _, link := range step.Links {
			if link.Status == http.StatusOK && !known[string(link.Body)] {
				known[string(link.Body)] = true
				links = append(links, link)
			}
		}
	}
	if len(links) == 0 {
		tb.Fatalf("recording %s has no links", scenario)
	}
	return links
}
