package syncer

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// seen is a copy of a thing and when the request began that showed it, by the
// database's clock.
type seen[T any] struct {
	id uuid.UUID
	at time.Time
	v  *T
}

// newest keeps of each thing the copy seen last.
type newest[T any] map[uuid.UUID]seen[T]

func (n newest[T]) add(id uuid.UUID, at time.Time, v *T) {
	if old, ok := n[id]; !ok || old.at.Before(at) {
		n[id] = seen[T]{id, at, v}
	}
}

func sorted[T any](n newest[T]) []seen[T] {
	return slices.SortedFunc(maps.Values(n), func(a, b seen[T]) int { return compareIDs(a.id, b.id) })
}
