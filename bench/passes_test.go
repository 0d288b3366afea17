package main

import (
	"math"
	"testing"
)

func TestNumbersReadWell(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{
		0: "0", 0.0004: "0", 0.004: "0.004", 0.5: "0.50", 1: "1.00", 9.994: "9.99", 9.996: "10.0", 99.94: "99.9",
		99.96: "100", 999.6: "1 000", 12345: "12 345", 1234567: "1 234 567", -2.5: "-2.50", math.Inf(1): "–",
	} {
		if got := number(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}

func TestTheMedianIsInTheMiddle(t *testing.T) {
	t.Parallel()
	seconds := func(values ...float64) (p passes) {
		for _, v := range values {
			p = append(p, pass{outcome: outcome{seconds: v, done: 1}})
		}
		return p
	}
	measure := func(p pass) float64 { return p.seconds }
	for _, test := range []struct {
		passes passes
		want   string
	}{
		{nil, "–"},
		{seconds(7), "7.00"},
		{seconds(9, 1, 2), "2.00 (1.00–9.00)"},
		{seconds(4, 1, 2, 3), "2.50 (1.00–4.00)"},
	} {
		if got := spread(test.passes.all(measure)); got != test.want {
			t.Errorf("%d passes: %q, want %q", len(test.passes), got, test.want)
		}
	}
}

func TestHowMuchBetter(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		large, small float64
		want         string
	}{
		{100, 2, "50.0 ×"}, {1, 2, "0.50 ×"}, {0, 0, "1.00 ×"}, {3, 0, "∞"}, {0, 3, "–"},
	} {
		if got := times(test.large, test.small); got != test.want {
			t.Errorf("%v and %v: %q, want %q", test.large, test.small, got, test.want)
		}
	}
}
