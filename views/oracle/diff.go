package oracle

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxDiffLines is how long a report gets.
const maxDiffLines = 60

// Diff reports every missing, surplus or different row of a view, by its key. It returns
// "" if there is none.
func (v View) Diff(want, got []Row) string {
	wanted, given := v.byKey(want), v.byKey(got)
	keys := maps.Clone(wanted)
	maps.Copy(keys, given)
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		w, g := wanted[key], given[key]
		switch {
		case g == nil:
			lines = append(lines, fmt.Sprintf("%s: missing: %v", key, w))
		case w == nil:
			lines = append(lines, fmt.Sprintf("%s: too much: %v", key, g))
		}
		for _, c := range v.Columns {
			if w != nil && g != nil && w[c.Name] != g[c.Name] {
				lines = append(lines, fmt.Sprintf("%s: %s: want %#v, got %#v", key, c.Name, w[c.Name], g[c.Name]))
			}
		}
	}
	if more := len(lines) - maxDiffLines; more > 0 {
		lines = append(lines[:maxDiffLines], fmt.Sprintf("... and %d lines more", more))
	}
	if lines == nil {
		return ""
	}
	return fmt.Sprintf("%s: want %d rows, got %d\n  %s", v.Name, len(want), len(got), strings.Join(lines, "\n  "))
}

// byKey indexes rows, which are sorted. It numbers those that share a key.
func (v View) byKey(rows []Row) map[string]Row {
	index := map[string]Row{}
	for _, r := range rows {
		key := v.KeyOf(r)
		for again := 2; index[key] != nil; again++ {
			key = fmt.Sprintf("%s (#%d)", v.KeyOf(r), again)
		}
		index[key] = r
	}
	return index
}
