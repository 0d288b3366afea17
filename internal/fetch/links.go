package fetch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"syncer/internal/fetch/wire"
)

const (
	linkPath = "/v1/checkout-links/" // by id without a slash at the end; LIST with this one
	// PageLimit is the most links a LIST page can hold.
	PageLimit = 100
)

// Get asks for one link. The observation holds what went wrong; the error is the
// context's, or the account's.
func (c *Client) Get(ctx context.Context, id uuid.UUID) (Observed, error) {
	a, err := c.get(ctx, linkPath+id.String(), true)
	if ctx.Err() != nil {
		return Observed{}, ctx.Err()
	}
	if err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return Observed{}, err
		}
		return Observed{ID: id, At: a.at, Until: a.until, Err: err, Body: e.Body}, nil
	}
	observed := observe(a)
	switch {
	case observed.Err != nil:
		observed.ID = id
	case observed.ID != id:
		observed = Observed{ID: id, At: a.at, Until: a.until, Body: a.body, Err: badBody(a.body, &wire.Error{
			Path: "id", Reason: "another link than the one asked for",
		})}
	}
	return observed, nil
}

// observe decodes the body of one link.
func observe(a answer) Observed {
	link, notes, err := DecodeLink(a.body)
	if err != nil {
		return Observed{At: a.at, Until: a.until, Body: a.body, Err: badBody(a.body, err)}
	}
	return Observed{ID: link.ID, At: a.at, Until: a.until, Link: link, Body: a.body, Notes: notes, Text: a.body}
}

// badBody makes an Error of the *wire.Error about an answer.
func badBody(body []byte, err error) *Error {
	e := &Error{Kind: ErrBadAnswer, Status: 200, Body: body, Detail: err.Error()}
	if w, ok := errors.AsType[*wire.Error](err); ok {
		e.Path, e.Detail = w.Path, w.Reason
	}
	return e
}

// Page is one page of LIST.
type Page struct {
	Links []Observed
	Total int64 // links of the organization
}

type listAnswer struct {
	Items      []wire.Try[CheckoutLink] `wire:"items"`
	Pagination struct {
		TotalCount int64      `wire:"total_count"`
		MaxPage    int64      `wire:"max_page"`
		Extra      wire.Extra `wire:",unknown"`
	} `wire:"pagination"`
	Extra wire.Extra `wire:",unknown"`
}

//nolint:gochecknoglobals // worked out from the types once, never changed
var listShape = wire.ShapeOf[listAnswer]()

// List asks for one page, counted from 1, of up to limit links, oldest first. A
// broken link is an observation with an error, by its place if its id is broken
// too; the page fails only as a whole. Polar answers 500 for a page that holds
// a link it cannot show.
func (c *Client) List(ctx context.Context, page, limit int) (Page, error) {
	a, err := c.get(ctx, fmt.Sprintf("%s?page=%d&limit=%d", linkPath, page, limit), limit == 1)
	if err != nil {
		return Page{}, err
	}
	read, err := readPage(a)
	for i := range read.Links {
		if read.Links[i].ID == uuid.Nil {
			read.Links[i].Place = (page-1)*limit + i + 1
		}
	}
	return read, err
}

// readPage decodes the body of a page.
func readPage(a answer) (Page, error) {
	var list listAnswer
	if _, err := wire.Decode(a.body, listShape, &list); err != nil {
		e := badBody(a.body, err)
		e.broken = !wire.Valid(a.body)
		return Page{}, e
	}
	page := Page{Total: list.Pagination.TotalCount, Links: make([]Observed, 0, len(list.Items))}
	for _, item := range list.Items {
		observed := Observed{At: a.at, Until: a.until, Link: item.Value, Body: item.Body, Notes: item.Notes, Text: a.body}
		if item.Err != nil {
			observed.ID, observed.Err, observed.Notes = idOf(item.Body), badBody(item.Body, item.Err), nil
		} else {
			observed.ID = item.Value.ID
			item.Value.keepMeterIDs()
		}
		page.Links = append(page.Links, observed)
	}
	return page, nil
}

// idIn finds the id of the first link on a page that is no JSON from some point behind
// it, or Nil.
func idIn(page []byte) (id uuid.UUID) {
	d := json.NewDecoder(bytes.NewReader(page))
	if !find(d, "items") {
		return uuid.Nil
	}
	if open, err := d.Token(); err != nil || open != json.Delim('[') || !find(d, "id") || d.Decode(&id) != nil {
		return uuid.Nil
	}
	return id
}

// find moves d, which is before an object, to the value of a key.
func find(d *json.Decoder, key string) bool {
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return false
	}
	for d.More() {
		k, err := d.Token()
		if err != nil || k == key {
			return err == nil
		}
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			return false
		}
	}
	return false
}

// idOf finds the id of an otherwise unreadable link, or Nil.
func idOf(item []byte) (id uuid.UUID) {
	var keys map[string]json.RawMessage
	if json.Unmarshal(item, &keys) != nil || json.Unmarshal(keys["id"], &id) != nil {
		return uuid.Nil
	}
	return id
}
