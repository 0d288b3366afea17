package main

import (
	"testing"
	"time"
)

// Busy is the time with at least one request under way: overlapping ones count once.
func TestMeter(t *testing.T) {
	t.Parallel()
	var m meter
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0) }
	m.begin(at(1))
	m.begin(at(2))
	m.end(at(3))
	m.end(at(5))
	m.begin(at(10))
	m.end(at(11))
	if got, want := m.read(), (served{Requests: 3, First: at(1), Busy: 5 * time.Second}); got != want {
		t.Errorf("served %+v, want %+v", got, want)
	}
	m.begin(at(20))
	m.end(at(21))
	if got, want := m.read(), (served{Requests: 1, First: at(20), Busy: time.Second}); got != want {
		t.Errorf("then served %+v, want %+v", got, want)
	}
}
