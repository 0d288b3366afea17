package syncer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// ErrOtherOrganization says that the token, or the server, is of another organization
// than the source keeps. Nothing was written or removed.
var ErrOtherOrganization = errors.New("not the organization that the source keeps")

// sameServer makes sure, before anything is asked for, that the source asks the server
// that showed it what it keeps.
func (r *reader) sameServer() error {
	server := r.source.Client.Server()
	i := slices.IndexFunc(r.run.Kept, func(o db.Organization) bool { return o.Server != server })
	if i < 0 {
		return nil
	}
	if r.options.NewOrganization {
		r.move()
		return nil
	}
	return fmt.Errorf("%w: source %q keeps organization %s of %s, and is set to %s now; nothing was written or removed",
		ErrOtherOrganization, r.source.Name, r.run.Kept[i].ID, r.run.Kept[i].Server, server)
}

// move makes the run forget what its source has kept until now.
func (r *reader) move() { r.run.Kept, r.run.Moves = nil, true }

// familiarLinks is the most links of a kept organization that are asked for in order
// to know whether the token sees it. One may be gone.
const familiarLinks = 3

// familiar makes sure, before anything is written, that the token sees an
// organization that the source keeps, if it sees any. A personal token may see
// several, and show links of a new one first.
func (r *reader) familiar(ctx context.Context) error {
	if len(r.organizations) == 0 || len(r.run.Kept) == 0 || r.seesKept() {
		return nil
	}
	ids, err := r.db.LiveLinks(ctx, r.run.KeptIDs())
	if err != nil {
		return fmt.Errorf("look up known links: %w", err)
	}
	missing := idsOf(r.missing)
	ids = slices.DeleteFunc(ids, func(id uuid.UUID) bool { return slices.Contains(missing, id) })
	for _, id := range ids[:min(familiarLinks, len(ids))] {
		link, err := r.source.Client.Get(ctx, id)
		if err = errors.Join(err, ending(ctx, link.Err)); err != nil {
			return err
		}
		if r.shown(link); r.seesKept() {
			return nil
		}
	}
	if r.options.NewOrganization {
		r.move()
		return nil
	}
	return fmt.Errorf("%w: source %q keeps %s, and the token sees %s instead (%s); nothing was written or removed",
		ErrOtherOrganization, r.source.Name, named(r.run.KeptIDs()), named(sortedIDs(r.organizations)), r.source.Client.Server())
}

// shown notes whose link Polar has shown.
func (r *reader) shown(o fetch.Observed) {
	if o.Link != nil {
		r.organizations[o.Link.OrganizationID] = true
	}
}

// known lists the organizations that the source keeps or that this run was shown: only
// their links may be removed.
func (r *reader) known() []uuid.UUID {
	return distinct(r.run.KeptIDs(), slices.Collect(maps.Keys(r.organizations)))
}

func (r *reader) seesKept() bool {
	return slices.ContainsFunc(r.run.KeptIDs(), func(id uuid.UUID) bool { return r.organizations[id] })
}

// askWhose asks LIST once whose links the token sees, unless pages have told. Where
// the page cannot be read, nothing is told.
func (r *reader) askWhose(ctx context.Context) error {
	if r.source.All || r.listed {
		return nil
	}
	r.listed = true
	for page, err := range r.source.Client.WalkPages(ctx, fetch.Pages{From: 1}) {
		for _, l := range page.Links {
			r.shown(l)
		}
		return ending(ctx, err)
	}
	return nil
}

// named lists organizations for a person.
func named(ids []uuid.UUID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	if len(ids) == 1 {
		return "organization " + texts[0]
	}
	return "organizations " + strings.Join(texts, ", ")
}
