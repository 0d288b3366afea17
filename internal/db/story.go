package db

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db/query"
)

// Story is all that the rows tell about one link.
type Story struct {
	Link     *StoryLink // nil: never synced
	Failures []Failure  // one per source it fails for, by source
	Offers   []Offer    // what it offers, or did when it was last there, in order
	Changes  []StoryChange
	// Names are the names of the things in Changes, by id.
	Names map[uuid.UUID]string
}

// StoryLink is the link itself.
type StoryLink struct {
	Label       *string
	FirstSeenAt time.Time
	LastSeenAt  *time.Time // when Polar last showed it, as far as is known; nil: it is gone, or fails
	RemovedAt   *time.Time // nil: it is live
	Discount    *string    // name of the discount it applies; nil: none
}

// Offer is a product that a link offers.
type Offer struct {
	Product  string // its name
	Archived bool
	Prices   []json.RawMessage // its live prices, each a whole row with its tiers under "tiers"
}

// StoryChange is a change of a link, or of something it shows.
type StoryChange struct {
	Entity    string          // table
	Op        string          // insert, update, remove, restore
	Before    json.RawMessage // columns, by name; nil: the row is new
	After     json.RawMessage // columns, by name; nil: the row is gone
	NotBefore *time.Time      // the old state was last seen then; nil: unknown
	NotAfter  time.Time       // it had changed by then
	Subject   string          // name of what changed
	Price     json.RawMessage // the price's whole row as it is now, with its tiers; nil for other changes
}

// Story reads the story of a link, with the last most changes, newest first. It
// omits what the run that first saw the link saw then. nil: the link is unknown.
func (d *DB) Story(ctx context.Context, id uuid.UUID, most int32) (*Story, error) {
	story, err := readStory(ctx, d.queries(), id, most)
	return story, classify(err)
}

func readStory(ctx context.Context, q *query.Queries, id uuid.UUID, most int32) (*Story, error) {
	var s Story
	failures, err := q.GetFailure(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, f := range failures {
		s.Failures = append(s.Failures, Failure{Source: f.Source, Since: f.Since, Attempts: f.Attempts, Kind: f.Kind, Message: f.Message, Path: f.Path})
	}
	link, err := q.GetCheckoutLinkStory(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		if len(failures) == 0 {
			return nil, nil //nolint:nilnil // an unknown link is no error
		}
		return &s, nil
	}
	if err != nil {
		return nil, err
	}
	s.Link = &StoryLink{Label: link.Label, FirstSeenAt: link.FirstSeenAt, RemovedAt: link.RemovedAt, Discount: link.Discount}
	if link.RemovedAt == nil && len(failures) == 0 {
		if s.Link.LastSeenAt, err = lastSight(ctx, q, link.OrganizationID, link.ChangedAt); err != nil {
			return nil, err
		}
	}
	if s.Offers, err = offers(ctx, q, id); err != nil {
		return nil, err
	}
	if s.Changes, err = linkChanges(ctx, q, id, most); err != nil {
		return nil, err
	}
	s.Names, err = names(ctx, q, mentioned(s.Changes))
	return &s, err
}

// lastSight returns when Polar last showed a live link: in the last finished run that
// saw its organization, or when it changed, whichever is later.
func lastSight(ctx context.Context, q *query.Queries, organization uuid.UUID, changed time.Time) (*time.Time, error) {
	seen, err := q.GetLastSight(ctx, organization)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, err
	}
	if seen.Before(changed) { // also if no run has finished yet
		seen = changed
	}
	return &seen, nil
}

// offers groups the rows, one per price, by product.
func offers(ctx context.Context, q *query.Queries, id uuid.UUID) ([]Offer, error) {
	rows, err := q.ListOffers(ctx, id)
	if err != nil {
		return nil, err
	}
	var ids []uuid.UUID
	for _, r := range rows {
		if r.PriceID != nil {
			ids = append(ids, *r.PriceID)
		}
	}
	prices, err := wholePrices(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	var all []Offer
	last := int32(-1)
	for _, r := range rows {
		if r.Position != last {
			all, last = append(all, Offer{Product: r.Product, Archived: r.IsArchived}), r.Position
		}
		if r.PriceID != nil { // a product without prices still has one row
			o := &all[len(all)-1]
			o.Prices = append(o.Prices, prices[*r.PriceID])
		}
	}
	return all, nil
}

func linkChanges(ctx context.Context, q *query.Queries, id uuid.UUID, most int32) ([]StoryChange, error) {
	rows, err := q.ListLinkChanges(ctx, query.ListLinkChangesParams{LinkID: id, Most: most})
	if err != nil {
		return nil, err
	}
	var ids []uuid.UUID
	for _, r := range rows {
		if r.Entity == "prices" {
			ids = append(ids, r.EntityID)
		}
	}
	prices, err := wholePrices(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	var all []StoryChange
	for _, r := range rows {
		all = append(all, StoryChange{
			Entity: r.Entity, Op: r.Op, Before: r.Before, After: r.After, NotBefore: r.NotBefore, NotAfter: r.NotAfter,
			Subject: r.Subject, Price: prices[r.EntityID],
		})
	}
	return all, nil
}

// mentioned returns the ids of other things that changes mention.
func mentioned(changes []StoryChange) []uuid.UUID {
	var ids []uuid.UUID
	for _, c := range changes {
		for _, raw := range []json.RawMessage{c.Before, c.After} {
			var columns map[string]json.RawMessage
			if json.Unmarshal(raw, &columns) != nil {
				continue
			}
			for _, column := range []string{"product_id", "benefit_id", "media_id", "meter_id", "credit_meter_id", "discount_id"} {
				var id uuid.UUID
				if v, ok := columns[column]; ok && json.Unmarshal(v, &id) == nil {
					ids = append(ids, id)
				}
			}
		}
	}
	return ids
}

func names(ctx context.Context, q *query.Queries, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	rows, err := q.ListNames(ctx, ids)
	if err != nil {
		return nil, err
	}
	all := make(map[uuid.UUID]string, len(rows))
	for _, r := range rows {
		all[r.ID] = r.Name
	}
	return all, nil
}
