package fetch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
)

// verdict is what the client makes of an answer.
type verdict struct {
	Kind   string
	Status int
	Detail string
}

func verdictOn(t *testing.T, err error) verdict {
	t.Helper()
	e, ok := errors.AsType[*fetch.Error](err)
	if !ok {
		t.Fatalf("error %v, want a *fetch.Error", err)
	}
	return verdict{kindName(t, err), e.Status, e.Detail}
}

// kindName names the one kind of an error.
func kindName(t *testing.T, err error) string {
	t.Helper()
	var names []string
	for kind, kindName := range map[error]string{
		fetch.ErrNotFound: "not found", fetch.ErrRefused: "refused", fetch.ErrRateLimited: "rate limited",
		fetch.ErrUnavailable: "unavailable", fetch.ErrBadAnswer: "bad answer",
		fetch.ErrBetween: "between", fetch.ErrVersion: "version",
	} {
		if errors.Is(err, kind) {
			names = append(names, kindName)
		}
	}
	return strings.Join(names, " and ")
}

const (
	invalidToken = "The access token provided is expired, revoked, malformed, or invalid for other reasons."
	redirect     = `redirect to "https://api.polar.sh/v1/checkout-links`
)

// verdicts of the recorded answers of either server. Answers missing here are
// links or pages.
var verdicts = byName([]named{
	{"401 no Authorization header", verdict{"refused", 401, "Unauthorized"}},
	{"401 no Authorization header (sandbox)", verdict{"refused", 401, "Unauthorized"}},
	{"401 Basic scheme", verdict{"refused", 401, "Unauthorized"}},
	{"401 LIST no Authorization header", verdict{"refused", 401, "Unauthorized"}},
	{"401 unknown token", verdict{"refused", 401, invalidToken}},
	{"401 token without prefix", verdict{"refused", 401, invalidToken}},
	{"401 expired token", verdict{"refused", 401, invalidToken}},
	{"403 scope missing", verdict{"refused", 403, "The request requires higher privileges than provided by the access token."}},
	{"(403 expected) scope missing", verdict{"unavailable", 500, "Internal Server Error"}},
	{"404 ResourceNotFound: no such id", verdict{"not found", 404, "Not found"}},
	{"404 ResourceNotFound: link of another organization", verdict{"not found", 404, "Not found"}},
	{"404 ResourceNotFound: deleted link", verdict{"not found", 404, "Not found"}},
	{"404 unknown route", verdict{"version", 404, ""}},
	{"404 other kind: Polar-Version 2025-01", verdict{"version", 404, "asked for 2027-01, 2026-10, 2026-04, and for none in particular"}},
	{"404 other kind: Polar-Version 2026-4", verdict{"version", 404, "asked for 2027-01, 2026-10, 2026-04, and for none in particular"}},
	{"404 other kind: Polar-Version garbage", verdict{"version", 404, "asked for 2027-01, 2026-10, 2026-04, and for none in particular"}},
	{"422 not a uuid", verdict{"bad answer", 422, `[{"type":"uuid_parsing"`}},
	{"422 uuid v1", verdict{"bad answer", 422, `[{"type":"uuid_version"`}},
	{"422 limit=0", verdict{"bad answer", 422, `[{"type":"greater_than"`}},
	{"422 page=0", verdict{"bad answer", 422, `[{"type":"greater_than"`}},
	{"422 limit=abc", verdict{"bad answer", 422, `[{"type":"int_parsing"`}},
	{"422 bad sorting", verdict{"bad answer", 422, `[{"type":"enum"`}},
	{"422 bad organization_id", verdict{"bad answer", 422, `[{"type":"uuid_type"`}},
	{"307 LIST without trailing slash", verdict{"between", 307, redirect}},
	{"307 LIST without trailing slash, with query", verdict{"between", 307, redirect}},
	{"307 GET by id with trailing slash", verdict{"between", 307, redirect}},
	{"405 HEAD", verdict{"unavailable", 405, "cut short"}},
	{"405 PUT", verdict{"between", 405, `content type "application/json", server "uvicorn"`}},
	{"500 GET of a link whose first product has no active price", verdict{"unavailable", 500, "Internal Server Error"}},
	{"500 LIST page holding that link", verdict{"unavailable", 500, "Internal Server Error"}},
})

type named struct {
	name string
	verdict
}

func byName(all []named) map[string]verdict {
	verdicts := map[string]verdict{}
	for _, v := range all {
		verdicts[v.name] = v.verdict
	}
	return verdicts
}

func TestEveryRecordedAnswerIsJudged(t *testing.T) {
	t.Parallel()
	rows, err := fetchtest.Errors()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.Status == 429 {
			continue // needs waiting: see TestARecordedRateLimitIsWaitedFor
		}
		t.Run(row.Server+" "+row.Name, func(t *testing.T) {
			t.Parallel()
			s := fetchtest.StartFor(t)
			s.Inject(fetchtest.Fault{Play: fetchtest.Replay(row)})
			client := newClient(t, s)

			if row.Status == 200 && strings.Contains(row.Name, "LIST") {
				wantPage(t, client, row)
				return
			}
			observed, err := client.Get(t.Context(), rowID(row))
			if err != nil {
				t.Fatal(err)
			}
			switch want, fails := verdicts[row.Name]; {
			case row.Status == 200 && row.Body == nil: // left out of the recording
				wantVerdict(t, observed, verdict{"bad answer", 200, "unexpected end of JSON at byte 0"})
			case row.Status == 200:
				if observed.Err != nil || observed.Link == nil || observed.Link.ID != observed.ID || string(observed.Body) != string(row.Body) {
					t.Errorf("error %v, link %v", observed.Err, observed.Link)
				}
			case !fails:
				t.Error("no verdict is known")
			default:
				wantVerdict(t, observed, want)
				if string(observed.Body) != string(row.Body) {
					t.Errorf("body %q", observed.Body)
				}
			}
		})
	}
}

// wantVerdict expects an observation that failed; a long detail only has to begin alike.
func wantVerdict(t *testing.T, observed fetch.Observed, want verdict) {
	t.Helper()
	got := verdictOn(t, observed.Err)
	got.Detail = got.Detail[:min(len(got.Detail), len(want.Detail))]
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if observed.Link != nil || observed.ID == uuid.Nil || observed.At.IsZero() {
		t.Errorf("observed %+v", observed)
	}
}

func wantPage(t *testing.T, client *fetch.Client, row fetchtest.ErrorAnswer) {
	t.Helper()
	page, err := client.List(t.Context(), 1, 100)
	if row.Body == nil {
		if got := kindName(t, err); got != "bad answer" {
			t.Errorf("%v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, observed := range page.Links {
		if observed.Err != nil || observed.Link.ID != observed.ID {
			t.Errorf("%+v", observed)
		}
	}
	if want := fmt.Sprintf(`"total_count":%d,`, page.Total); !strings.Contains(string(row.Body), want) {
		t.Errorf("no %s in %s", want, row.Body)
	}
}

// rowID returns the id that a row's request asked for, or any.
func rowID(row fetchtest.ErrorAnswer) uuid.UUID {
	path := strings.TrimSuffix(row.Request.Path, "/")
	if id, err := uuid.Parse(path[strings.LastIndexByte(path, '/')+1:]); err == nil {
		return id
	}
	return uuid.MustParse("12345678-1234-4321-8123-123456789abc")
}

func TestALinkIsAnotherThanTheOneAskedFor(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	links := s.LinkIDs()
	s.Set(links[0], step(t, "seed-ads", 0)[1])
	observed, err := newClient(t, s).Get(t.Context(), ids(t, links[0])[0])
	if err != nil {
		t.Fatal(err)
	}
	wantVerdict(t, observed, verdict{"bad answer", 200, "another link than the one asked for"})
	if e, _ := errors.AsType[*fetch.Error](observed.Err); e.Path != "id" || observed.ID.String() != links[0] {
		t.Errorf("path %q, id %s", e.Path, observed.ID)
	}
}

func TestAnUnreadableLinkNamesThePathAtFault(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	id := s.LinkIDs()[0]
	s.Overlay(`0 products[0].is_recurring -`)
	observed, err := newClient(t, s).Get(t.Context(), ids(t, id)[0])
	if err != nil {
		t.Fatal(err)
	}
	wantVerdict(t, observed, verdict{"bad answer", 200, "missing"})
	if want := "Polar's answer cannot be read: products[0].is_recurring: missing"; observed.Err.Error() != want || len(observed.Body) == 0 {
		t.Errorf("error %q, body %.100q", observed.Err, observed.Body)
	}
	if s.Requests().Total != 1 {
		t.Errorf("%d requests for an answer that will not get better", s.Requests().Total)
	}
}

func TestErrorsReadAsAChain(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]*fetch.Error{
		"Polar is unavailable":                                   {Kind: fetch.ErrUnavailable},
		"Polar is unavailable: status 502: <html>":               {Kind: fetch.ErrUnavailable, Status: 502, Detail: "<html>"},
		"Polar's answer cannot be read: products[0].id: missing": {Kind: fetch.ErrBadAnswer, Status: 200, Path: "products[0].id", Detail: "missing"},
		"Polar refused the token: status 401: Unauthorized":      {Kind: fetch.ErrRefused, Status: 401, Detail: "Unauthorized"},
		"Polar knows no such checkout link: status 404":          {Kind: fetch.ErrNotFound, Status: 404},
		"Polar limits the rate of requests: status 429":          {Kind: fetch.ErrRateLimited, Status: 429},
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
}

func TestUnreachableIsPolarAsAWhole(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err  error
		want bool
	}{
		{&fetch.Error{Kind: fetch.ErrUnavailable}, true},
		{&fetch.Error{Kind: fetch.ErrUnavailable, Status: 503}, true},
		{&fetch.Error{Kind: fetch.ErrUnavailable, Status: 200}, true}, // cut short
		{&fetch.Error{Kind: fetch.ErrUnavailable, Status: 500}, false},
		{&fetch.Error{Kind: fetch.ErrRateLimited, Status: 429}, true},
		{&fetch.Error{Kind: fetch.ErrBetween, Status: 403}, true},
		{&fetch.Error{Kind: fetch.ErrVersion, Status: 404}, false},
		{&fetch.Error{Kind: fetch.ErrBadAnswer, Status: 200}, false},
		{&fetch.Error{Kind: fetch.ErrRefused, Status: 401}, false},
		{&fetch.Error{Kind: fetch.ErrNotFound, Status: 404}, false},
		{errors.Join(errors.New("save"), &fetch.Error{Kind: fetch.ErrUnavailable}), true},
		{errors.New("other"), false},
		{nil, false},
	} {
		if got := fetch.Unreachable(row.err); got != row.want {
			t.Errorf("%v: %t", row.err, got)
		}
	}
}
