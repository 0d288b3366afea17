package oracle

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxDiffLines = 60  // of a report
	maxDiffValue = 160 // characters of one value
)

// Diff compares two sets of tables and reports every missing, surplus or
// different row, with its table, key and columns. It returns "" if they are
// equal. It cuts long reports, and long values around the first difference.
func Diff(want, got Tables) string {
	c := newContract()
	names := c.names()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}

	var lines []string
	for _, name := range names {
		found := diffTable(c[name], want[name], got[name])
		if len(found) > 0 {
			lines = append(lines, fmt.Sprintf("%s: want %d rows, got %d", name, len(want[name]), len(got[name])))
			lines = append(lines, found...)
		}
	}
	if more := len(lines) - maxDiffLines; more > 0 {
		lines = append(lines[:maxDiffLines], fmt.Sprintf("... and %d lines more", more))
	}
	return strings.Join(lines, "\n")
}

func diffTable(t table, want, got []Row) []string {
	wantRows, gotRows := t.byKey(want), t.byKey(got)
	keys := maps.Clone(wantRows)
	maps.Copy(keys, gotRows)

	var lines []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		w, wanted := wantRows[key]
		g, there := gotRows[key]
		switch {
		case !there:
			lines = append(lines, "  "+key+": missing")
		case !wanted:
			lines = append(lines, "  "+key+": too much")
		default:
			lines = append(lines, diffRow(key, w, g)...)
		}
	}
	return lines
}

// byKey indexes rows. It numbers those that share a key, which no table may hold.
func (t table) byKey(rows []Row) map[string]Row {
	index := map[string]Row{}
	for _, row := range rows {
		key := t.keyOf(row)
		for again := 2; index[key] != nil; again++ {
			key = fmt.Sprintf("%s (#%d)", t.keyOf(row), again)
		}
		index[key] = row
	}
	return index
}

func diffRow(key string, want, got Row) []string {
	columns := maps.Clone(want)
	maps.Copy(columns, got)

	var lines []string
	for _, column := range slices.Sorted(maps.Keys(columns)) {
		w, g := want[column], got[column]
		if sameText(w, g) {
			continue
		}
		from := 0
		if w != nil && g != nil {
			from = firstDifference(*w, *g)
		}
		lines = append(lines, fmt.Sprintf("  %s: %s: want %s, got %s", key, column, clip(w, from), clip(g, from)))
	}
	return lines
}

// firstDifference returns the index of the first byte that differs.
func firstDifference(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// clip quotes the part of a value around the byte at from.
func clip(value *string, from int) string {
	if value == nil {
		return "NULL"
	}
	text, before, after := *value, "", ""
	if len(text) <= maxDiffValue {
		return fmt.Sprintf("%q", text)
	}
	if start := max(0, from-maxDiffValue/4); start > 0 {
		text, before = text[runeStart(text, min(start, len(text)-1)):], "..."
	}
	if len(text) > maxDiffValue {
		text, after = text[:runeStart(text, maxDiffValue)], "..."
	}
	return before + fmt.Sprintf("%q", text) + after
}

// runeStart moves back from i to the start of its character.
func runeStart(text string, i int) int {
	for i > 0 && !utf8.RuneStart(text[i]) {
		i--
	}
	return i
}

// show writes a value for a person, or as part of a key.
func show(value *string) string {
	if value == nil {
		return "NULL"
	}
	return *value
}
