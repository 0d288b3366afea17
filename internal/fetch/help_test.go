package fetch_test

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/fetch/wire/wiretest"
	"syncer/internal/secret"
)

// newClient asks s, and retries quickly.
func newClient(tb testing.TB, s *fetchtest.Server, change ...func(*fetch.Config)) *fetch.Client {
	tb.Helper()
	server, err := url.Parse(s.URL)
	if err != nil {
		tb.Fatal(err)
	}
	config := fetch.Config{
		Server: server, Token: fetch.FixedToken(secret.New(s.Token())), UserAgent: "test", Backoff: time.Millisecond,
	}
	for _, c := range change {
		c(&config)
	}
	client := fetch.New(config)
	tb.Cleanup(client.Close)
	return client
}

func ids(tb testing.TB, texts ...string) []uuid.UUID {
	tb.Helper()
	all := make([]uuid.UUID, len(texts))
	for i, text := range texts {
		id, err := uuid.Parse(text)
		if err != nil {
			tb.Fatal(err)
		}
		all[i] = id
	}
	return all
}

// step returns what a recorded catalogue answered at a step.
func step(tb testing.TB, scenario string, i int) []fetchtest.Answer {
	tb.Helper()
	links, err := loadStep(scenario, i)
	if err != nil {
		tb.Fatal(err)
	}
	return links
}

func loadStep(scenario string, i int) ([]fetchtest.Answer, error) {
	rec, err := fetchtest.Load(scenario)
	if err != nil {
		return nil, err
	}
	s, err := rec.Step((i + rec.Len()) % rec.Len()) // negative: from the end
	if err != nil {
		return nil, err
	}
	return s.Links, nil
}

// recorded returns the bodies of the first and last step of every catalogue,
// the shortest first.
func recorded(tb testing.TB) [][]byte {
	tb.Helper()
	bodies, err := bodiesOnce()
	if err != nil {
		tb.Fatal(err)
	}
	return bodies
}

var bodiesOnce = sync.OnceValues(func() (bodies [][]byte, err error) {
	for _, scenario := range fetchtest.Scenarios() {
		for _, i := range []int{0, -1} {
			links, err := loadStep(scenario, i)
			if err != nil {
				return nil, err
			}
			for _, link := range links {
				if link.Status == http.StatusOK {
					bodies = append(bodies, link.Body)
				}
			}
		}
	}
	slices.SortStableFunc(bodies, func(a, b []byte) int { return len(a) - len(b) })
	return bodies, nil
})

// nothingLost expects every value of the body in a field or in an Extra.
func nothingLost(tb testing.TB, body []byte, link *fetch.CheckoutLink) {
	tb.Helper()
	if diff := wiretest.Lost(body, link); diff != "" {
		tb.Errorf("sent and kept: %s", diff)
	}
}
