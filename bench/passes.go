package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// passes are the same pass in several runs.
type passes []pass

// of picks one scenario of several series.
func of(all []series, scenario int) (p passes) {
	for _, s := range all {
		p = append(p, s[scenario])
	}
	return p
}

// measure reads a figure off a pass.
type measure func(pass) float64

// all returns the values of a measure, in order.
func (p passes) all(m measure) []float64 {
	var values []float64
	for _, one := range p {
		values = append(values, m(one))
	}
	slices.Sort(values)
	return values
}

func (p passes) median(m measure) float64 { return median(p.all(m)) }

// median of sorted values; NaN of none.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	return (values[(n-1)/2] + values[n/2]) / 2
}

// spread words the median, then the least and the most.
func spread(values []float64) string {
	if len(values) < 2 {
		return number(median(values))
	}
	return fmt.Sprintf("%s (%s–%s)", number(median(values)), number(values[0]), number(values[len(values)-1]))
}

// The figures of a pass.

func rate(p pass) float64      { return float64(p.done) / p.seconds }
func wall(p pass) float64      { return p.wall.Seconds() }
func toRequest(p pass) float64 { return milliseconds(p.toRequest) }
func megabytes(p pass) float64 { return float64(p.peak) / 1e6 }
func walALink(p pass) float64  { return float64(p.counters.wal) / float64(p.done) }
func micros(p pass) float64    { return p.seconds / float64(p.done) * 1e6 }

// per100 scales a count to a hundred finished links.
func per100(count func(pass) int64) measure {
	return func(p pass) float64 { return float64(count(p)) / float64(p.done) * 100 }
}

// requests are for all links, unreadable ones included.
func requests(p pass) float64 { return float64(p.requests) / float64(p.links) * 100 }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// peak words the most memory, in MB.
func (p passes) peak() string {
	text := number(p.median(megabytes))
	if slices.ContainsFunc(p, func(one pass) bool { return one.atMost }) {
		return "≤ " + text
	}
	return text
}

// unreadable explains which share of the links was left out, and why.
func (p passes) unreadable() (lines []string) {
	counts := map[string]int{}
	links, left := 0, 0
	for _, one := range p {
		links += one.links
		for reason, n := range one.unreadable {
			counts[reason] += n
			left += n
		}
	}
	if left == 0 {
		return nil
	}
	lines = append(lines, fmt.Sprintf("Of %s links asked for, the SDK could not read %s:", whole(links), whole(left)))
	for _, reason := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return counts[b] - counts[a] }) {
		lines = append(lines, fmt.Sprintf("- %s: %s", whole(counts[reason]), reason))
	}
	return lines
}

// number writes a number as exactly as one reads it: two or three digits, or
// all before the point.
func number(v float64) string {
	switch abs := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case abs >= 99.95:
		return whole(int(math.Round(v)))
	case abs >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case abs >= 0.0995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case abs < 0.0005:
		return "0"
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

// whole writes a number with a space before every group of three digits.
func whole(n int) string {
	digits := strconv.Itoa(n)
	var groups []string
	for len(digits) > 3 {
		groups = append(groups, digits[len(digits)-3:])
		digits = digits[:len(digits)-3]
	}
	groups = append(groups, digits)
	slices.Reverse(groups)
	return strings.Join(groups, " ")
}

// times words how often small fits into large, the factor by which one is better.
func times(large, small float64) string {
	switch {
	case large == small:
		return "1.00 ×"
	case large == 0: // one of them does none of that
		return "–"
	case small == 0:
		return "∞"
	}
	return number(large/small) + " ×"
}
