package fetchtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"syncer/internal/fetch/fetchtest"
)

// outcome is the end of a request in the background.
type outcome struct {
	status int
	body   string
	err    error
}

func inBackground(t *testing.T, s *fetchtest.Server, path string) <-chan outcome {
	t.Helper()
	c := client(t)
	done := make(chan outcome, 1)
	go func() {
		got, err := try(t.Context(), c, s, path)
		if err != nil {
			done <- outcome{err: err}
			return
		}
		done <- outcome{got.StatusCode, got.body, nil}
	}()
	return done
}

func waitUntil(t *testing.T, reached func() bool) {
	t.Helper()
	patience := time.After(time.Minute)
	for !reached() {
		select {
		case <-patience:
			t.Fatal("waited a minute in vain")
		case <-time.After(time.Millisecond):
		}
	}
}

// A held answer dates from the question, however late it comes.
func TestAHeldRequestBringsTheOldState(t *testing.T) {
	t.Parallel()
	s := abc(t)
	entered, release := s.Hold(fetchtest.OnLink(idA))
	held := inBackground(t, s, links+idA)
	<-entered
	s.Set(idA, link(idA, "newer"))
	wantStatus(t, s, links+idB, http.StatusOK) // others pass
	select {
	case got := <-held:
		t.Fatalf("not held: %+v", got)
	default:
	}
	release()
	release()
	if got := <-held; got.err != nil || strings.Contains(got.body, "newer") {
		t.Errorf("held: %+v, want the old state", got)
	}
	if got := ask(t, s, links+idA).body; !strings.Contains(got, "newer") {
		t.Errorf("after release: %s", got)
	}
}

func TestHoldCountsWhoWaits(t *testing.T) {
	t.Parallel()
	s := abc(t)
	entered, release := s.Hold(nil)
	var waiting []<-chan outcome
	for range 5 {
		waiting = append(waiting, inBackground(t, s, links+idA))
		<-entered
	}
	if peak := s.Requests().Peak; peak != 5 {
		t.Errorf("peak %d, want 5", peak)
	}
	release()
	for _, got := range waiting {
		if a := <-got; a.status != http.StatusOK {
			t.Errorf("got %+v", a)
		}
	}
	s.ResetCounts()
	ask(t, s, links)
	if peak := s.Requests().Peak; peak != 1 {
		t.Errorf("peak %d after all left, want 1", peak)
	}
}

// Faults too are decided on arrival, and play after the wait.
func TestAFaultWaitsAtTheGate(t *testing.T) {
	t.Parallel()
	s := abc(t)
	entered, release := s.Hold(nil)
	fault := s.Inject(fetchtest.Fault{Play: fetchtest.Status(503, "")})
	held := inBackground(t, s, links+idA)
	<-entered
	fault.Stop()
	release()
	if got := <-held; got.status != 503 {
		t.Errorf("got %+v", got)
	}
}
