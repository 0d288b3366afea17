package fetchtest_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"syncer/internal/fetch/fetchtest"
)

// The package does without testing, so here is where the two must fit.
var _ fetchtest.TB = testing.TB(nil)

func TestCloseWaitsForEveryHandler(t *testing.T) {
	t.Parallel()
	s := fetchtest.NewServerFor(link(idA, "a"))
	if err := s.Listen(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var running atomic.Int64
	counted := func(play fetchtest.Play) fetchtest.Play {
		return func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
			running.Add(1)
			defer running.Add(-1)
			play(w, r, normal)
		}
	}
	s.Inject(fetchtest.Fault{Match: fetchtest.OnLink(), Times: 1, Play: counted(fetchtest.Stall(nil))})
	s.Inject(fetchtest.Fault{Match: fetchtest.OnLink(), Times: 1, Play: counted(fetchtest.Trickle(time.Hour, nil))})
	entered, _ := s.Hold(fetchtest.OnList())
	for _, path := range []string{links + idA, links + idA, links} {
		answered := inBackground(t, s, path)
		defer func() {
			if got := <-answered; got.err == nil {
				t.Errorf("%s was answered: %+v", path, got)
			}
		}()
		if path == links {
			<-entered
		}
	}
	waitUntil(t, func() bool { return running.Load() == 2 })
	s.Close()
	if n := running.Load(); n != 0 {
		t.Errorf("%d handlers outlive Close", n)
	}
	s.Close()
	if _, err := try(t.Context(), client(t), s, links); err == nil {
		t.Error("answers after Close")
	}
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := abc(t)
	if err := s.Listen(t.Context(), "127.0.0.1:0"); err == nil || !strings.Contains(err.Error(), s.URL) {
		t.Errorf("a second Listen: %v", err)
	}
	other := fetchtest.NewServerFor()
	if err := other.Listen(t.Context(), strings.TrimPrefix(s.URL, "http://")); err == nil {
		t.Error("two servers on one port")
	}
	other.Close()
}

// recorder is a TB that remembers its failure.
type recorder struct{ fatal string }

func (r *recorder) Helper()                           {}
func (r *recorder) Cleanup(func())                    {}
func (r *recorder) Context() context.Context          { return context.Background() }
func (r *recorder) Fatalf(format string, args ...any) { r.fatal = fmt.Sprintf(format, args...) }

func TestStartFailsTheTestByItself(t *testing.T) {
	t.Parallel()
	tb := new(recorder)
	if s := fetchtest.Start(tb, "beta"); s != nil || !strings.Contains(tb.fatal, `"beta"`) {
		t.Errorf("Start failed with %q", tb.fatal)
	}
}

// Everything at once, for the race detector.
func TestChangesWhileRequestsAreInFlight(t *testing.T) {
	t.Parallel()
	s := fetchtest.StartServer(t, fetchtest.NewServer(load(t, "seed-ads").Keep()))
	id := s.LinkIDs()[0]
	var asked []<-chan outcome
	for i := range 40 {
		asked = append(asked, inBackground(t, s, links+[]string{id, "?limit=100", "?limit=3&page=2", "foo"}[i%4]))
		switch i % 8 {
		case 0:
			s.Goto(i / 8 % 2)
		case 1:
			s.Overlay(id + ` label "changed"`)
		case 2:
			s.Add(link(idA, "a"))
		case 3:
			s.Inject(fetchtest.Fault{Times: 1, Play: fetchtest.Status(503, "")})
		case 4:
			s.SetToken(s.Token())
		case 5:
			s.Reset()
		case 6:
			_, release := s.Hold(nil)
			release()
		case 7:
			s.SetLimit(1000, time.Minute)
			s.Requests()
			s.Log()
		}
	}
	for _, a := range asked {
		if got := <-a; got.err != nil {
			t.Error(got.err)
		}
	}
	if n := s.Requests().Total; n != 40 {
		t.Errorf("%d requests counted", n)
	}
}
