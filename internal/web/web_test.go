package web_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"syncer/internal/web"
)

func TestHealthzFollowsTheCheck(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		method, path string
		check        error
		status       int
		body         string
	}{
		"well":            {http.MethodGet, "/healthz", nil, http.StatusOK, "ok\n"},
		"well, head only": {http.MethodHead, "/healthz", nil, http.StatusOK, ""},
		"unwell":          {http.MethodGet, "/healthz", errors.New("password hunter2 refused"), http.StatusServiceUnavailable, "database unreachable\n"},
		"not to be sent":  {http.MethodPost, "/healthz", nil, http.StatusMethodNotAllowed, "Method Not Allowed\n"},
		"nothing there":   {http.MethodGet, "/healthz/now", nil, http.StatusNotFound, "404 page not found\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(web.Handler(func(context.Context) error { return test.check }))
			defer server.Close()
			status, header, body := ask(t, test.method, server.URL+test.path)
			if status != test.status || body != test.body {
				t.Errorf("status %d, %q; want %d, %q", status, body, test.status, test.body)
			}
			if test.path == "/healthz" && test.method == http.MethodGet && header.Get("Cache-Control") != "no-store" {
				t.Errorf("may be cached: %v", header)
			}
		})
	}
}

func ask(tb testing.TB, method, address string) (status int, header http.Header, body string) {
	tb.Helper()
	request, err := http.NewRequestWithContext(tb.Context(), method, address, nil)
	if err != nil {
		tb.Fatal(err)
	}
	// A server of another test that closes cuts the default client's connections.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return response.StatusCode, response.Header, string(text)
}

func TestACheckIsBounded(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(web.Handler(func(ctx context.Context) error {
		if _, bounded := ctx.Deadline(); !bounded {
			return errors.New("may take for ever")
		}
		return nil
	}))
	defer server.Close()
	if status, _, _ := ask(t, http.MethodGet, server.URL+"/healthz"); status != http.StatusOK {
		t.Error("a check without a deadline")
	}
}

func listen(tb testing.TB) net.Listener {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { listener.Close() })
	return listener
}

func TestServeLetsRunningAnswersEnd(t *testing.T) {
	t.Parallel()
	listener, asked, answer := listen(t), make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-answer
		_, _ = io.WriteString(w, "at last")
	})
	ctx, stop := context.WithCancel(t.Context())
	served, answered := make(chan error, 1), make(chan string, 1)
	go func() { served <- web.Serve(ctx, slog.New(slog.DiscardHandler), listener, handler) }()
	go func() {
		_, _, body := ask(t, http.MethodGet, "http://"+listener.Addr().String())
		answered <- body
	}()
	<-asked
	stop()
	close(answer)
	if got := <-answered; got != "at last" {
		t.Errorf("answered %q", got)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if _, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String()); err == nil {
		t.Error("still listens")
	}
}

func TestServeFailsWithItsListener(t *testing.T) {
	t.Parallel()
	listener := listen(t)
	listener.Close()
	if err := web.Serve(t.Context(), slog.New(slog.DiscardHandler), listener, http.NotFoundHandler()); err == nil || !strings.HasPrefix(err.Error(), "serve http: ") {
		t.Errorf("error: %v", err)
	}
}

func TestAskUnderstandsTheAddressOfTheDaemon(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(web.Handler(func(context.Context) error { return nil }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "", "0.0.0.0", "[::]", "localhost"} { // a daemon that listens everywhere is asked at this machine
		if err := web.Ask(t.Context(), host+":"+port); err != nil {
			t.Errorf("%q: %v", host, err)
		}
	}
}

func TestAskSaysWhyNot(t *testing.T) {
	t.Parallel()
	unwell := httptest.NewServer(web.Handler(func(context.Context) error { return errors.New("no database") }))
	defer unwell.Close()
	stranger := httptest.NewServer(http.NotFoundHandler())
	defer stranger.Close()
	nobody := listen(t)
	nobody.Close()
	for address, says := range map[string]string{
		unwell.Listener.Addr().String():   "unhealthy: status 503",
		stranger.Listener.Addr().String(): "unhealthy: status 404",
		nobody.Addr().String():            "no daemon answers: ",
		"localhost":                       `address "localhost": `,
	} {
		if err := web.Ask(t.Context(), address); err == nil || !strings.HasPrefix(err.Error(), says) {
			t.Errorf("%s: %v, want %s", address, err, says)
		}
	}
}

// TestAPanickingHandlerCostsItsRequestOnly asks twice; the second answer shows that the
// server is still there.
func TestAPanickingHandlerCostsItsRequestOnly(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	panicking := true
	handler := web.Handler(func(context.Context) error {
		if panicking {
			panicking = false
			panic("boom")
		}
		return nil
	})
	go func() { served <- web.Serve(ctx, slog.New(slog.NewTextHandler(&log, nil)), listener, handler) }()
	if err := web.Ask(t.Context(), listener.Addr().String()); err == nil {
		t.Error("a panic passes for health")
	}
	if err := web.Ask(t.Context(), listener.Addr().String()); err != nil {
		t.Error(err)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if said := log.String(); strings.Count(said, "boom") != 1 || !strings.Contains(said, "level=ERROR") {
		t.Errorf("the log says %s", said)
	}
}
