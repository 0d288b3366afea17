package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"syncer/internal/fetch/fetchtest"
	"syncer/internal/localpg"
)

// listens returns the address at which a daemon answers HTTP.
func listens(p *process) string {
	p.tb.Helper()
	return p.awaits(p.stderr, `msg="http listens" addr=(\S+)`)
}

// get asks a daemon and returns status and body.
func get(tb testing.TB, address string) (status int, body string) {
	tb.Helper()
	request, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, "http://"+address, nil)
	if err != nil {
		tb.Fatal(err)
	}
	// Not the default client, whose connections httptest's servers cut when they end.
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
	noSecrets(tb, string(text))
	return response.StatusCode, string(text)
}

// TestHealthFollowsTheDatabase takes the database away from a running daemon,
// so it needs a server of its own.
func TestHealthFollowsTheDatabase(t *testing.T) {
	t.Parallel()
	server, err := localpg.Start(t.Context(), localpg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() }) // stopped below, if all goes well
	polar := fetchtest.StartServer(t, fetchtest.NewServer(recording(t, "seed-ads")))
	env := placeFor(t, server.URL("postgres"), polar).env
	once(t, env, exitDone, "migrate")
	d := start(t, env.with("SYNCER_SCHEDULE", "@every 1s"), "run")
	address := listens(d)
	finished(d)
	asking := variables{"SYNCER_HTTP_ADDR": address}

	if status, body := get(t, address+"/healthz"); status != http.StatusOK || body != "ok\n" {
		t.Errorf("status %d: %s", status, body)
	}
	once(t, asking, exitDone, "health")

	polar.SetToken("") // a refusal by Polar is no reason to restart a daemon
	if got := finished(d); got != "failed" {
		d.awaits(d.stderr, `status=(failed)`)
	}
	once(t, asking, exitDone, "health")

	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if status, body := get(t, address+"/healthz"); status != http.StatusServiceUnavailable || body != "database unreachable\n" {
		t.Errorf("status %d: %s", status, body)
	}
	once(t, asking, exitUnexpected, "health").saying("syncer: unhealthy: status 503")
	d.awaits(d.stderr, `level=ERROR msg="run stopped early" .*error=".*database unreachable.*hint="Check DATABASE_URL`)
	d.signal(terminate)
	d.exits(exitSignal + int(terminate))
	once(t, asking, exitUnexpected, "health").saying("syncer: no daemon answers: ", "connection refused")
}

func TestAPortInUseExits2WithAHint(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	first := start(t, p.env, "run")
	address := listens(first)
	once(t, p.env.with("SYNCER_HTTP_ADDR", address), exitUsage, "run").
		saying("syncer: SYNCER_HTTP_ADDR: listen tcp "+address, "address already in use", "choose another address, or set it to nothing to turn HTTP off")
	once(t, p.env.with("SYNCER_HTTP_ADDR", "127.0.0.1:99999"), exitUsage, "run").saying("SYNCER_HTTP_ADDR: ", "choose another address")
	once(t, p.env.with("SYNCER_HTTP_ADDR", "203.0.113.7:0"), exitUsage, "run").saying("cannot assign requested address")
}

func TestAnEmptyAddressTurnsHTTPOff(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	env := p.env.with("SYNCER_HTTP_ADDR", "")
	d := start(t, env, "run")
	finished(d)
	if strings.Contains(d.stderr.String(), "http listens") {
		t.Errorf("HTTP is on:\n%s", d)
	}
	d.signal(terminate)
	d.exits(exitSignal + int(terminate))
	once(t, env, exitUsage, "health").saying("SYNCER_HTTP_ADDR is empty: the daemon does not answer HTTP")
}
