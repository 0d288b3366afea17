package fetch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/secret"
)

// fakeToken is long and odd enough to be found wherever it shows.
const fakeToken = "not-a-token-but-secret-0123456789"

// tries is how often a request is sent that may do better next time.
const tries = 4

// A mishap is something that goes wrong with every request.
type mishap struct {
	play     fetchtest.Play
	kind     string
	status   int
	detail   string // a part of it
	requests int64
	timeout  time.Duration // of the client, for what never ends
}

// soon is a timeout for answers that never come whole: that it is short only
// keeps the test from taking longer.
const soon = 50 * time.Millisecond

func mishaps() map[string]mishap {
	longer := func(body []byte) []byte { return append(body, bytes.Repeat([]byte(" "), 17<<20)...) }
	const cut = "cut short: unexpected EOF"
	return map[string]mishap{
		"429 that never ends":        {fetchtest.TooMany("0"), "rate limited", 429, "", tries, 0},
		"429 until a date long gone": {fetchtest.TooMany("Sun, 22 Nov 2020 18:16:01 GMT"), "rate limited", 429, "", tries, 0},
		"500":                        {fetchtest.Status(500, "Internal Server Error"), "unavailable", 500, "Internal Server Error", tries, 0},
		"501":                        {fetchtest.Status(501, ""), "unavailable", 501, "", tries, 0},
		"502":                        {fetchtest.Status(502, "bad\ngateway"), "unavailable", 502, "bad", tries, 0},
		"503":                        {fetchtest.Status(503, `{"detail":"Maintenance"}`, "Retry-After: 0"), "unavailable", 503, "Maintenance", tries, 0},
		"504":                        {fetchtest.Status(504, ""), "unavailable", 504, "", tries, 0},
		"524":                        {fetchtest.Status(524, ""), "unavailable", 524, "", tries, 0},
		"HTML in the answer's place": {fetchtest.HTML(200), "bad answer", 200, `content type "text/html; charset=UTF-8" instead of JSON`, tries, 0},
		"HTML 502":                   {fetchtest.HTML(502), "unavailable", 502, "<html>", tries, 0},
		"HTML 404":                   {fetchtest.HTML(404), "bad answer", 404, "<html>", 1, 0},
		"HTML 403":                   {fetchtest.HTML(403), "refused", 403, "<html>", 1, 0},
		"a body without a type":      {fetchtest.ContentType(""), "bad answer", 200, `content type "" instead of JSON`, tries, 0},
		"a body of another type":     {fetchtest.ContentType("text/plain"), "bad answer", 200, `content type "text/plain" instead of JSON`, tries, 0},
		"a body cut at its start":    {fetchtest.Truncate(0), "unavailable", 200, cut, tries, 0},
		"a body cut in its middle":   {fetchtest.Truncate(1000), "unavailable", 200, cut, tries, 0},
		"a 404 cut in its middle":    {cutShort(404, `{"error":"ResourceNotFound","detail":"Not found"}`), "unavailable", 404, cut, tries, 0},
		"a 401 cut in its middle":    {cutShort(401, `{"error":"invalid_token"}`), "refused", 401, "", 1, 0},
		"no answer ever":             {fetchtest.Stall(nil), "unavailable", 0, "Client.Timeout", tries, soon},
		"a body that never ends":     {fetchtest.Trickle(time.Hour, nil), "unavailable", 200, "Client.Timeout", tries, soon},
		"a connection torn down":     {fetchtest.Reset(), "unavailable", 0, "", tries, 0},
		"a connection hung up":       {fetchtest.Hangup(), "unavailable", 0, "EOF", tries, 0},
		"a body that is too long":    {fetchtest.Mangle(longer), "bad answer", 200, "longer than 16 MiB", 1, 0},
		"an error that is too long":  {fetchtest.Status(503, strings.Repeat("x", 17<<20)), "unavailable", 503, "xxx", tries, 0},
		// 100 GB: whoever reads on does not come back
		"a bomb":                             {fetchtest.GzipBomb(100_000), "bad answer", 200, "longer than 16 MiB", 1, 0},
		"a header that is too long":          {fetchtest.BigHeader(100 << 10), "unavailable", 0, "headers exceeded", tries, 0},
		"garbage that says it is packed":     {badGzip, "unavailable", 200, "cut short: gzip", tries, 0},
		"no JSON":                            {fetchtest.Mangle(func([]byte) []byte { return []byte("It works!") }), "bad answer", 200, "an object expected", 1, 0},
		"nothing":                            {fetchtest.Mangle(func([]byte) []byte { return nil }), "bad answer", 200, "unexpected end of JSON", 1, 0},
		"JSON with a tail":                   {fetchtest.Mangle(func(b []byte) []byte { return append(b, "{}"...) }), "bad answer", 200, "garbage after the JSON value", 1, 0},
		"no content":                         {fetchtest.Status(204, ""), "bad answer", 204, "", 1, 0},
		"400":                                {fetchtest.Status(400, "", "Content-Type: application/json"), "bad answer", 400, "", 1, 0},
		"304":                                {fetchtest.Status(304, ""), "bad answer", 304, "", 1, 0},
		"an echo of the request":             {echo(200, "text/html"), "bad answer", 200, "", tries, 0},
		"an echo in the type":                {echo(200, "text/"+fakeToken), "bad answer", 200, "[hidden]", tries, 0},
		"an echo in a 401":                   {echo(401, "text/plain"), "refused", 401, "[hidden]", 1, 0},
		"an echo in a 422":                   {echo(422, "application/json"), "bad answer", 422, "[hidden]", 1, 0},
		"an echo in a 500":                   {echo(500, "text/html"), "unavailable", 500, "[hidden]", tries, 0},
		"an echo at the end of what is kept": {echoAt(64<<10 - 5), "unavailable", 502, "", tries, 0},
		"echoes all over":                    {echoAt(0), "unavailable", 502, "", tries, 0},
		"an echo in a redirect":              {echo(302, "text/plain"), "bad answer", 302, "[hidden]", 1, 0},
	}
}

// echo answers with the request's header in every place where there is room.
func echo(status int, contentType string) fetchtest.Play {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		token := r.Header.Get("Authorization")
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Location", "https://example.com/?"+token)
		w.WriteHeader(status)
		if contentType == "application/json" {
			_, _ = fmt.Fprintf(w, `{"error":%q,"detail":[%q]}`, token, token)
			return
		}
		_, _ = fmt.Fprintf(w, "%s\n%s", token, token)
	}
}

// echoAt answers with the token over and over, from a certain byte on.
func echoAt(offset int) fetchtest.Play {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.WriteHeader(502)
		_, _ = io.WriteString(w, strings.Repeat(".", offset)+strings.Repeat(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), 5000))
	}
}

// cutShort promises a body and sends all but the last 5 bytes.
func cutShort(status int, body string) fetchtest.Play {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body[:len(body)-5])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

func badGzip(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = io.WriteString(w, "not packed at all")
}

func TestEveryMishapIsAnErrorOfItsKindAndTellsNoToken(t *testing.T) {
	t.Parallel()
	for name, m := range mishaps() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fetchtest.Start(t, "seed-ads")
			s.SetToken(fakeToken)
			s.Inject(fetchtest.Fault{Play: m.play})
			client := newClient(t, s, func(c *fetch.Config) { c.Timeout = m.timeout })
			observed, err := client.Get(t.Context(), ids(t, s.LinkIDs()...)[0])
			if err != nil {
				t.Fatal(err)
			}
			got := verdictOn(t, observed.Err)
			if got.Kind != m.kind || got.Status != m.status || !strings.Contains(got.Detail, m.detail) {
				t.Errorf("%+v, want %s, status %d, ... %s", got, m.kind, m.status, m.detail)
			}
			if client.Requests() != m.requests {
				t.Errorf("%d requests, want %d", client.Requests(), m.requests)
			}
			e, _ := errors.AsType[*fetch.Error](observed.Err)
			if cap(e.Body) > 128<<10 || cap(observed.Body) > 128<<10 {
				t.Errorf("holds on to %d bytes", cap(e.Body))
			}
			if everything := fmt.Sprintf("%v %+v %s %s", observed, e, observed.Body, e.Body); strings.Contains(everything, fakeToken[:len(fakeToken)/2]) {
				t.Errorf("tells the token: %.300s", everything)
			}
		})
	}
}

func TestAMishapThatPassesIsForgotten(t *testing.T) {
	t.Parallel()
	for name, m := range mishaps() {
		if m.requests == 1 || m.timeout != 0 {
			continue // not tried again, or better not waited for
		}
		for _, times := range []int{1, tries - 1, tries} {
			t.Run(fmt.Sprintf("%s, %d times", name, times), func(t *testing.T) {
				t.Parallel()
				s := fetchtest.Start(t, "seed-ads")
				s.SetToken(fakeToken)
				fault := s.Inject(fetchtest.Fault{Play: m.play, Times: times})
				client := newClient(t, s)
				observed, err := client.Get(t.Context(), ids(t, s.LinkIDs()...)[0])
				if err != nil {
					t.Fatal(err)
				}
				if (observed.Err == nil) != (times < tries) {
					t.Errorf("error %v", observed.Err)
				}
				if want := int64(min(times+1, tries)); client.Requests() != want || fault.Fired() != times {
					t.Errorf("%d requests, %d of them into the fault; want %d", client.Requests(), fault.Fired(), want)
				}
			})
		}
	}
}

func TestAnAnswerThatComesLateButWholeIsGood(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	released := make(chan struct{})
	close(released)
	for _, play := range []fetchtest.Play{
		fetchtest.Stall(released), fetchtest.Trickle(time.Hour, released), fetchtest.BigHeader(10 << 10),
		fetchtest.ContentType("application/json; charset=utf-8"), fetchtest.ContentType("Application/JSON"),
		fetchtest.ContentType("application/problem+json"),
	} {
		s.Inject(fetchtest.Fault{Play: play, Times: 1})
		observed, err := newClient(t, s).Get(t.Context(), ids(t, s.LinkIDs()...)[0])
		if err != nil || observed.Err != nil {
			t.Errorf("%v, %v", err, observed.Err)
		}
	}
}

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
			wantVerdict(t, observed, verdict{"bad answer", code, fmt.Sprintf("redirect to %q not followed; is POLAR_SERVER right?", other.URL+"/v1/checkout-links/"+id)})
			if n := other.Requests().Total; n != 0 {
				t.Errorf("the other server was asked %d times, with %q", n, other.Log()[0].Header)
			}
			if n := s.Requests().Total; n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestARedirectWithinTheServerIsNotFollowedEither(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	s.Inject(fetchtest.Fault{Play: fetchtest.Redirect(307, "/v1/checkout-links/"), Times: 1})
	_, err := newClient(t, s).List(t.Context(), 1, 100)
	if got := verdictOn(t, err); got.Kind != "bad answer" || got.Status != 307 || s.Requests().Total != 1 {
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
			"Polar-Version": "2026-04", "User-Agent": "syncer/1.2 (test)",
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

func TestAnObservationIsStampedWithTheStartOfTheRequestThatWasAnswered(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	second := 0
	client := newClient(t, s, func(c *fetch.Config) {
		c.Now = func() time.Time { second++; return now.Add(time.Duration(second) * time.Second) }
	})
	s.Inject(fetchtest.Fault{Play: fetchtest.Hangup(), Times: 2})
	observed, err := client.Get(t.Context(), ids(t, s.LinkIDs()...)[0])
	if err != nil || observed.Err != nil || observed.At.Second() != 3 || second != 3 {
		t.Errorf("%v %v: at %s, after %d looks at the clock", err, observed.Err, observed.At, second)
	}
	page, err := client.List(t.Context(), 1, 100)
	if err != nil || page.Links[0].At.Second() != 4 || page.Links[19].At.Second() != 4 {
		t.Errorf("%v: at %s", err, page.Links[0].At)
	}
}
