package fetchtest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
)

const (
	defaultLimit = 10
	maxLimit     = 100 // a larger one is silently cut to it
)

// list answers one page. With limit=100 it is the recorded page; any other is
// assembled from the GET bodies, which equal the real server's items apart from
// the order of prices.
func (s *Server) list(query url.Values) reply {
	page, limit, wrong := paging(query)
	if len(wrong) > 0 {
		return s.invalid(wrong...)
	}
	if refusal, refused := s.refuse(query); refused {
		return refusal
	}
	if recorded, ok := s.recordedPage(page, limit); ok {
		return s.play(Answer{Status: recorded.Status, ContentType: recorded.ContentType, Body: recorded.Body})
	}
	links := s.listed()
	total, pages := len(links), (len(links)+limit-1)/limit
	if page > pages { // this way round, since page*limit may overflow
		links = nil
		if s.rec.Server == "S" {
			total, pages = 0, 0 // as recorded: its count comes with the rows, and there are none
		}
	} else {
		first := (page - 1) * limit
		links = links[first:min(first+limit, total)]
	}
	for _, link := range links {
		if link.Status != http.StatusOK {
			return s.play(Answer{Status: http.StatusInternalServerError}.filled())
		}
	}
	return s.play(Answer{Body: envelope(links, total, pages)}.filled())
}

// recordedPage finds the page in the recorded walk.
func (s *Server) recordedPage(page, limit int) (Page, bool) {
	s.mu.Lock()
	pages := s.pages
	s.mu.Unlock()
	if pages == nil || limit != maxLimit {
		return Page{}, false
	}
	walk, err := pages()
	if err != nil {
		panic(err)
	}
	for _, p := range walk {
		if p.Page == page {
			return p, true
		}
	}
	return Page{}, false
}

// listed returns the links in LIST: poisoned ones, but no deleted ones.
func (s *Server) listed() []Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	links := make([]Answer, 0, len(s.links.answers))
	for _, link := range s.links.answers {
		if link.Status != http.StatusNotFound {
			links = append(links, link)
		}
	}
	return links
}

func envelope(links []Answer, total, pages int) []byte {
	var body bytes.Buffer
	body.WriteString(`{"items":[`)
	for i, link := range links {
		if i > 0 {
			body.WriteByte(',')
		}
		body.Write(link.Body)
	}
	fmt.Fprintf(&body, `],"pagination":{"total_count":%d,"max_page":%d}}`, total, pages)
	return body.Bytes()
}

// refuse answers wrong LIST parameters as recorded, and those that this fake
// cannot play with a loud 501, before a test relies on them.
func (s *Server) refuse(query url.Values) (reply, bool) {
	sorting := strings.TrimPrefix(query.Get("sorting"), "-")
	organization, product := query.Get("organization_id"), query.Get("product_id")
	switch {
	case !slices.Contains([]string{"", "created_at", "label", "success_url", "allow_discount_codes"}, sorting):
		return s.recorded("422 bad sorting"), true
	case organization != "" && uuid.Validate(organization) != nil:
		return s.recorded("422 bad organization_id"), true
	case query.Get("sorting") != "" && query.Get("sorting") != "created_at", organization != "", product != "":
		return reply{
			status: http.StatusNotImplemented,
			header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}},
			body:   []byte("fetchtest does not play filters, nor any sorting but created_at"),
		}, true
	}
	return reply{}, false
}
