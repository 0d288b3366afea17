package fetch_test

import (
	"errors"
	"net/http"
	"testing"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
)

func TestProbeTellsHowManyLinksThereAre(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	total, err := newClient(t, s).Probe(t.Context())
	if err != nil || total != 20 {
		t.Errorf("%d links, %v", total, err)
	}
	if log := s.Log(); len(log) != 1 || log[0].Path != "/v1/checkout-links/?page=1&limit=1" {
		t.Errorf("requests: %+v", log)
	}
}

func TestProbeSendsTwoRequestsAtMostAndWaitsForNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		play     fetchtest.Play
		want     error
		requests int
		second   string
	}{
		"refused":      {fetchtest.Status(http.StatusUnauthorized, `{"error":"invalid_token"}`, "Content-Type: application/json"), fetch.ErrRefused, 1, ""},
		"rate limited": {fetchtest.TooMany("60"), fetch.ErrRateLimited, 1, ""},
		"away":         {fetchtest.HTML(http.StatusServiceUnavailable), fetch.ErrUnavailable, 2, "page=1&limit=1"},
		"broken link":  {fetchtest.Status(http.StatusInternalServerError, ""), fetch.ErrUnavailable, 2, "page=2&limit=1"},
		"no list":      {fetchtest.Status(http.StatusOK, "[]", "Content-Type: application/json"), fetch.ErrBadAnswer, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fetchtest.Start(t, "seed-ads")
			s.Inject(fetchtest.Fault{Play: test.play})
			if _, err := newClient(t, s).Probe(t.Context()); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			log := s.Log()
			if len(log) != test.requests || test.requests == 2 && log[1].Path != "/v1/checkout-links/?"+test.second {
				t.Errorf("requests: %+v", log)
			}
		})
	}
}

func TestLimitIsWhatPolarAllows(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"production": 500, "sandbox": 100, "http://localhost:1": 500} {
		server, err := fetch.ParseServer(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := fetch.Limit(server); got != want || fetch.DefaultBudget(server) != want*8/10 {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}
