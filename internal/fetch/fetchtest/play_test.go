package fetchtest_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch/fetchtest"
)

func TestAnswersThatSayTheWrongThing(t *testing.T) {
	t.Parallel()
	const whole = `{"id":"` + idA + `","label":"a"}`
	for name, test := range map[string]struct {
		play   fetchtest.Play
		status int
		header string // "Name: value" it must carry
		body   string // a part of the body
	}{
		"status with headers":  {fetchtest.Status(503, "busy", "Retry-After: 2"), 503, "Retry-After: 2", "busy"},
		"too many, in seconds": {fetchtest.TooMany("60"), 429, "Retry-After: 60", ""},
		"too many, until a date": {
			fetchtest.TooMany("Wed, 21 Oct 2026 07:28:00 GMT"), 429, "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", "",
		},
		"too many, no word when":      {fetchtest.TooMany(""), 429, "Retry-After: ", ""},
		"bad gateway":                 {fetchtest.HTML(502), 502, "Content-Type: text/html; charset=UTF-8", "<h1>502 Bad Gateway</h1>"},
		"a page with 200":             {fetchtest.HTML(200), 200, "Content-Type: text/html; charset=UTF-8", "<html>"},
		"moved":                       {fetchtest.Redirect(302, "https://example.com/x"), 302, "Location: https://example.com/x", ""},
		"moved for good":              {fetchtest.Redirect(308, "https://example.com/x"), 308, "Location: https://example.com/x", ""},
		"no content":                  {fetchtest.Status(204, ""), 204, "Retry-After: ", ""},
		"JSON that calls itself text": {fetchtest.ContentType("text/plain"), 200, "Content-Type: text/plain", whole},
		"another body":                {fetchtest.Mangle(bytes.ToUpper), 200, "Polar-Version: 2026-04", strings.ToUpper(whole)},
		"a long header":               {fetchtest.BigHeader(100_000), 200, "X-Padding: " + strings.Repeat("x", 100_000), whole},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := abc(t)
			s.Inject(fetchtest.Fault{Play: test.play})
			got := ask(t, s, links+idA)
			header, value, _ := strings.Cut(test.header, ": ")
			if got.StatusCode != test.status || got.Header.Get(header) != value || !strings.Contains(got.body, test.body) {
				t.Errorf("%d %s %s", got.StatusCode, got.Header, got.body)
			}
		})
	}
}

func TestRecordedPlaysTheRowOfTheServer(t *testing.T) {
	t.Parallel()
	for _, scenario := range []string{"alpha", "seed"} {
		s := fetchtest.Start(t, scenario)
		s.Inject(fetchtest.Fault{Play: s.Recorded("403 scope missing")})
		if got := ask(t, s, links); got.StatusCode != 403 || !strings.Contains(got.body, "insufficient_scope") {
			t.Errorf("%s: %d %s", scenario, got.StatusCode, got.body)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a row that is not there did not panic")
		}
	}()
	fetchtest.NewServerFor().Recorded("418 teapot")
}

func TestFaultsMatchRunOutAndStop(t *testing.T) {
	t.Parallel()
	s := abc(t)
	once := s.Inject(fetchtest.Fault{Match: fetchtest.OnLink(idA), Times: 1, Play: fetchtest.Status(500, "")})
	twice := s.Inject(fetchtest.Fault{Match: fetchtest.OnLink(), Times: 2, Play: fetchtest.Status(502, "")})
	pages := s.Inject(fetchtest.Fault{Match: fetchtest.OnList(2), Play: fetchtest.Status(503, "")})
	var got []int
	for _, path := range []string{links + idB, links + idA, links + idA, links + idA, links, links + "?page=2", links + "?page=2"} {
		got = append(got, ask(t, s, path).StatusCode)
	}
	if diff := cmp.Diff([]int{502, 500, 502, 200, 200, 503, 503}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if once.Fired() != 1 || twice.Fired() != 2 || pages.Fired() != 2 {
		t.Errorf("fired %d, %d, %d times", once.Fired(), twice.Fired(), pages.Fired())
	}
	pages.Stop()
	pages.Stop()
	wantStatus(t, s, links+"?page=2", http.StatusOK)
	if pages.Fired() != 2 {
		t.Error("fired after Stop")
	}
}

func TestAChangedAnswerWithoutLengthStaysWithout(t *testing.T) {
	t.Parallel()
	s := abc(t)
	s.SetLimit(1, time.Minute)
	ask(t, s, links)
	s.Inject(fetchtest.Fault{Play: fetchtest.ContentType("text/plain")})
	if got := ask(t, s, links); got.StatusCode != 429 || got.Header.Get("Content-Type") != "text/plain" || got.ContentLength != -1 {
		t.Errorf("%d %s, length %d", got.StatusCode, got.Header, got.ContentLength)
	}
}

// A Play may be anything a test can write, with the normal answer at hand.
func TestAPlayOfOnesOwn(t *testing.T) {
	t.Parallel()
	s := abc(t)
	s.Inject(fetchtest.Fault{Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
		s.Delete(idA) // faults play outside the lock
		normal.ServeHTTP(w, r)
	}})
	wantStatus(t, s, links+idA, http.StatusNotFound)
}
