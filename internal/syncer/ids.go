package syncer

import (
	"bytes"
	"maps"
	"slices"

	"github.com/google/uuid"

	"syncer/internal/fetch"
)

func sortedIDs[T any](m map[uuid.UUID]T) []uuid.UUID {
	return slices.SortedFunc(maps.Keys(m), compareIDs)
}

// compareIDs orders as Postgres orders uuid.
func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

func idsOf(links []fetch.Observed) []uuid.UUID {
	ids := make([]uuid.UUID, len(links))
	for i, o := range links {
		ids[i] = o.ID
	}
	return ids
}

// distinct is all ids of both lists, sorted, each once.
func distinct(a, b []uuid.UUID) []uuid.UUID {
	all := slices.Concat(a, b)
	slices.SortFunc(all, compareIDs)
	return slices.Compact(all)
}
