package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"syncer/internal/fetch/wire"
)

// Probe asks for a LIST of one, the least that shows whether Polar can be
// reached and lets the token read links. It sends at most two requests, waits
// for nothing, and returns how many links the organization has.
func (c *Client) Probe(ctx context.Context) (total int64, err error) {
	a, err := c.once(ctx, linkPath+"?page=1&limit=1")
	if e, ok := errors.AsType[*Error](err); ok && e.retry && e.Status != http.StatusTooManyRequests && ctx.Err() == nil {
		page := 1
		if e.Status == http.StatusInternalServerError {
			page = 2 // Polar cannot show this link; the next one may be healthy
		}
		a, err = c.once(ctx, fmt.Sprintf("%s?page=%d&limit=1", linkPath, page))
	}
	if err != nil {
		return 0, err
	}
	var list listAnswer
	if _, err := wire.Decode(a.body, listShape, &list); err != nil {
		return 0, badBody(a.body, err)
	}
	return list.Pagination.TotalCount, nil
}
