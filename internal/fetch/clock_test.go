package fetch_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
)

func TestARateLimitIsWaitedForAsLongAsItSays(t *testing.T) {
	t.Parallel()
	for after, want := range map[string]time.Duration{
		"60":                  time.Minute,
		"7":                   7 * time.Second,
		"0":                   time.Second, // the shortest
		"":                    time.Minute, // as Polar always sends
		"soon":                time.Minute,
		"-5":                  time.Minute,
		"1.5":                 time.Minute,
		"120":                 2 * time.Minute,
		"121":                 2 * time.Minute, // capped
		"86400":               2 * time.Minute,
		"9999999999999999999": time.Minute,
		// the fake clock starts at 2000-01-01 00:00:00
		"Sat, 01 Jan 2000 00:00:30 GMT":    30 * time.Second,
		"Sat, 01 Jan 2000 01:00:00 GMT":    2 * time.Minute,
		"Fri, 31 Dec 1999 23:00:00 GMT":    time.Second,
		"Saturday, 01-Jan-00 00:00:30 GMT": 30 * time.Second,
	} {
		t.Run(after, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fetchtest.NewServerFor()
				client := bubbleClient(s, 0)
				s.Inject(fetchtest.Fault{Play: fetchtest.TooMany(after), Times: 1})
				took := passed(t, func() {
					observed, err := client.Get(t.Context(), unknown(1)[0])
					if err != nil || !errors.Is(observed.Err, fetch.ErrNotFound) {
						t.Errorf("%v, %v", err, observed.Err)
					}
				})
				if took != want || s.Requests().Total != 2 {
					t.Errorf("asked again after %s, want %s; %d requests", took, want, s.Requests().Total)
				}
			})
		})
	}
}

func TestARecordedRateLimitIsWaitedFor(t *testing.T) {
	t.Parallel()
	rows, err := fetchtest.Errors()
	if err != nil {
		t.Fatal(err)
	}
	limits := 0
	for _, row := range rows {
		if row.Status != 429 {
			continue
		}
		limits++
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fetchtest.NewServerFor()
				client := bubbleClient(s, 0)
				s.Inject(fetchtest.Fault{Play: fetchtest.Replay(row)})
				took := passed(t, func() {
					observed, err := client.Get(t.Context(), unknown(1)[0])
					if err != nil {
						t.Fatal(err)
					}
					wantVerdict(t, observed, verdict{"rate limited", 429, ""})
				})
				if took != 3*time.Minute || client.Requests() != tries {
					t.Errorf("%d requests in %s", client.Requests(), took)
				}
			})
		})
	}
	if limits != 4 {
		t.Errorf("%d recorded rate limits", limits)
	}
}

func TestAFaultOfTheServerIsWaitedForWithJitter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServerFor()
		client := bubbleClient(s, 0)
		s.Inject(fetchtest.Fault{Play: fetchtest.Status(502, "")})
		waits := map[time.Duration]bool{}
		for _, id := range unknown(50) {
			s.ResetCounts()
			if _, err := client.Get(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			log := s.Log()
			for i := range tries - 1 {
				wait, most := log[i+1].Began.Sub(log[i].Began), 500*time.Millisecond<<i
				waits[wait] = true
				if wait < 0 || wait >= most {
					t.Errorf("waited %s before try %d, want less than %s", wait, i+2, most)
				}
			}
		}
		if len(waits) < 100 {
			t.Errorf("%d different waits of 150", len(waits))
		}
	})
}

func TestAFaultOfTheServerIsWaitedForAsLongAsItSays(t *testing.T) {
	t.Parallel()
	for after, least := range map[string]time.Duration{"20": 20 * time.Second, "3600": 2 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			s := fetchtest.NewServerFor()
			client := bubbleClient(s, 0)
			s.Inject(fetchtest.Fault{Play: fetchtest.Status(503, "", "Retry-After: "+after), Times: 1})
			if took := passed(t, func() { _, _ = client.Get(t.Context(), unknown(1)[0]) }); took != least {
				t.Errorf("asked again after %s, want %s", took, least)
			}
		})
	}
}

func TestASlowRequestIsGivenUpAfterAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServerFor()
		client := bubbleClient(s, 0)
		s.Inject(fetchtest.Fault{Play: fetchtest.Stall(nil), Times: 1})
		if took := passed(t, func() { _, _ = client.Get(t.Context(), unknown(1)[0]) }); took < time.Minute || took > time.Minute+time.Second {
			t.Errorf("given up after %s", took)
		}
	})
}

func TestAClientThatWaitsIsCancelledAtOnce(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]fetchtest.Play{
		"for the rate limit": fetchtest.TooMany("60"),
		"before a retry":     fetchtest.Status(503, "", "Retry-After: 60"),
		"for an answer":      fetchtest.Stall(nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fetchtest.NewServerFor()
				client := bubbleClient(s, 0)
				s.Inject(fetchtest.Fault{Play: play})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { _, err := client.Get(ctx, unknown(1)[0]); done <- err }()
				synctest.Wait()
				took := passed(t, func() {
					cancel()
					if err := <-done; !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
				})
				if took != 0 || s.Requests().Total != 1 {
					t.Errorf("ended after %s and %d requests", took, s.Requests().Total)
				}
			})
		})
	}
}

func TestACancelledLastTryEndsWithTheContextsErrorToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fetchtest.NewServerFor()
		client := bubbleClient(s, 0)
		s.Inject(fetchtest.Fault{Play: fetchtest.Status(502, ""), Times: tries - 1})
		s.Inject(fetchtest.Fault{Play: fetchtest.Stall(nil)})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { _, err := client.List(ctx, 1, 100); done <- err }()
		<-time.After(10 * time.Second) // all backoffs are over by then
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) || client.Requests() != tries {
			t.Errorf("%v after %d requests", err, client.Requests())
		}
	})
}
