package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/secret"
)

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, code := range []int{301, 302, 303, 307, 308} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			t.Parallel()
			s, other := fetchtest.Start(t, "seed-ads"), fetchtest.Start(t, "seed-ads")
			id := s.LinkIDs()[0]
			s.Inject(fetchtest.Fault{Play: fetchtest.Redirect(code, other.URL+"/v1/checkout-links/"+id)})
			client := newClient(t, s)
			observed, err := client.Get(t.Context(), ids(t, id)[0])
			if err != nil {
				t.Fatal(err)
			}
			wantVerdict(t, observed, verdict{"between", code, fmt.Sprintf("redirect to %q not followed; is POLAR_SERVER right?", other.URL+"/v1/checkout-links/"+id)})
			if n := other.Requests().Total; n != 0 {
				t.Errorf("the other server was asked %d times, with %q", n, other.Log()[0].Header)
			}
			if n := s.Requests().Total; n != tries {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestARedirectWithinTheServerIsNotFollowedEither(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	s.Inject(fetchtest.Fault{Play: fetchtest.Redirect(307, "/v1/checkout-links/")})
	_, err := newClient(t, s).List(t.Context(), 1, 100)
	if got := verdictOn(t, err); got.Kind != "between" || got.Status != 307 || s.Requests().Total != tries {
		t.Errorf("%+v after %d requests", got, s.Requests().Total)
	}
}

func TestAServerThatIsNotThereIsUnavailable(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	s.Close()
	client := newClient(t, s)
	observed, err := client.Get(t.Context(), ids(t, s.LinkIDs()...)[0])
	if err != nil {
		t.Fatal(err)
	}
	wantVerdict(t, observed, verdict{"unavailable", 0, "dial tcp 127.0.0.1:"})
	if client.Requests() != tries {
		t.Errorf("%d requests", client.Requests())
	}
}

func TestACancelledRequestEndsAtOnceWithTheContextsError(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	entered, _ := s.Hold(nil) // the server never answers
	client := newClient(t, s)
	for name, ask := range map[string]func(context.Context) error{
		"get":  func(ctx context.Context) error { _, err := client.Get(ctx, ids(t, s.LinkIDs()...)[0]); return err },
		"list": func(ctx context.Context) error { _, err := client.List(ctx, 1, 100); return err },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- ask(ctx) }()
		<-entered
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) || kindName(t, err) != "" {
			t.Errorf("%s: %v", name, err)
		}
		before := client.Requests()
		if err := ask(ctx); !errors.Is(err, context.Canceled) || client.Requests() != before {
			t.Errorf("%s with a context that has ended: %v, %d requests more", name, err, client.Requests()-before)
		}
	}
}

func TestARequestSaysWhoAsksAndForWhichVersion(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	s.SetToken(fakeToken)
	client := newClient(t, s, func(c *fetch.Config) { c.UserAgent = "syncer/1.2 (test)" })
	if _, err := client.Get(t.Context(), ids(t, strings.ToUpper(s.LinkIDs()[0]))[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := client.List(t.Context(), 2, 50); err != nil {
		t.Fatal(err)
	}
	log := s.Log()
	if diff := cmp.Diff([]string{"/v1/checkout-links/" + s.LinkIDs()[0], "/v1/checkout-links/?page=2&limit=50"}, []string{log[0].Path, log[1].Path}); diff != "" {
		t.Error(diff)
	}
	for _, r := range log {
		got := map[string]string{}
		for _, name := range []string{"Authorization", "Accept", "Accept-Encoding", "Polar-Version", "User-Agent"} {
			got[name] = r.Header.Get(name)
		}
		if diff := cmp.Diff(map[string]string{
			"Authorization": "Bearer " + fakeToken, "Accept": "application/json", "Accept-Encoding": "gzip",
			"Polar-Version": "2027-01", "User-Agent": "syncer/1.2 (test)",
		}, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTheTokenIsAskedForBeforeEveryRequest(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	id := ids(t, s.LinkIDs()...)[0]
	token, fails := "first", error(nil)
	client := newClient(t, s, func(c *fetch.Config) {
		c.Token = func() (secret.Text, error) { return secret.New(token), fails }
	})
	for _, token = range []string{"first", "second"} {
		s.SetToken(token)
		if observed, err := client.Get(t.Context(), id); err != nil || observed.Err != nil {
			t.Errorf("%s: %v %v", token, err, observed.Err)
		}
	}
	s.ResetCounts()
	fails = errors.New("open /run/secrets/token: no such file")
	observed, err := client.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	wantVerdict(t, observed, verdict{"refused", 0, "open /run/secrets/token: no such file"})

	fails = nil
	for _, token = range []string{"two\nlines", "two\r\nX-Header: lines", "with space", "naïve", "\x00", "tab\t", "del\x7f"} {
		observed, err := client.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		wantVerdict(t, observed, verdict{"refused", 0, "the token holds characters that are in no token"})
		if strings.Contains(observed.Err.Error(), token) {
			t.Errorf("tells the token: %v", observed.Err)
		}
	}
	if n := s.Requests().Total; n != 0 {
		t.Errorf("%d requests without a token", n)
	}
}

func TestAnObservationIsStampedWithTheRequestThatWasAnswered(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	now := time.Now()
	second := 0
	client := newClient(t, s, func(c *fetch.Config) {
		c.Now = func() time.Time {
			second++
			return now.Add(time.Duration(second) * time.Second)
		}
	})
	s.Inject(fetchtest.Fault{Play: fetchtest.Hangup(), Times: 2})
	observed, err := client.Get(t.Context(), ids(t, s.LinkIDs()...)[0]) // begins and ends three times
	if err != nil || observed.Err != nil || observed.At != now.Add(5*time.Second) || observed.Until != now.Add(6*time.Second) {
		t.Errorf("%v %v: from %s until %s", err, observed.Err, observed.At, observed.Until)
	}
	page, err := client.List(t.Context(), 1, 100)
	if err != nil || page.Links[0].At != now.Add(7*time.Second) || page.Links[19].Until != now.Add(8*time.Second) {
		t.Errorf("%v: from %s until %s", err, page.Links[0].At, page.Links[19].Until)
	}
	if !strings.Contains(observed.At.String(), " m=") || !strings.Contains(observed.Until.String(), " m=") {
		t.Error("the monotonic reading is gone, without which a clock that is set changes the order of truth")
	}
}
