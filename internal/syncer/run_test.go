package syncer_test

import (
	"fmt"
	"testing"

	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer"
	"syncer/internal/syncer/oracle"
)

// TestTablesEqualTheOracle syncs every recorded catalogue, in turn and with
// steps left out, by id and by list, and compares all tables after each run.
func TestTablesEqualTheOracle(t *testing.T) {
	t.Parallel()
	for _, scenario := range fetchtest.Scenarios() {
		rec, err := fetchtest.Load(scenario)
		if err != nil {
			t.Fatal(err)
		}
		for _, stride := range []int{1, 3} {
			for name, source := range map[string]func(*bench) syncer.Source{
				"by id": func(b *bench) syncer.Source { return b.links() },
				"all":   (*bench).all,
			} {
				t.Run(fmt.Sprintf("%s/every %d/%s", scenario, stride, name), func(t *testing.T) {
					t.Parallel()
					b, o := newBench(t, scenario), oracle.New()
					for step := stride - 1; step < rec.Len(); step += stride {
						b.polar.Goto(step)
						b.run(source(b))
						if err := o.Observe(b.at(), b.answers(rec)); err != nil {
							t.Fatal(err)
						}
						b.check(o)
					}
				})
			}
		}
	}
}
