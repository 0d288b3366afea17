package fetchtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"syncer/internal/fetch/fetchtest"
)

// Three links that tests make up, and one that no server knows.
const (
	idA     = "aaaaaaaa-0000-4000-8000-00000000000a"
	idB     = "bbbbbbbb-0000-4000-8000-00000000000b"
	idC     = "cccccccc-0000-4000-8000-00000000000c"
	unknown = "12345678-1234-4321-8123-123456789abc"
)

// links is the LIST route, and GET with an id behind it.
const links = "/v1/checkout-links/"

func link(id, label string) fetchtest.Answer {
	return fetchtest.Answer{ID: id, Body: fmt.Appendf(nil, `{"id":%q,"label":%q}`, id, label)}
}

func abc(t *testing.T) *fetchtest.Server {
	t.Helper()
	return fetchtest.StartFor(t, link(idA, "a"), link(idB, "b"), link(idC, "c"))
}

// answer is a response with its body read.
type answer struct {
	*http.Response

	body string
}

// client does as little as net/http allows: it follows no redirects.
func client(tb testing.TB) *http.Client {
	tb.Helper()
	transport := new(http.Transport)
	tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// try asks with the server's token. Headers are "Name: value"; "Name:" removes one.
func try(ctx context.Context, c *http.Client, s *fetchtest.Server, path string, headers ...string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, http.NoBody)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+s.Token())
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(strings.TrimSuffix(name, ":"), value)
	}
	return do(c, r)
}

func do(c *http.Client, r *http.Request) (answer, error) {
	resp, err := c.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp, string(body)}, err
}

// ask is try for requests that must get an answer.
func ask(t *testing.T, s *fetchtest.Server, path string, headers ...string) answer {
	t.Helper()
	got, err := try(t.Context(), client(t), s, path, headers...)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return got
}

func wantStatus(t *testing.T, s *fetchtest.Server, path string, want int) {
	t.Helper()
	if got := ask(t, s, path); got.StatusCode != want {
		t.Errorf("GET %s: status %d, want %d; body %.200q", path, got.StatusCode, want, got.body)
	}
}

func load(t *testing.T, scenario string) *fetchtest.Recording {
	t.Helper()
	rec, err := fetchtest.Load(scenario)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// page is a LIST answer with its items' bytes untouched.
type page struct {
	Items      []json.RawMessage `json:"items"`
	Pagination struct {
		TotalCount int `json:"total_count"`
		MaxPage    int `json:"max_page"`
	} `json:"pagination"`
}

func parse[T any](t *testing.T, body string) (parsed T) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &parsed); err != nil {
		t.Fatalf("parse: %v; body %.200q", err, body)
	}
	return parsed
}

func itemIDs(t *testing.T, body string) []string {
	t.Helper()
	var ids []string
	for _, item := range parse[struct{ Items []struct{ ID string } }](t, body).Items {
		ids = append(ids, item.ID)
	}
	return ids
}
