package fetchtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch/fetchtest"
)

func TestOnlyTheTokenIsAccepted(t *testing.T) {
	t.Parallel()
	s := abc(t)
	for _, path := range []string{links + idA, links, links + "foo", links + "?limit=0"} {
		if got := ask(t, s, path, "Authorization:"); got.StatusCode != 401 || !strings.Contains(got.body, `"Unauthorized"`) {
			t.Errorf("%s without a token: %d %s", path, got.StatusCode, got.body)
		}
		if got := ask(t, s, path, "Authorization: Bearer other"); got.StatusCode != 401 || !strings.Contains(got.body, `"invalid_token"`) {
			t.Errorf("%s with a wrong token: %d %s", path, got.StatusCode, got.body)
		}
	}
	old := s.Token()
	s.SetToken("rotated")
	wantStatus(t, s, links+idA, http.StatusOK)
	if got := ask(t, s, links+idA, "Authorization: Bearer "+old); got.StatusCode != 401 {
		t.Errorf("the old token: %d", got.StatusCode)
	}
	s.SetToken("")
	for _, header := range []string{"Authorization: Bearer rotated", "Authorization: Bearer "} {
		if got := ask(t, s, links+idA, header); got.StatusCode != 401 {
			t.Errorf("%s while none is accepted: %d", header, got.StatusCode)
		}
	}
}

func TestIDsInAnySpelling(t *testing.T) {
	t.Parallel()
	s := abc(t)
	for spelling, want := range map[string]int{
		idA:                                    200,
		strings.ToUpper(idA):                   200,
		strings.ReplaceAll(idA, "-", ""):       200,
		unknown:                                404,
		"aaaaaaaa-0000-1000-8000-0000000":      422,
		"aaaaaaaa-0000-1000-8000-00000000000a": 422, // version 1
		"foo":                                  422,
	} {
		wantStatus(t, s, links+spelling, want)
	}
	if n := s.Requests().ByID[idA]; n != 3 {
		t.Errorf("%d requests for %s, want 3 whatever the spelling", n, idA)
	}
}

func TestRoutesThatAreNone(t *testing.T) {
	t.Parallel()
	s := abc(t)
	for _, path := range []string{"/", "/v1", "/v1/products/", "/v1/checkout-linksx", links + "/", links + idA + "/products"} {
		if got := ask(t, s, path); got.StatusCode != 404 || got.body != `{"detail":"Not Found"}` {
			t.Errorf("%s: %d %s", path, got.StatusCode, got.body)
		}
	}
	if got := ask(t, s, links+idA+"/"); got.StatusCode != 307 || got.Header.Get("Location") != s.URL+links+idA {
		t.Errorf("GET with a slash: %d to %s", got.StatusCode, got.Header.Get("Location"))
	}
}

func TestStepsOnAndBack(t *testing.T) {
	t.Parallel()
	rec := load(t, "seed-ads")
	s := fetchtest.StartServer(t, fetchtest.NewServer(rec))
	if s.StepIndex() != 0 || s.Steps() != 2 || s.StepTitle(1) != rec.Titles[1] {
		t.Errorf("starts at %d of %d, then %q", s.StepIndex(), s.Steps(), s.StepTitle(1))
	}
	if !s.Next() || s.StepIndex() != 1 || s.Next() || s.StepIndex() != 1 {
		t.Errorf("Next leads to %d", s.StepIndex())
	}
	s.Goto(0)
	if s.StepIndex() != 0 {
		t.Errorf("Goto(0) leads to %d", s.StepIndex())
	}
	defer func() {
		if recover() == nil {
			t.Error("Goto(2) did not panic")
		}
	}()
	s.Goto(2)
}

func TestLinksAreKnownBeforeAndAfterTheyLive(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed")
	all := s.AllLinkIDs()
	last := all[len(all)-1]
	wantStatus(t, s, links+last, http.StatusNotFound)
	if n := len(s.LinkIDs()); n != 60 || len(all) != 63 {
		t.Errorf("knows %d of %d links, want 60 of 63", n, len(all))
	}
	s.Goto(3)
	wantStatus(t, s, links+last, http.StatusOK)
	if diff := cmp.Diff(all, s.LinkIDs()); diff != "" {
		t.Errorf("links at step 3 (-want +got):\n%s", diff)
	}
	for _, link := range s.Links() {
		if got := ask(t, s, links+link.ID); got.StatusCode != link.Status || got.body != string(link.Body) {
			t.Errorf("%s: %d, want %d as in Links", link.ID, got.StatusCode, link.Status)
		}
	}
}

func TestRequestsAreCountedAndLogged(t *testing.T) {
	t.Parallel()
	s := abc(t)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s.SetClock(func() time.Time { return now })
	s.Inject(fetchtest.Fault{Match: fetchtest.OnLink(idB), Play: fetchtest.Status(503, "")})
	ask(t, s, links+idA)
	ask(t, s, links+idA, "Polar-Version: 2026-10")
	ask(t, s, links+idB)
	ask(t, s, links+"?page=2&limit=2")
	ask(t, s, "/nowhere")

	want := fetchtest.Counts{Total: 5, Gets: 3, Lists: 1, ByID: map[string]int{idA: 2, idB: 1}, Peak: 1}
	if diff := cmp.Diff(want, s.Requests()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	type entry struct {
		Path   string
		Status int
	}
	var got []entry
	for _, r := range s.Log() {
		got = append(got, entry{r.Path, r.Status})
		if r.Method != http.MethodGet || !r.Began.Equal(now) {
			t.Errorf("%s %s began %s", r.Method, r.Path, r.Began)
		}
	}
	if diff := cmp.Diff([]entry{
		{links + idA, 200},
		{links + idA, 200},
		{links + idB, 503},
		{links + "?page=2&limit=2", 200},
		{"/nowhere", 404},
	}, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if version := s.Log()[1].Header.Get("Polar-Version"); version != "2026-10" {
		t.Errorf("logged Polar-Version %q", version)
	}
	s.ResetCounts()
	if n := s.Requests().Total + len(s.Log()); n != 0 {
		t.Errorf("%d after ResetCounts", n)
	}
}

func TestCountsAreCopies(t *testing.T) {
	t.Parallel()
	s := abc(t)
	ask(t, s, links+idA)
	s.Requests().ByID[idA] = 7
	if n := s.Requests().ByID[idA]; n != 1 {
		t.Errorf("counted %d", n)
	}
}
