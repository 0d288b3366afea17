package fetch_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/panics"
	"syncer/internal/secret"
)

// TestAPanicInAWorkerEndsTheWalk lets the token's source panic, deep in a goroutine of
// the walk's own.
func TestAPanicInAWorkerEndsTheWalk(t *testing.T) {
	t.Parallel()
	polar := fetchtest.Start(t, "seed-ads")
	server, err := fetch.ParseServer(polar.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := fetch.New(fetch.Config{Server: server, Token: func() (secret.Text, error) { panic("boom") }})
	defer client.Close()
	var ends []error
	for _, err := range client.Walk(t.Context(), []uuid.UUID{{15: 1}, {15: 2}, {15: 3}}, nil) {
		ends = append(ends, err)
	}
	if len(ends) != 1 {
		t.Fatalf("ended %d times: %v", len(ends), ends)
	}
	caught, ok := errors.AsType[*panics.Error](ends[0])
	if !ok || !strings.Contains(string(caught.Stack), "TestAPanicInAWorkerEndsTheWalk") {
		t.Errorf("%v\n%+v", ends[0], caught)
	}
}
