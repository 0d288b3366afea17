package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
)

func TestTheBudgetHoldsInAnyMinute(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 3, 7, 60, 80, 400} {
		for _, way := range []string{"at once", "slowly", "unevenly"} {
			t.Run(fmt.Sprintf("%d a minute, %s", limit, way), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := fetchtest.NewServerFor()
					s.SetClock(time.Now)
					random := rand.New(rand.NewPCG(uint64(limit), 1))
					var sent []time.Time // as they leave the client; RoundTrip is never called twice at once
					mu := make(chan struct{}, 1)
					w := wireless{s: s, latency: func(*http.Request) time.Duration {
						mu <- struct{}{}
						defer func() { <-mu }()
						sent = append(sent, time.Now())
						switch way {
						case "slowly":
							return time.Second
						case "unevenly":
							return time.Duration(random.Int64N(int64(20 * time.Second)))
						}
						return 0
					}}
					client := clientOver(w, limit)
					n := 3*limit + 1 // each link costs two requests
					exhaust(t, client.Walk(t.Context(), unknown(n), nil))
					if len(sent) != 2*n || client.Requests() != int64(2*n) {
						t.Fatalf("%d requests, want %d", len(sent), 2*n)
					}
					for i := limit; i < len(sent); i++ {
						if span := sent[i].Sub(sent[i-limit]); span < time.Minute {
							t.Fatalf("requests %d to %d within %s", i-limit+1, i+1, span)
						}
					}
					if most := time.Duration(2*n/limit+1) * time.Minute; way == "at once" && sent[len(sent)-1].Sub(sent[0]) > most {
						t.Errorf("took %s, and could have been done in %s", sent[len(sent)-1].Sub(sent[0]), most)
					}
				})
			})
		}
	}
}

func TestABudgetOfEightyPercentNeverMeetsPolarsLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServerFor()
		client := bubbleClient(s, 80)
		s.SetLimit(100, time.Minute)
		exhaust(t, client.Walk(t.Context(), unknown(300), nil))
		for _, r := range s.Log() {
			if r.Status == 429 {
				t.Fatalf("429 at %s", r.Began)
			}
		}
	})
}

func TestWithoutABudgetPolarsLimitIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServerFor()
		client := bubbleClient(s, 0)
		s.SetLimit(100, time.Minute)
		links := 0
		for batch, err := range client.Walk(t.Context(), unknown(150), nil) {
			if err != nil {
				t.Fatal(err)
			}
			for _, observed := range batch {
				links++
				if !errors.Is(observed.Err, fetch.ErrNotFound) {
					t.Error(observed.Err)
				}
			}
		}
		// 300 requests take three windows; in between each worker may be refused once
		if refused := client.Requests() - 300; links != 150 || refused < 2 || refused > 2*4 {
			t.Errorf("%d links, %d requests refused", links, refused)
		}
	})
}

func TestTheFirstRequestGoesAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServerFor()
		client := bubbleClient(s, 100)
		walk := func(waiting int) {
			t.Helper()
			s.ResetCounts()
			_, release := s.Hold(nil)
			done := make(chan struct{})
			go func() {
				defer close(done)
				exhaust(t, client.Walk(t.Context(), unknown(10), nil))
			}()
			synctest.Wait()
			if got := s.Requests().Total; got != waiting {
				t.Errorf("%d requests under way, want %d", got, waiting)
			}
			release()
			<-done
			if got := s.Requests(); got.Total != 20 {
				t.Errorf("%d requests in the end", got.Total)
			}
		}
		walk(1) // the very first
		walk(4) // no quiet in between
		<-time.After(5*time.Minute - time.Second)
		walk(4) // not yet
		<-time.After(5 * time.Minute)
		walk(1)
		walk(4)
		for range 3 { // every request counts, not just the first
			<-time.After(3 * time.Minute)
			walk(4)
		}
	})
}

func TestASlowFirstRequestIsNotFollowedByAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServerFor()
		client := bubbleClient(s, 0)
		_, release := s.Hold(nil)
		time.AfterFunc(50*time.Second, release)
		if took := passed(t, func() { _, _ = client.Get(t.Context(), unknown(1)[0]) }); took != 50*time.Second {
			t.Errorf("took %s", took)
		}
		<-time.After(4*time.Minute + 30*time.Second) // since its end
		_, release = s.Hold(nil)
		defer release()
		for _, id := range unknown(4) {
			go func() { _, _ = client.Get(t.Context(), id) }()
		}
		synctest.Wait()
		if n := s.Requests().Total; n != 1+4 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestARequestThatFailsOpensTheWayToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServerFor()
		client := bubbleClient(s, 0)
		s.Inject(fetchtest.Fault{Play: fetchtest.Stall(nil), Times: 1})
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan error, 1)
		go func() { _, err := client.Get(ctx, unknown(1)[0]); first <- err }()
		synctest.Wait()
		second := make(chan error, 1)
		go func() { _, err := client.Get(t.Context(), unknown(2)[1]); second <- err }()
		synctest.Wait()
		if s.Requests().Total != 1 {
			t.Errorf("%d requests", s.Requests().Total)
		}
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := <-second; err != nil {
			t.Error(err)
		}
	})
}

func TestARateLimitHoldsAllRequestsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServerFor()
		client := bubbleClient(s, 0)
		all := unknown(20)
		_, _ = client.Get(t.Context(), all[0]) // opens the way
		s.ResetCounts()
		s.Inject(fetchtest.Fault{Match: on(all[0]), Play: fetchtest.TooMany("60"), Times: 1})
		_, releaseLimited := s.Hold(on(all[0]))
		_, releaseOthers := s.Hold(on(all[1:]...))
		began := time.Now()
		done := make(chan struct{})
		go func() {
			defer close(done)
			exhaust(t, client.Walk(t.Context(), all, nil))
		}()
		synctest.Wait()
		releaseLimited()
		synctest.Wait()
		releaseOthers() // they were already under way; none may follow
		<-done
		early := 0
		for _, r := range s.Log() {
			if r.Began.Sub(began) < time.Minute {
				early++
			}
		}
		if early != 4 || s.Requests().Total != 41 {
			t.Errorf("%d of %d requests in the minute that was to be waited", early, s.Requests().Total)
		}
	})
}

func TestARateLimitOfTheFirstRequestHoldsThoseBackThatWaitForIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServerFor()
		client := bubbleClient(s, 0)
		s.Inject(fetchtest.Fault{Play: fetchtest.TooMany("60"), Times: 1})
		began := time.Now()
		exhaust(t, client.Walk(t.Context(), unknown(20), nil))
		for i, r := range s.Log() {
			if i > 0 && r.Began.Sub(began) < time.Minute {
				t.Fatalf("request %d after %s", i+1, r.Began.Sub(began))
			}
		}
		if s.Requests().Total != 41 {
			t.Errorf("%d requests", s.Requests().Total)
		}
	})
}

func TestAPauseIsNotShortenedByALaterOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServerFor()
		client := bubbleClient(s, 0)
		_, _ = client.Get(t.Context(), unknown(1)[0]) // opens the way
		s.ResetCounts()
		_, release := s.Hold(nil)
		s.Inject(fetchtest.Fault{Play: fetchtest.TooMany("100"), Times: 1})
		s.Inject(fetchtest.Fault{Play: fetchtest.TooMany("10"), Times: 1})
		took := passed(t, func() {
			done := make(chan struct{})
			for _, id := range unknown(2) {
				go func() { _, _ = client.Get(t.Context(), id); done <- struct{}{} }()
				synctest.Wait()
			}
			release()
			<-done
			<-done
		})
		if took != 100*time.Second || s.Requests().Total != 4 {
			t.Errorf("%d requests in %s", s.Requests().Total, took)
		}
	})
}

func TestAWalkThatWaitsForItsBudgetIsCancelledAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServerFor()
		client := bubbleClient(s, 5)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			var last error
			for _, err := range client.Walk(ctx, unknown(100), nil) {
				last = err
			}
			done <- last
		}()
		synctest.Wait()
		took := passed(t, func() {
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		if took != 0 || s.Requests().Total != 5 || client.Requests() != 5 {
			t.Errorf("ended after %s and %d requests, %d counted", took, s.Requests().Total, client.Requests())
		}
	})
}

// Whoever is still under way, and until one is answered with anything but a 429.
func TestTheFirstRequestAfterAPauseGoesAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServerFor()
		client := bubbleClient(s, 0)
		all := unknown(8)
		var running sync.WaitGroup
		get := func(id uuid.UUID) {
			running.Go(func() { _, _ = client.Get(t.Context(), id) })
			synctest.Wait()
		}
		total := func(want int, when string) {
			t.Helper()
			synctest.Wait()
			if got := s.Requests().Total; got != want {
				t.Errorf("%s: %d requests, want %d", when, got, want)
			}
		}
		get(all[0]) // opens the way
		_, releaseSlow := s.Hold(on(all[1]))
		get(all[1])
		s.Inject(fetchtest.Fault{Play: fetchtest.TooMany("5"), Times: 2})
		s.Inject(fetchtest.Fault{Play: fetchtest.Hangup(), Times: 1})
		seen := 0
		_, release := s.Hold(func(*http.Request) bool { seen++; return seen >= 4 })
		for _, id := range all[2:] {
			get(id)
		}
		total(3, "in the pause")
		<-time.After(5 * time.Second)
		total(4, "refused once more")
		<-time.After(5 * time.Second)
		total(6, "one without an answer, and one that is under way")
		releaseSlow()
		<-time.After(30 * time.Second)
		total(6, "the end of one from before opens no way")
		release()
		total(6+5, "the others")
		running.Wait()
	})
}
