package main

import (
	"net/http"
	"sync"
	"time"
)

// served counts what was served in some time.
type served struct {
	Requests int           `json:"requests"`
	First    time.Time     `json:"first"`   // when the first of them arrived
	Busy     time.Duration `json:"busy_ns"` // while at least one of them was being answered
}

// meter measures what a handler serves.
type meter struct {
	handler http.Handler

	mu       sync.Mutex
	served   served
	underWay int       // requests
	since    time.Time // when the first of those arrived
}

func (m *meter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.begin(time.Now())
	defer func() { m.end(time.Now()) }()
	m.handler.ServeHTTP(w, r)
}

func (m *meter) begin(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.served.Requests++; m.served.Requests == 1 {
		m.served.First = now
	}
	if m.underWay++; m.underWay == 1 {
		m.since = now
	}
}

func (m *meter) end(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.underWay--; m.underWay == 0 {
		m.served.Busy += now.Sub(m.since)
	}
}

// read returns what was served since the last call, when no request is under way.
func (m *meter) read() served {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.served
	m.served = served{}
	return s
}
