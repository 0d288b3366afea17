package fetchtest_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheLimitIsAFixedWindow(t *testing.T) {
	t.Parallel()
	s := abc(t)
	var passed atomic.Int64
	opened := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s.SetClock(func() time.Time { return opened.Add(time.Duration(passed.Load())) })
	s.SetLimit(2, time.Minute)
	var got []int
	for _, after := range []time.Duration{
		0, 30 * time.Second, // the window opens with the first request
		40 * time.Second, 59 * time.Second, // over the limit, without extending it
		60 * time.Second, 61 * time.Second, 62 * time.Second, // the next window
		10 * time.Minute,
	} {
		passed.Store(int64(after))
		a := ask(t, s, links+idA)
		got = append(got, a.StatusCode)
		if a.StatusCode == 429 && (a.Header.Get("Retry-After") != "60" || a.body != "") {
			t.Errorf("after %s: Retry-After %q, body %q", after, a.Header.Get("Retry-After"), a.body)
		}
	}
	if diff := cmp.Diff([]int{200, 200, 429, 429, 200, 200, 429, 200}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	s.SetLimit(0, 0)
	for range 5 {
		wantStatus(t, s, links, 200)
	}
}

// Polar counts before it looks at the token or the route.
func TestTheLimitCountsEverything(t *testing.T) {
	t.Parallel()
	s := abc(t)
	s.SetLimit(2, 1500*time.Millisecond)
	ask(t, s, links, "Authorization:")
	ask(t, s, "/nowhere")
	if a := ask(t, s, links); a.StatusCode != 429 || a.Header.Get("Retry-After") != "2" {
		t.Errorf("got %d, Retry-After %q; want 429 and the window in whole seconds", a.StatusCode, a.Header.Get("Retry-After"))
	}
}
