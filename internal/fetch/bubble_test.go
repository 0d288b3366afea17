package fetch_test

import (
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/secret"
)

// Tests that wait run on the fake clock of testing/synctest. There is no
// network in there: the client calls the server's handler. Such a test also
// fails if it leaves a goroutine behind.

// wireless is a network without wires.
type wireless struct {
	s *fetchtest.Server
	// latency is the time request n takes to reach the server; nil: none.
	latency func(r *http.Request) time.Duration
	active  *atomic.Int32 // requests under way; nil: not counted
}

func (w wireless) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.active != nil {
		w.active.Add(1)
		defer w.active.Add(-1)
	}
	if w.latency != nil {
		select {
		case <-time.After(w.latency(r)):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	type outcome struct {
		response *http.Response
		cut      any
	}
	done := make(chan outcome, 1)
	go func() { // a handler may hang until the client gives up
		var o outcome
		defer func() { done <- o }()
		defer func() { o.cut = recover() }()
		recorder := httptest.NewRecorder()
		w.s.ServeHTTP(recorder, r)
		o.response = recorder.Result()
	}()
	switch o := <-done; {
	case r.Context().Err() != nil:
		return nil, r.Context().Err()
	case o.cut != nil:
		return nil, io.ErrUnexpectedEOF
	default:
		return o.response, nil
	}
}

// bubbleClient belongs inside a bubble, whose clock the server shares.
func bubbleClient(s *fetchtest.Server, perMinute int) *fetch.Client {
	s.SetClock(time.Now)
	return clientOver(wireless{s: s}, perMinute)
}

func clientOver(w wireless, perMinute int, change ...func(*fetch.Config)) *fetch.Client {
	config := fetch.Config{
		Server: &url.URL{Scheme: "http", Host: "polar.test"}, Token: fetch.FixedToken(secret.New(w.s.Token())),
		RequestsPerMinute: perMinute,
	}
	for _, c := range change {
		c(&config)
	}
	client := fetch.New(config)
	client.UseTransport(w)
	return client
}

// unknown returns n ids that no server knows: each costs two requests.
func unknown(n int) []uuid.UUID {
	all := make([]uuid.UUID, n)
	for i := range all {
		all[i] = uuid.UUID{0: byte(i >> 8), 1: byte(i), 6: 0x40, 8: 0x80}
	}
	return all
}

// exhaust expects a walk to reach its end.
func exhaust(t *testing.T, walk iter.Seq2[[]fetch.Observed, error]) {
	t.Helper()
	for _, err := range walk {
		if err != nil {
			t.Error(err)
		}
	}
}

// passed returns how long do took on the fake clock.
func passed(t *testing.T, do func()) time.Duration {
	t.Helper()
	began := time.Now()
	do()
	return time.Since(began)
}
