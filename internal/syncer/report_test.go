package syncer_test

import (
	"encoding/json"
	"testing"

	"syncer/internal/fetch/fetchtest"
)

// TestChangedLinksAreThoseTheRecordingNames compares the report's count with the
// links whose body the recording says had changed at each step.
func TestChangedLinksAreThoseTheRecordingNames(t *testing.T) {
	t.Parallel()
	for _, scenario := range fetchtest.Scenarios() {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			rec, err := fetchtest.Load(scenario)
			if err != nil {
				t.Fatal(err)
			}
			b := newBench(t, scenario)
			b.run(b.links())
			for i := 1; i < rec.Len(); i++ {
				step, err := rec.Step(i)
				if err != nil {
					t.Fatal(err)
				}
				var doc struct {
					Observed struct {
						Changed []string `json:"links_whose_body_changed"`
					} `json:"observed_vs_previous_step"`
				}
				if err := json.Unmarshal(step.Doc, &doc); err != nil {
					t.Fatal(err)
				}
				changed := map[string]bool{}
				for _, id := range doc.Observed.Changed {
					changed[id] = true
				}
				removed, failed, total := 0, 0, len(step.Links)
				for _, l := range step.Links {
					switch {
					case l.Status == 500:
						failed++
						delete(changed, l.ID)
					case l.Status == 404 && changed[l.ID]:
						removed++
						delete(changed, l.ID)
					}
				}
				b.polar.Goto(i)
				links := b.run(b.links()).Links
				if links.Changed != len(changed) || links.Removed != removed || links.Failed != failed || links.Total != total {
					t.Errorf("step %d: report %+v, recording: %d changed, %d removed, %d failed of %d",
						i, links, len(changed), removed, failed, total)
				}
			}
		})
	}
}
