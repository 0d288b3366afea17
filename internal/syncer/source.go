package syncer

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"syncer/internal/fetch"
)

// Source is one organization's links to keep.
type Source struct {
	Name     string
	Client   *fetch.Client
	All      bool           // every link of the organization
	IDs      []uuid.UUID    // these, when not All; sorted, each once
	Strategy fetch.Strategy // how to ask for links; "": fetch.Auto
}

// wants reports whether the link is one of the source's.
func (s *Source) wants(id uuid.UUID) bool {
	if s.All {
		return true
	}
	_, wanted := slices.BinarySearchFunc(s.IDs, id, compareIDs)
	return wanted
}

// Scope names what the source wants, as the column scope of sync_runs does: runs of
// one scope ask for the same links.
func (s *Source) Scope() string {
	if s.All {
		return "all"
	}
	sum := sha256.New()
	for _, id := range s.IDs {
		sum.Write(id[:])
	}
	return fmt.Sprintf("%d links, %.8x", len(s.IDs), sum.Sum(nil))
}
