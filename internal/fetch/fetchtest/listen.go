package fetchtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// TB is what Start needs of a testing.TB, so that this package can be shipped
// without the testing package.
type TB interface {
	Helper()
	Cleanup(f func())
	Fatalf(format string, args ...any)
	Context() context.Context
}

// Start plays a recorded catalogue on a loopback port until the test ends.
func Start(tb TB, scenario string) *Server {
	tb.Helper()
	rec, err := Load(scenario)
	if err != nil {
		tb.Fatalf("start fake Polar: %v", err)
		return nil
	}
	return StartServer(tb, NewServer(rec))
}

// StartFor plays a made-up catalogue on a loopback port until the test ends.
func StartFor(tb TB, links ...Answer) *Server {
	tb.Helper()
	return StartServer(tb, NewServerFor(links...))
}

// StartServer puts s on a loopback port until the test ends.
func StartServer(tb TB, s *Server) *Server {
	tb.Helper()
	if err := s.Listen(tb.Context(), "127.0.0.1:0"); err != nil {
		tb.Fatalf("start fake Polar: %v", err)
		return nil
	}
	tb.Cleanup(s.Close)
	return s
}

// listener holds what Listen opened and Close must wait for.
type listener struct {
	server *http.Server
	stop   context.CancelFunc
	open   sync.WaitGroup // the accept loop and every connection
}

// Listen serves on addr, sets URL and returns. Call it once. The context bounds
// only the opening of the port: Close ends the serving.
func (s *Server) Listen(ctx context.Context, addr string) error {
	if s.net.server != nil {
		return errors.New("listen: already listening on " + s.URL)
	}
	port, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	// the base of every request's context, so that Close also frees those that wait
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.net.stop = stop
	s.net.server = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: time.Minute,
		BaseContext:       func(net.Listener) context.Context { return base },
		ConnState: func(conn net.Conn, state http.ConnState) {
			s.net.follow(state)
			if state == http.StateNew && base.Err() != nil {
				_ = conn.Close() // accepted during Close, which may have missed it
			}
		},
	}
	s.URL = "http://" + port.Addr().String()
	s.net.open.Go(func() {
		_ = s.net.server.Serve(port) // always ErrServerClosed: only Close ends it
	})
	return nil
}

// Close cuts every connection and returns once nothing runs. Closing a server
// that does not listen, or twice, does nothing.
func (s *Server) Close() {
	if s.net.server == nil {
		return
	}
	s.net.stop()
	_ = s.net.server.Close() // the port closes either way
	s.net.open.Wait()
}

// follow counts connections. The accept loop reports new ones and is itself
// counted, so the count cannot reach zero while one is being added.
func (l *listener) follow(state http.ConnState) {
	switch state {
	case http.StateNew:
		l.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		l.open.Done()
	case http.StateActive, http.StateIdle:
	}
}
