package fetchtest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"syncer/internal/fetch/fetchtest"
)

// Every recorded answer can be replayed whole over a real connection.
func TestEveryErrorReplays(t *testing.T) {
	t.Parallel()
	eachError(t, func(t *testing.T, row fetchtest.ErrorAnswer) {
		t.Helper()
		s := abc(t)
		fault := s.Inject(fetchtest.Fault{Play: fetchtest.Replay(row)})
		sameAsRecorded(t, s, row)
		if fault.Fired() != 1 {
			t.Errorf("replayed %d times", fault.Fired())
		}
	})
}

// played reports whether the fake has a behaviour of its own for a row: it has
// one token with the right scope, one root, one bucket, and no sandbox header.
func played(row fetchtest.ErrorAnswer) bool {
	switch {
	case strings.Contains(row.Name, "403"), row.Name == "200 /api prefix (body left out)",
		row.Name == "429 instead of 401 for an unknown token":
		return false
	}
	return row.Env != "sandbox" || row.Status == http.StatusTooManyRequests
}

// The fake itself gives every recorded request its recorded answer, except for
// those it does not play.
func TestTheFakeAnswersAsRecorded(t *testing.T) {
	t.Parallel()
	rows := errorRows(t)
	recordings := map[string]*fetchtest.Recording{"HEAD": load(t, "alpha").Keep(), "S": load(t, "seed").Keep()}
	if n := len(slices.DeleteFunc(errorRows(t), func(row fetchtest.ErrorAnswer) bool { return !played(row) })); n != 72 {
		t.Errorf("%d rows are played, not 72", n)
	}
	eachError(t, func(t *testing.T, row fetchtest.ErrorAnswer) {
		t.Helper()
		if !played(row) {
			return
		}
		s := fetchtest.StartServer(t, fetchtest.NewServer(recordings[row.Server]))
		s.Use(errorsCatalogue(t, rows, row.Server)...)
		switch row.Status {
		case http.StatusTooManyRequests:
			s.SetLimit(1, time.Minute)
			wantStatus(t, s, links, http.StatusOK)
		case http.StatusInternalServerError:
			s.Set(row.Request.Path[strings.LastIndex(row.Request.Path, "/")+1:], fetchtest.Answer{Status: row.Status})
			s.Set(s.LinkIDs()[0], fetchtest.Answer{Status: row.Status})
		}
		sameAsRecorded(t, s, row)
	})
}

func eachError(t *testing.T, test func(*testing.T, fetchtest.ErrorAnswer)) {
	t.Helper()
	for _, row := range errorRows(t) {
		t.Run(row.Server+" "+row.Name, func(t *testing.T) {
			t.Parallel()
			test(t, row)
		})
	}
}

func errorRows(t *testing.T) []fetchtest.ErrorAnswer {
	t.Helper()
	rows, err := fetchtest.Errors()
	if err != nil || len(rows) != 78 {
		t.Fatalf("%d recorded answers, %v", len(rows), err)
	}
	return rows
}

// errorsCatalogue rebuilds the small catalogue of errors.jsonl as far as its
// answers show it: the first link of LIST, the link of GET, and how many.
func errorsCatalogue(t *testing.T, rows []fetchtest.ErrorAnswer, server string) (catalogue []fetchtest.Answer) {
	t.Helper()
	add := func(body []byte) {
		id := parse[struct{ ID string }](t, string(body)).ID
		catalogue = append(catalogue, fetchtest.Answer{ID: id, Body: body})
	}
	total := 0
	for _, row := range rows {
		if row.Server == server && row.Name == "200 LIST limit=1" {
			first := parse[page](t, string(row.Body))
			total = first.Pagination.TotalCount
			add(first.Items[0])
		}
	}
	for _, row := range rows {
		if row.Server == server && row.Name == "200 GET" && !bytes.Equal(row.Body, catalogue[0].Body) {
			add(row.Body)
		}
	}
	for i := range total - len(catalogue) {
		catalogue = append(catalogue, link(fmt.Sprintf("ffffffff-0000-4000-8000-%012d", i), "filler"))
	}
	return catalogue
}

// sameAsRecorded sends the recorded request and compares everything except what
// belongs to the connection and what was not kept.
func sameAsRecorded(t *testing.T, s *fetchtest.Server, row fetchtest.ErrorAnswer) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), row.Request.Method, s.URL+row.Request.Path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "api.polar.sh"
	r.Header.Set("X-Forwarded-Proto", "https")
	for name, value := range row.Request.Headers {
		if strings.HasPrefix(value, "Bearer <valid") {
			value = "Bearer " + s.Token()
		}
		r.Header.Set(name, value)
	}
	got, err := do(client(t), r)
	if err != nil {
		t.Fatal(err)
	}
	want, chunked := http.Header{}, []string(nil)
	for _, h := range row.Headers {
		want.Add(h.Name, h.Value)
	}
	want.Del("Date")
	got.Header.Del("Date")
	if want.Get("Transfer-Encoding") != "" {
		chunked = []string{want.Get("Transfer-Encoding")}
		want.Del("Transfer-Encoding")
	}
	if row.Body == nil {
		want.Del("Content-Length")
		got.Header.Del("Content-Length")
	} else if got.body != string(row.Body) {
		t.Errorf("body %.300q\nwant %.300q", got.body, row.Body)
	}
	if got.StatusCode != row.Status {
		t.Errorf("status %d, want %d", got.StatusCode, row.Status)
	}
	if diff := cmp.Diff(want, got.Header); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(chunked, got.TransferEncoding, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("transfer encoding (-want +got):\n%s", diff)
	}
}
