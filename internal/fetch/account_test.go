package fetch_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
)

func TestTheBudgetOutlivesTheClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const limit = 60
		s := fetchtest.NewServerFor()
		s.SetClock(time.Now)
		var uses []fetch.Use
		var ends []time.Time
		for range 3 {
			client := clientOver(wireless{s: s, latency: func(*http.Request) time.Duration { return 100 * time.Millisecond }}, limit)
			for i, ended := range ends {
				uses[i].Ago = time.Since(ended)
			}
			self := uuid.New()
			client.TakeUp(self, uses)
			exhaust(t, client.Walk(t.Context(), unknown(40), nil))
			uses, ends = append(uses, fetch.Use{By: self, Requests: client.Requests()}), append(ends, time.Now())
			<-time.After(time.Second)
		}
		log := s.Log()
		for i := limit; i < len(log); i++ {
			if span := log[i].Began.Sub(log[i-limit].Began); span < time.Minute {
				t.Fatalf("requests %d to %d within %s", i-limit+1, i+1, span)
			}
		}
		if len(log) != 3*2*40 {
			t.Errorf("%d requests", len(log))
		}
	})
}

func TestWhatOthersHaveUsedCountsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServerFor()
		client := bubbleClient(s, 10)
		first, second, other, old := uuid.New(), uuid.New(), uuid.New(), uuid.New()
		uses := []fetch.Use{{By: old, Requests: 10, Ago: time.Minute}, {By: other, Requests: 5, Ago: 20 * time.Second}}
		if n := client.TakeUp(first, uses); n != 5 {
			t.Errorf("%d requests are new", n)
		}
		get := func() { _, _ = client.Get(t.Context(), unknown(1)[0]) }
		get()
		for range 2 { // the next run of this client, which reads again once
			if n := client.TakeUp(second, append(uses, fetch.Use{By: first, Requests: 1})); n != 0 {
				t.Errorf("%d requests are new", n)
			}
		}
		if took := passed(t, func() {
			for range 4 {
				get()
			}
		}); took != 0 {
			t.Errorf("four that are left took %s", took)
		}
		if took := passed(t, get); took != 40*time.Second {
			t.Errorf("the next one took %s", took)
		}
	})
}

func TestRequestsAreNotedBeforeTheyAreSent(t *testing.T) {
	t.Parallel()
	for limit, step := range map[int]int64{0: 50, 7: 1, 60: 6, 100_000: 50} {
		synctest.Test(t, func(t *testing.T) {
			s := fetchtest.NewServerFor()
			s.SetClock(time.Now)
			var noted, sent atomic.Int64
			var watched atomic.Bool
			client := clientOver(wireless{s: s, latency: func(*http.Request) time.Duration {
				if n := sent.Add(1); watched.Load() && (n > noted.Load() || noted.Load() > n+step+4) {
					t.Errorf("limit %d: request %d is sent, %d are noted", limit, n, noted.Load())
				}
				return 0
			}}, limit)
			_, _ = client.Get(t.Context(), unknown(1)[0])
			sent.Store(0) // an earlier run's
			watched.Store(true)
			notes := 0
			stop := client.Account(func(_ context.Context, n int64) error { notes++; noted.Store(n); return nil })
			exhaust(t, client.Walk(t.Context(), unknown(60), nil))
			if most := int(120/step) + 1; notes > most {
				t.Errorf("limit %d: %d notes for 120 requests", limit, notes)
			}
			stop()
			watched.Store(false)
			before := notes
			exhaust(t, client.Walk(t.Context(), unknown(60), nil))
			if notes != before {
				t.Error("noted after its end")
			}
		})
	}
}

func TestARequestThatCannotBeNotedIsNotSent(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 150)
	lost := errors.New("lost")
	s := fetchtest.StartFor(t, links...)
	client := newClient(t, s)
	defer client.Account(func(_ context.Context, n int64) error {
		if n > 100 {
			return lost
		}
		return nil
	})()
	batches, err := collect(client.Walk(t.Context(), all, nil))
	// What was under way when the note failed may have been cut before it arrived.
	if sent := s.Requests().Total; !errors.Is(err, lost) || len(batches) != 1 || sent > 100 || sent < 50 {
		t.Errorf("%d batches, %v, %d requests", len(batches), err, sent)
	}
	if _, err := collect(linksOf(client.WalkPages(t.Context(), fetch.Pages{From: 1}))); !errors.Is(err, lost) {
		t.Error(err)
	}
}
