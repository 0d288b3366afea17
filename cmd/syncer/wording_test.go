package main

import (
	"testing"
	"time"
)

func TestLastingIsForPeople(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0 s", -time.Second: "0 s", time.Millisecond: "1 s", 15 * time.Second: "15 s", 15*time.Second + 1: "16 s",
		time.Minute: "1 min", 62 * time.Second: "1 min 2 s", 15 * time.Minute: "15 min", time.Hour: "1 h",
		time.Hour + time.Second: "1 h", 90 * time.Minute: "1 h 30 min", 90*time.Minute + time.Second: "1 h 30 min",
		24 * time.Hour: "1 day", 51 * time.Hour: "2 days 3 h", 48*time.Hour + time.Minute: "2 days",
	} {
		if got := lasting(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
