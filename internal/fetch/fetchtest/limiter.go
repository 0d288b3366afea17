package fetchtest

import (
	"strconv"
	"time"
)

// limiter counts as Polar does: a fixed window that opens with its first request.
type limiter struct {
	clock  func() time.Time
	max    int // 0 is off
	window time.Duration
	opened time.Time
	used   int
}

// SetLimit answers 429 to all but the first requests of every window, as Polar
// does: refused requests do not extend the window, and Retry-After is the whole
// window whatever is left of it. Production allows 500 a minute, sandbox 100.
// 0, the default, is off.
func (s *Server) SetLimit(requests int, window time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limiter.max, s.limiter.window = requests, window
	s.limiter.opened, s.limiter.used = time.Time{}, 0
}

// SetClock takes the time of requests and windows from now. now must not call the server.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limiter.clock = now
}

// now needs the lock.
func (s *Server) now() time.Time {
	if s.limiter.clock == nil {
		return time.Now()
	}
	return s.limiter.clock()
}

func (s *Server) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.limiter
	if l.max == 0 {
		return true
	}
	if now := s.now(); l.opened.IsZero() || now.Sub(l.opened) >= l.window {
		l.opened, l.used = now, 0
	}
	if l.used >= l.max {
		return false
	}
	l.used++
	return true
}

func (s *Server) limited() reply {
	s.mu.Lock()
	window := s.limiter.window
	s.mu.Unlock()
	out := s.recorded("429 GET by id")
	seconds := (window + time.Second - 1) / time.Second // the header takes whole seconds only
	out.header.Set("Retry-After", strconv.Itoa(int(seconds)))
	return out
}
