package fetchtest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch/fetchtest"
)

func TestListLimits(t *testing.T) {
	t.Parallel()
	var many []fetchtest.Answer
	for i := range 250 {
		many = append(many, link(fmt.Sprintf("dddddddd-0000-4000-8000-%012d", i), "one of many"))
	}
	s := fetchtest.StartFor(t, many...)
	for query, want := range map[string]struct{ items, pages int }{
		"":                      {10, 25},
		"?page=25":              {10, 25},
		"?page=26":              {0, 25},
		"?limit=100":            {100, 3},
		"?limit=100&page=3":     {50, 3},
		"?limit=1000":           {100, 3},
		"?limit=7&page=36":      {5, 36},
		"?limit=1&limit=2":      {2, 125},
		"?sorting=created_at":   {10, 25},
		"?page=999999999999999": {0, 25},
	} {
		got := parse[page](t, ask(t, s, links+query).body)
		if len(got.Items) != want.items || got.Pagination.MaxPage != want.pages || got.Pagination.TotalCount != 250 {
			t.Errorf("%q: %d items, %+v; want %d items, max_page %d", query, len(got.Items), got.Pagination, want.items, want.pages)
		}
	}
}

func TestListRefusesWhatItCannotPlay(t *testing.T) {
	t.Parallel()
	s := abc(t)
	for query, want := range map[string]int{
		"?sorting=label":                     http.StatusNotImplemented,
		"?sorting=-created_at":               http.StatusNotImplemented,
		"?product_id=" + unknown:             http.StatusNotImplemented,
		"?organization_id=" + unknown:        http.StatusNotImplemented,
		"?organization_id=foo":               http.StatusUnprocessableEntity,
		"?sorting=bogus":                     http.StatusUnprocessableEntity,
		"?limit=-1":                          http.StatusUnprocessableEntity,
		"?page=1.5":                          http.StatusUnprocessableEntity,
		"?page=":                             http.StatusUnprocessableEntity,
		"?page=0&limit=99999999999999999999": http.StatusUnprocessableEntity,
	} {
		wantStatus(t, s, links+query, want)
	}
	got := parse[struct{ Detail []struct{ Loc []string } }](t, ask(t, s, links+"?limit=x&page=0").body)
	if len(got.Detail) != 2 || got.Detail[0].Loc[1] != "page" || got.Detail[1].Loc[1] != "limit" {
		t.Errorf("two mistakes are told as %+v", got.Detail)
	}
}

// A poisoned link spoils its page and counts; a deleted one is simply absent.
func TestPoisonedAndDeletedLinksInList(t *testing.T) {
	t.Parallel()
	s := abc(t)
	s.Set(idA, fetchtest.Answer{Status: http.StatusInternalServerError})
	wantStatus(t, s, links+idA, http.StatusInternalServerError)
	wantStatus(t, s, links, http.StatusInternalServerError)
	wantStatus(t, s, links+"?limit=1&page=1", http.StatusInternalServerError)
	second := ask(t, s, links+"?limit=1&page=2")
	if diff := cmp.Diff([]string{idB}, itemIDs(t, second.body)); diff != "" {
		t.Errorf("page 2 beside a poisoned page 1 (-want +got):\n%s", diff)
	}
	if n := parse[page](t, second.body).Pagination.TotalCount; n != 3 {
		t.Errorf("total_count %d with a poisoned link, want 3", n)
	}

	s.Delete(idA)
	got := ask(t, s, links)
	if diff := cmp.Diff([]string{idB, idC}, itemIDs(t, got.body)); diff != "" {
		t.Errorf("after Delete (-want +got):\n%s", diff)
	}
	if n := parse[page](t, got.body).Pagination.TotalCount; n != 2 {
		t.Errorf("total_count %d with a deleted link, want 2", n)
	}
}

func TestAnEmptyCatalogueListsNothing(t *testing.T) {
	t.Parallel()
	s := fetchtest.StartFor(t)
	if got := ask(t, s, links).body; got != `{"items":[],"pagination":{"total_count":0,"max_page":0}}` {
		t.Errorf("got %s", got)
	}
}
