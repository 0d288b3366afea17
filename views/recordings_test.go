package views_test

import (
	"testing"

	"syncer/internal/fetch/fetchtest"
)

// TestViewsShowWhatPolarAnswered replays the recorded catalogues, and finds the views as
// the oracle has them after every step.
func TestViewsShowWhatPolarAnswered(t *testing.T) {
	t.Parallel()
	for _, scenario := range fetchtest.Scenarios() {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, fetchtest.Start(t, scenario))
			for step := range b.polar.Steps() {
				b.polar.Goto(step)
				b.run(b.all())
				b.check()
				if t.Failed() {
					return // the next steps would only repeat it
				}
			}
		})
	}
}
