package fetchtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"syncer/internal/fetch/fetchtest"
)

func TestTruncateCutsTheBody(t *testing.T) {
	t.Parallel()
	s := abc(t)
	for _, sent := range []int{0, 5, 1 << 20} {
		fault := s.Inject(fetchtest.Fault{Play: fetchtest.Truncate(sent)})
		got, err := try(t.Context(), client(t), s, links+idA)
		if !errors.Is(err, io.ErrUnexpectedEOF) || got.StatusCode != 200 || len(got.body) > sent {
			t.Errorf("Truncate(%d): %d bytes, %v", sent, len(got.body), err)
		}
		fault.Stop()
	}
}

func TestHangupAndResetAnswerNothing(t *testing.T) {
	t.Parallel()
	for want, play := range map[error]fetchtest.Play{io.EOF: fetchtest.Hangup(), syscall.ECONNRESET: fetchtest.Reset()} {
		s := abc(t)
		s.Inject(fetchtest.Fault{Play: play})
		if _, err := try(t.Context(), client(t), s, links+idA); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		if status := s.Log()[0].Status; status != 0 {
			t.Errorf("logged status %d, want none", status)
		}
	}
}

// A stalled answer dates from the moment it is released.
func TestStallAnswersWhenReleased(t *testing.T) {
	t.Parallel()
	s := abc(t)
	released := make(chan struct{})
	fault := s.Inject(fetchtest.Fault{Play: fetchtest.Stall(released)})
	got := inBackground(t, s, links+idA)
	waitUntil(t, func() bool { return fault.Fired() == 1 })
	s.Delete(idA)
	close(released)
	if a := <-got; a.status != http.StatusNotFound {
		t.Errorf("got %+v, want the 404 of after the stall", a)
	}
}

func TestStallEndsWithItsClient(t *testing.T) {
	t.Parallel()
	s := abc(t)
	s.Inject(fetchtest.Fault{Play: fetchtest.Stall(nil)})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := try(ctx, client(t), s, links+idA); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestTrickleSendsTheHeaderAndThenDrops(t *testing.T) {
	t.Parallel()
	s := abc(t)
	s.Inject(fetchtest.Fault{Play: fetchtest.Trickle(time.Hour, nil)})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	got, err := try(ctx, client(t), s, links+idA)
	if !errors.Is(err, context.DeadlineExceeded) || got.Response == nil || got.StatusCode != 200 {
		t.Errorf("got %v, want a header and then a timeout", err)
	}
}

func TestTrickleCompletes(t *testing.T) {
	t.Parallel()
	s := abc(t)
	want := ask(t, s, links+idA).body
	released := make(chan struct{})
	close(released)
	for name, play := range map[string]fetchtest.Play{
		"byte by byte": fetchtest.Trickle(time.Microsecond, nil),
		"released":     fetchtest.Trickle(time.Hour, released),
	} {
		fault := s.Inject(fetchtest.Fault{Play: play})
		if got := ask(t, s, links+idA).body; got != want {
			t.Errorf("%s: %q", name, got)
		}
		fault.Stop()
	}
}

func TestGzipBombIsSmallOnTheWire(t *testing.T) {
	t.Parallel()
	s := abc(t)
	s.Inject(fetchtest.Fault{Play: fetchtest.GzipBomb(16)})
	packed := ask(t, s, links+idA, "Accept-Encoding: gzip") // asked for by hand, so net/http leaves it packed
	if packed.Header.Get("Content-Encoding") != "gzip" || len(packed.body) > 50_000 {
		t.Errorf("%d bytes of %q on the wire", len(packed.body), packed.Header.Get("Content-Encoding"))
	}
	whole := ask(t, s, links+idA).body
	if len(whole) != 16<<20+len(`{"label":""}`) || !strings.HasSuffix(whole, `a"}`) {
		t.Errorf("unpacks to %d bytes that end in %q", len(whole), whole[len(whole)-3:])
	}
}

func TestGzipBombEndsWithItsClient(t *testing.T) {
	t.Parallel()
	s := fetchtest.StartFor(t)
	s.Inject(fetchtest.Fault{Play: fetchtest.GzipBomb(1 << 30)})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+links, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, resp.Body, 10<<20); err != nil {
		t.Error(err)
	}
	_ = resp.Body.Close()
	s.Close() // waits for the handler, or this test never ends
}

func TestBigHeaderIsMoreThanAClientTakes(t *testing.T) {
	t.Parallel()
	s := abc(t)
	s.Inject(fetchtest.Fault{Play: fetchtest.BigHeader(11 << 20)})
	if _, err := try(t.Context(), client(t), s, links+idA); err == nil || !strings.Contains(err.Error(), "header") {
		t.Errorf("got %v, want the header refused", err)
	}
}
