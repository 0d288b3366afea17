package fetch_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
)

func TestBatchesDoNotShareTheirMemory(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 250)
	s := fetchtest.StartFor(t, links...)
	var batches [][]fetch.Observed
	for batch, err := range newClient(t, s).Walk(t.Context(), all, nil) {
		if err != nil {
			t.Fatal(err)
		}
		_ = append(batch, fetch.Observed{}) // as a caller may do
		batches = append(batches, batch)
	}
	wantWalk(t, batches, []int{100, 100, 50}, all)
}

func TestAWalkThatIsLeftLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for _, after := range []int{1, 2, 3} {
		synctest.Test(t, func(t *testing.T) { // returns only once every goroutine has
			links, all := madeUp(t, 300)
			s := fetchtest.NewServerFor(links...)
			client := bubbleClient(s, 0)
			batches := 0
			for batch, err := range client.Walk(t.Context(), all, nil) {
				if err != nil || len(batch) != 100 {
					t.Fatalf("%d links, %v", len(batch), err)
				}
				if batches++; batches == after {
					break
				}
			}
			// the next ones are already under way, within bounds
			if n := s.Requests().Total; n > after*100+10 {
				t.Errorf("%d requests for %d batches", n, after)
			}
		})
	}
}

func TestAWalkWhoseRequestsHangIsLeftAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		links, all := madeUp(t, 300)
		s := fetchtest.NewServerFor(links...)
		var active atomic.Int32
		client := clientOver(wireless{s: s, active: &active}, 0)
		s.Hold(on(all[100:]...)) // never to be answered
		took := passed(t, func() {
			for batch, err := range client.Walk(t.Context(), all, nil) {
				if err != nil || len(batch) != 100 {
					t.Errorf("%d links, %v", len(batch), err)
				}
				break
			}
		})
		if took != 0 || active.Load() != 0 {
			t.Errorf("after %s, and %d requests are still under way", took, active.Load())
		}
	})
}

func TestACancelledWalkYieldsWhatWasSeenAndEndsWithTheContextsError(t *testing.T) {
	t.Parallel()
	for _, seen := range []int{0, 4, 50, 150} { // of the first 4, any may go first
		synctest.Test(t, func(t *testing.T) {
			links, all := madeUp(t, 300)
			s := fetchtest.NewServerFor(links...)
			client := bubbleClient(s, 0)
			s.Hold(on(all[seen:]...))
			ctx, cancel := context.WithCancel(t.Context())
			type result struct {
				batches [][]fetch.Observed
				err     error
			}
			done := make(chan result, 1)
			go func() {
				batches, err := collect(client.Walk(ctx, all, nil))
				done <- result{batches, err}
			}()
			synctest.Wait()
			cancel()
			r := <-done
			if !errors.Is(r.err, context.Canceled) {
				t.Errorf("ended with %v", r.err)
			}
			if diff := cmp.Diff(append([]uuid.UUID(nil), all[:seen]...), idsOf(r.batches)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestASlowReaderIsNotRunAheadOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		links, all := madeUp(t, 420)
		s := fetchtest.NewServerFor(links...)
		client := bubbleClient(s, 0)
		taken := 0
		for batch, err := range client.Walk(t.Context(), all, nil) {
			if err != nil {
				t.Fatal(err)
			}
			taken += len(batch)
			synctest.Wait() // everything that may be fetched ahead has been by now
			if n := s.Requests().Total; n > taken+10 {
				t.Errorf("%d requests when %d links are taken", n, taken)
			}
		}
		if taken != 420 {
			t.Errorf("%d links", taken)
		}
	})
}
