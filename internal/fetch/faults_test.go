package fetch_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
)

// fakeToken is long and odd enough to be found wherever it shows.
const fakeToken = "not-a-token-but-secret-0123456789"

// tries counts the sends of a request that may yet succeed.
const tries = 4

// A mishap befalls every request.
type mishap struct {
	play     fetchtest.Play
	kind     string
	status   int
	detail   string // a part of it
	requests int64
	timeout  time.Duration // of the client, for what never ends
}

// soon is a timeout for answers that never come whole. It is short only to keep
// the test fast.
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
		"HTML in the answer's place": {fetchtest.HTML(200), "between", 200, `content type "text/html; charset=UTF-8"`, tries, 0},
		"HTML 502":                   {fetchtest.HTML(502), "unavailable", 502, `content type "text/html`, tries, 0},
		"HTML 404":                   {fetchtest.HTML(404), "between", 404, `content type "text/html`, tries, 0},
		"HTML 403":                   {fetchtest.HTML(403), "between", 403, `content type "text/html`, tries, 0},
		"a body without a type":      {fetchtest.ContentType(""), "between", 200, `content type ""`, tries, 0},
		"a body of another type":     {fetchtest.ContentType("text/plain"), "between", 200, `content type "text/plain"`, tries, 0},
		"a body cut at its start":    {fetchtest.Truncate(0), "unavailable", 200, cut, tries, 0},
		"a body cut in its middle":   {fetchtest.Truncate(1000), "unavailable", 200, cut, tries, 0},
		"a 404 cut in its middle":    {cutShort(404, `{"error":"ResourceNotFound","detail":"Not found"}`), "unavailable", 404, cut, tries, 0},
		"a 401 cut in its middle":    {cutShort(401, `{"error":"invalid_token"}`), "unavailable", 401, cut, tries, 0},
		"no answer ever":             {fetchtest.Stall(nil), "unavailable", 0, "Client.Timeout", tries, soon},
		"a body that never ends":     {fetchtest.Trickle(time.Hour, nil), "unavailable", 200, "Client.Timeout", tries, soon},
		"a connection torn down":     {fetchtest.Reset(), "unavailable", 0, "", tries, 0},
		"a connection hung up":       {fetchtest.Hangup(), "unavailable", 0, "EOF", tries, 0},
		"a body that is too long":    {fetchtest.Mangle(longer), "bad answer", 200, "longer than 16 MiB", 1, 0},
		"an error that is too long":  {fetchtest.Status(503, strings.Repeat("x", 17<<20)), "unavailable", 503, "xxx", tries, 0},
		// 100 GB: whoever reads on is lost
		"a bomb":                         {fetchtest.GzipBomb(100_000), "bad answer", 200, "longer than 16 MiB", 1, 0},
		"a header that is too long":      {fetchtest.BigHeader(100 << 10), "unavailable", 0, "headers exceeded", tries, 0},
		"garbage that says it is packed": {badGzip, "unavailable", 200, "cut short: gzip", tries, 0},
		"no JSON":                        {fetchtest.Mangle(func([]byte) []byte { return []byte("It works!") }), "bad answer", 200, "an object expected", 1, 0},
		"nothing":                        {fetchtest.Mangle(func([]byte) []byte { return nil }), "bad answer", 200, "unexpected end of JSON", 1, 0},
		"JSON with a tail":               {fetchtest.Mangle(func(b []byte) []byte { return append(b, "{}"...) }), "bad answer", 200, "garbage after the JSON value", 1, 0},
		"no content":                     {fetchtest.Status(204, ""), "between", 204, "", tries, 0},
		"400":                            {fetchtest.Status(400, "", "Content-Type: application/json"), "between", 400, "", tries, 0},
		"304":                            {fetchtest.Status(304, ""), "between", 304, "", tries, 0},
		// what sits in between
		"a challenge":                        {fetchtest.Status(403, "<title>Just a moment...</title>"+secretWords, "Content-Type: text/html", "Server: cloudflare"), "between", 403, `content type "text/html", server "cloudflare"`, tries, 0},
		"a proxy that wants a login":         {fetchtest.Status(407, secretWords, "Content-Type: text/html", "Server: squid/6.1"), "between", 407, `server "squid/6.1"`, tries, 0},
		"a login page":                       {fetchtest.Status(200, secretWords, "Content-Type: text/html"), "between", 200, `content type "text/html"`, tries, 0},
		"a 401 in text":                      {fetchtest.Status(401, secretWords, "Content-Type: text/plain"), "between", 401, `content type "text/plain"`, tries, 0},
		"a 403 in JSON of its own":           {fetchtest.Status(403, `{"message":"`+secretWords+`"}`, "Content-Type: application/json"), "between", 403, `content type "application/json"`, tries, 0},
		"a packing not asked for":            {fetchtest.Status(200, secretWords, "Content-Type: application/json", "Content-Encoding: br"), "between", 200, `content encoding "br", which was not asked for`, tries, 0},
		"a 401 that nobody can read":         {fetchtest.Status(401, `{"error":"invalid_token"}`, "Content-Type: application/json", "Content-Encoding: zstd"), "between", 401, `content encoding "zstd"`, tries, 0},
		"a redirect to a login":              {fetchtest.Redirect(302, "https://login.example/portal?key="+secretWords), "between", 302, `redirect to "https://login.example/portal" not followed`, tries, 0},
		"an echo of the request":             {echo(200, "text/html"), "between", 200, "", tries, 0},
		"an echo in the type":                {echo(200, "text/"+fakeToken), "between", 200, "[hidden]", tries, 0},
		"an echo in a 401":                   {echo(401, "application/json"), "refused", 401, "[hidden]", 1, 0},
		"an echo in a 422":                   {echo(422, "application/json"), "bad answer", 422, "[hidden]", 1, 0},
		"an echo in a 500":                   {echo(500, "text/plain"), "unavailable", 500, "[hidden]", tries, 0},
		"an echo at the end of what is kept": {echoAt(64<<10 - 5), "unavailable", 502, "", tries, 0},
		"echoes all over":                    {echoAt(0), "unavailable", 502, "", tries, 0},
		"an echo in a redirect":              {echo(302, "text/plain"), "between", 302, "not followed", tries, 0},
	}
}

// secretWords must show in no error that is not Polar's.
const secretWords = "hunter2"

// echo answers with the request's header wherever there is room.
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

// echoAt repeats the token over and over, from byte offset on.
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
			if strings.Contains(observed.Err.Error(), secretWords) {
				t.Errorf("tells a stranger's words: %s", observed.Err)
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
			continue // not retried, or too slow to wait for
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
		client := newClient(t, s)
		observed, err := client.Get(t.Context(), ids(t, s.LinkIDs()...)[0])
		if err != nil || observed.Err != nil || client.Requests() != 1 {
			t.Errorf("%v, %v, %d requests", err, observed.Err, client.Requests())
		}
	}
}
