package fetchtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// root is the LIST route without its final slash.
const root = "/v1/checkout-links"

// reply is one answer, ready to send.
type reply struct {
	status  int
	header  http.Header
	body    []byte
	chunked bool // sent without Content-Length
}

func (a reply) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	if !a.chunked && a.header.Get("Content-Length") == "" && a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that left does not matter
	if a.chunked {
		_ = http.NewResponseController(w).Flush()
	}
}

// recorded returns the answer of that name as this catalogue's server sent it.
func (s *Server) recorded(name string) reply {
	row, ok := findError(s.rows, s.rec.Server, name)
	if !ok {
		panic(fmt.Sprintf("fetchtest: no answer %q is recorded for server %s", name, s.rec.Server))
	}
	return row.reply()
}

// answer does what Polar does, in its order: the version, the rate limit, the
// route and its method, the token, and only then the question.
func (s *Server) answer(r *http.Request) reply {
	version := r.Header.Get("Polar-Version")
	switch versions := s.knownVersions(); {
	case s.rec.Server == "S": // knew no versions, so neither reads nor names one
		version = ""
	case version == "" && len(versions) > 0:
		version = versions[0]
	case !slices.Contains(versions, version):
		return s.recorded("404 other kind: Polar-Version garbage")
	}
	out := s.route(r)
	if out.header.Get("Polar-Version") != "" {
		out.header.Set("Polar-Version", version)
	}
	if version == "" {
		out.header.Del("Polar-Version")
	}
	return out
}

func (s *Server) route(r *http.Request) reply {
	kind, id := routeOf(r.URL.Path)
	switch {
	case !s.admit():
		return s.limited()
	case kind == routeUnknown:
		return s.recorded("404 unknown route")
	case kind == routeSlash:
		return s.otherSlash(r)
	case r.Method != http.MethodGet:
		return s.recorded("405 PUT")
	}
	if name := s.unauthorized(r.Header.Get("Authorization")); name != "" {
		return s.recorded(name)
	}
	if kind == routeList {
		return s.list(r.URL.Query())
	}
	return s.get(id)
}

type routeKind int

const (
	routeUnknown routeKind = iota
	routeSlash             // one of the two below, apart from its last slash
	routeGet
	routeList
)

func routeOf(path string) (kind routeKind, id string) {
	id, under := strings.CutPrefix(path, root+"/")
	bare, slash := strings.CutSuffix(id, "/")
	switch {
	case path == root:
		return routeSlash, ""
	case !under:
		return routeUnknown, ""
	case id == "":
		return routeList, ""
	case bare == "" || strings.Contains(bare, "/"):
		return routeUnknown, ""
	case slash:
		return routeSlash, bare
	}
	return routeGet, id
}

// otherSlash redirects to the same address with its last slash added or
// removed. Like Polar behind its proxy, it names the host that the client used.
func (s *Server) otherSlash(r *http.Request) reply {
	to := *r.URL
	to.Scheme, to.Host = "http", r.Host
	if proto := r.Header.Get("X-Forwarded-Proto"); proto != "" {
		to.Scheme = proto
	}
	if bare, ok := strings.CutSuffix(to.Path, "/"); ok {
		to.Path = bare
	} else {
		to.Path += "/"
	}
	to.RawPath = ""
	out := s.recorded("307 LIST without trailing slash")
	out.header.Set("Location", to.String())
	return out
}

// unauthorized names the recorded refusal of an Authorization header, "" for a good one.
func (s *Server) unauthorized(header string) string {
	scheme, given, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") || given == "" {
		return "401 no Authorization header"
	}
	if want := s.Token(); want == "" || given != want {
		return "401 unknown token"
	}
	return ""
}

func (s *Server) get(raw string) reply {
	id, wrong := parseID(raw)
	if wrong != nil {
		return s.invalid(*wrong)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.links.at[id]; ok {
		return s.play(s.links.answers[i])
	}
	return s.recorded("404 ResourceNotFound: no such id")
}

// play gives a link's answer the headers recorded with its kind.
func (s *Server) play(link Answer) reply {
	name := "200 GET"
	if link.Status >= http.StatusInternalServerError {
		name = "500 GET of a link whose first product has no active price"
	}
	out := s.recorded(name)
	out.status, out.body = link.Status, link.Body
	out.header.Set("Content-Type", link.ContentType)
	return out
}
