package clones

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Server answers for an Organization as Polar does, without limits and faults,
// which package fetchtest has.
type Server struct {
	Organization *Organization
	Delay        time.Duration // before every answer, like a network; set it before serving

	requests, lists atomic.Int64
}

// Requests counts the requests, and those of them for a page of LIST.
func (s *Server) Requests() (all, lists int64) { return s.requests.Load(), s.lists.Load() }

const route = "/v1/checkout-links/"

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	select {
	case <-time.After(s.Delay):
	case <-r.Context().Done():
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == route {
		s.lists.Add(1)
		s.list(w, r)
		return
	}
	id, err := uuid.Parse(strings.TrimPrefix(r.URL.Path, route))
	i, ok := s.Organization.Find(id)
	if err != nil || !ok {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error":"ResourceNotFound","detail":"Not found"}`)
		return
	}
	send(w, s.Organization.Append(nil, i))
}

// list answers one page, oldest link first.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	page, limit := number(r, "page", 1), number(r, "limit", 10)
	from := min((page-1)*limit, s.Organization.links)
	to := min(from+limit, s.Organization.links)
	body := make([]byte, 0, (to-from)*(16<<10)+256)
	body = append(body, `{"items":[`...)
	for i := from; i < to; i++ {
		if i > from {
			body = append(body, ',')
		}
		body = s.Organization.Append(body, i)
	}
	body = fmt.Appendf(body, `],"pagination":{"total_count":%d,"max_page":%d}}`,
		s.Organization.links, (s.Organization.links+limit-1)/limit)
	send(w, body)
}

func number(r *http.Request, key string, otherwise int) int {
	n, err := strconv.Atoi(r.URL.Query().Get(key))
	if err != nil || n < 1 {
		return otherwise
	}
	return n
}

func send(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body) //nolint:errcheck // who hung up does not want it
}
