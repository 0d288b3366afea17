package syncer

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// Source is one organization's links to keep.
type Source struct {
	Name     string
	Client   *fetch.Client
	All      bool           // every link of the organization
	IDs      []uuid.UUID    // these, when not All; sorted, each once
	Picked   bool           // IDs are for this run only: the source keeps others too
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

// live lists the links that the source wants and that are live in the organizations, by
// id.
func (s *Source) live(ctx context.Context, d *db.DB, organizations []uuid.UUID) ([]uuid.UUID, error) {
	ids, err := d.LiveLinks(ctx, organizations)
	return slices.DeleteFunc(ids, func(id uuid.UUID) bool { return !s.wants(id) }), err
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

// start is what a run of the source begins with.
func (s *Source) start() db.Start {
	start := db.Start{Source: s.Name, Server: s.Client.Server(), Scope: s.Scope()}
	if !s.All {
		start.Links = s.IDs
	}
	return start
}
