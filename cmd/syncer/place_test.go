package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"syncer/internal/db/dbtest"
	"syncer/internal/fetch/fetchtest"
)

// The secrets of all tests. No process may write any of them anywhere.
const (
	testToken    = "the-token-nobody-may-see"
	testPassword = "the-password-nobody-may-see"
	linkSecret   = "polar_cl_" // the beginning of every client secret
)

// noSecrets fails the test if a text for people holds a secret.
func noSecrets(tb testing.TB, text string) {
	tb.Helper()
	for _, secret := range []string{testToken, testPassword, linkSecret} {
		if strings.Contains(text, secret) {
			tb.Errorf("the secret %q shows:\n%s", secret, text)
		}
	}
}

// place gives a command its own database and its own Polar.
type place struct {
	database string // libpq URL
	polar    *fetchtest.Server
	scenario string // polar plays it
	env      variables
	roles    int // that were made
}

// newPlace returns a migrated database, and a configuration for all links of a
// recorded catalogue, each by id, which is what most tests hold up and break.
func newPlace(tb testing.TB, scenario string) *place {
	tb.Helper()
	polar := fetchtest.StartServer(tb, fetchtest.NewServer(recording(tb, scenario)))
	p := placeFor(tb, dbtest.URL(tb), polar)
	p.scenario = scenario
	return p
}

func placeFor(tb testing.TB, database string, polar *fetchtest.Server) *place {
	tb.Helper()
	polar.SetToken(testToken)
	p := &place{database: withPassword(tb, database), polar: polar}
	p.env = variables{
		"DATABASE_URL":            p.database,
		"POLAR_SERVER":            polar.URL,
		"POLAR_ACCESS_TOKEN":      testToken,
		"POLAR_CHECKOUT_LINK_IDS": strings.Join(polar.LinkIDs(), ","),
		"SYNCER_FETCH":            "id",
		"SYNCER_HTTP_ADDR":        "127.0.0.1:0", // any free port
	}
	return p
}

// only configures these links.
func (p *place) only(ids ...string) variables {
	return p.env.with("POLAR_CHECKOUT_LINK_IDS", strings.Join(ids, " "))
}

// all configures `all`, asked for by page.
func (p *place) all() variables {
	return p.env.with("POLAR_CHECKOUT_LINK_IDS", "all").without("SYNCER_FETCH")
}

// recordings holds each recording, unpacked once for all tests.
var recordings sync.Map

func recording(tb testing.TB, scenario string) *fetchtest.Recording {
	tb.Helper()
	load, _ := recordings.LoadOrStore(scenario, sync.OnceValues(func() (*fetchtest.Recording, error) {
		rec, err := fetchtest.Load(scenario)
		if err != nil {
			return nil, err
		}
		return rec.Keep(), nil
	}))
	rec, err := load.(func() (*fetchtest.Recording, error))()
	if err != nil {
		tb.Fatal(err)
	}
	return rec
}

// withPassword puts a password into a URL. The tests' server asks for none, so
// it only shows up if someone prints it.
func withPassword(tb testing.TB, database string) string {
	tb.Helper()
	u, err := url.Parse(database)
	if err != nil {
		tb.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), testPassword)
	return u.String()
}

// ask returns the one value that a query in the default schema selects.
func ask[T any](tb testing.TB, database, query string, args ...any) T {
	tb.Helper()
	d := dbtest.Open(tb, database)
	defer d.Close()
	var answer T
	if err := d.Pool().QueryRow(tb.Context(), query, args...).Scan(&answer); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return answer
}

// do runs a statement without a result.
func do(tb testing.TB, database, statement string) {
	tb.Helper()
	d := dbtest.Open(tb, database)
	defer d.Close()
	if _, err := d.Pool().Exec(tb.Context(), statement); err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
}

// eventually waits for another process that does not report what it does.
func eventually(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			tb.Fatalf("still waiting: %s", what)
		}
	}
}

// await waits for a signal on a channel.
func await(tb testing.TB, what string, told <-chan struct{}) {
	tb.Helper()
	select {
	case <-told:
	case <-time.After(patience):
		tb.Fatalf("still waiting: %s", what)
	}
}

// decode reads JSON of exactly the shape of T, with nothing after it.
func decode[T any](tb testing.TB, text string) T {
	tb.Helper()
	var v T
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&v); err != nil {
		tb.Fatalf("%v in %s", err, text)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		tb.Fatalf("more than one value: %s", text)
	}
	return v
}

// writeFile writes a file that lasts as long as the test, and returns its path.
func writeFile(tb testing.TB, name, content string) string {
	tb.Helper()
	path := tb.TempDir() + "/" + name
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}
