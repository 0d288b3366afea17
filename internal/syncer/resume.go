package syncer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// resumption is what a run takes over from the stopped one that it resumes.
type resumption struct {
	checkpoint

	finished      []uuid.UUID // links that one had finished, and whose rows are in place
	organizations []uuid.UUID // whose links these are
	failed        []uuid.UUID // links that failed there, to be tried again
}

// resume finds out what a stopped run had finished, if what it left is still so. It
// is nil when the run begins at the beginning: there is no checkpoint, it is of
// another version or server, or it claims what is not there any more.
func resume(ctx context.Context, d *db.DB, source *Source, run *db.Run) (*resumption, error) {
	r := &resumption{}
	readable := run.Checkpoint != nil && json.Unmarshal(run.Checkpoint, &r.checkpoint) == nil
	if !readable || r.Server != source.Client.Server() {
		return nil, nil
	}
	var err error
	if r.failed, err = d.FailuresSince(ctx, source.Name, run.Since); err != nil {
		return nil, fmt.Errorf("look up failures: %w", err)
	}
	there, err := r.stillThere(ctx, source.Client)
	if err == nil && there {
		there, err = r.inPlace(ctx, d, source, run)
	}
	if err != nil || !there {
		return nil, err
	}
	return r, nil
}

// stillThere asks again for the last page that was finished, and for the last link
// by id: they must show the marked links where they were.
func (r *resumption) stillThere(ctx context.Context, client *fetch.Client) (bool, error) {
	if r.Pages == 0 && r.Link == (mark{}) {
		return false, nil // nothing to know it by
	}
	if r.Pages > 0 {
		for page, err := range client.WalkPages(ctx, fetch.Pages{From: r.Pages}) {
			if err != nil {
				return false, ending(ctx, err)
			}
			if len(page.Links) <= r.Page.Place || !r.Page.is(page.Links[r.Page.Place]) {
				return false, nil
			}
			break // the others are asked for when it is sure that they are wanted
		}
	}
	if r.Link == (mark{}) {
		return true, nil
	}
	link, err := client.Get(ctx, r.Link.ID)
	if err != nil {
		return false, err
	}
	return r.Link.is(link), ending(ctx, link.Err)
}

// ending is err if it would end any walk; nil: a walk from the beginning may fare
// better.
func ending(ctx context.Context, err error) error {
	if errors.Is(err, fetch.ErrRefused) || fetch.Unreachable(err) || ctx.Err() != nil {
		return err
	}
	return nil
}

// inPlace lists what the stopped run had finished and has its rows. It is false when
// its pages had shown more or fewer links than that.
func (r *resumption) inPlace(ctx context.Context, d *db.DB, source *Source, run *db.Run) (bool, error) {
	finished := map[uuid.UUID]bool{}
	finish := func(ids []uuid.UUID) {
		for _, id := range ids {
			if source.wants(id) && !slices.Contains(r.failed, id) && !slices.Contains(r.Gone, id) {
				finished[id] = true
			}
		}
	}
	if r.Pages > 0 {
		ids, err := d.LinksThrough(ctx, r.Page.Organization, r.Page.Created)
		if err != nil {
			return false, fmt.Errorf("look up known links: %w", err)
		}
		if finish(ids); len(finished)+len(r.failed) != r.Shown {
			return false, nil
		}
	}
	if r.Through != uuid.Nil {
		// Those without a live row are asked for again.
		ids, err := source.live(ctx, d, run.KeptIDs())
		if err != nil {
			return false, fmt.Errorf("look up known links: %w", err)
		}
		finish(slices.DeleteFunc(ids, func(id uuid.UUID) bool { return compareIDs(id, r.Through) > 0 }))
	}
	r.finished = sortedIDs(finished)
	states, err := d.LinkStates(ctx, r.finished)
	if err != nil {
		return false, fmt.Errorf("look up known links: %w", err)
	}
	organizations := map[uuid.UUID]bool{}
	for _, state := range states {
		organizations[state.Organization] = true
	}
	r.organizations = sortedIDs(organizations)
	return true, nil
}
