//go:build faults

package syncer_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"syncer/internal/db/dbtest"
	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer"
)

// TestTwoWritersConverge lets two sources sync overlapping links of a catalogue
// that moves on, many times: the end is what Polar shows.
func TestTwoWritersConverge(t *testing.T) {
	t.Parallel()
	rec, err := fetchtest.Load("seed")
	if err != nil {
		t.Fatal(err)
	}
	d, polar := dbtest.New(t), fetchtest.Start(t, "seed")
	random := rand.New(rand.NewPCG(3, 4))
	one, two := benchOn(t, polar, d), benchOn(t, polar, d)
	all := one.links().IDs
	for range 200 {
		polar.Goto(random.IntN(rec.Len()))
		move := random.IntN(rec.Len())
		at := int32(random.IntN(30))
		var count int32
		var mu sync.Mutex
		fault := polar.Inject(fetchtest.Fault{Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
			mu.Lock()
			if count++; count == at {
				polar.Goto(move)
			}
			mu.Unlock()
			normal.ServeHTTP(w, r)
		}})
		var running sync.WaitGroup
		for i, b := range []*bench{one, two} {
			ids := slices.Clone(all)
			random.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
			ids = ids[:15]
			slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
			source := syncer.Source{Name: fmt.Sprint("writer ", i), Client: b.client, IDs: ids, Strategy: fetch.ByID}
			running.Go(func() {
				if _, err := b.syncer.Run(t.Context(), source, syncer.Options{Trigger: "test", AllowMassRemoval: true}); err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
			})
		}
		running.Wait()
		fault.Stop()
	}
	last := one.links()
	last.IDs = ids(t, polar.LinkIDs()...)
	if _, err := one.syncer.Run(t.Context(), last, syncer.Options{Trigger: "test", AllowMassRemoval: true}); err != nil {
		t.Fatal(err)
	}
	live := one.column(`SELECT id::text FROM checkout_links WHERE removed_at IS NULL ORDER BY 1`)
	var want []string
	for _, a := range one.answers(rec) {
		if a.Status == 200 {
			want = append(want, a.ID)
		}
	}
	slices.Sort(want)
	for _, id := range want {
		if !slices.Contains(live, id) {
			t.Errorf("link %s is not live", id)
		}
	}
	if report, err := two.syncer.Run(t.Context(), last, syncer.Options{Trigger: "test"}); err != nil || report.Links.Changed != 0 {
		t.Errorf("not converged: %v, %+v", err, report.Links)
	}
}
