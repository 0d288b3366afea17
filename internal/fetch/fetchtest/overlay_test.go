package fetchtest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch/fetchtest"
)

func TestOverlayWaitsForALinkOfALaterStep(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed")
	all := s.AllLinkIDs()
	last := all[len(all)-1]
	s.Overlay(last + ` label "changed" 3`)
	wantStatus(t, s, links+last, http.StatusNotFound)
	s.Goto(3)
	if got := ask(t, s, links+last).body; !strings.Contains(got, `"label":"changed"`) {
		t.Errorf("got %.300s", got)
	}
}

func TestResetPlaysTheRecordedPagesAgain(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "alpha")
	before := ask(t, s, links+"?limit=100").body
	s.Delete(s.LinkIDs()[0])
	if n := parse[page](t, ask(t, s, links+"?limit=100").body).Pagination.TotalCount; n != 119 {
		t.Errorf("total_count %d after Delete, want 119", n)
	}
	s.Reset()
	if got := ask(t, s, links+"?limit=100").body; got != before {
		t.Error("the page is not the recorded one")
	}
}

func TestAddedLinksStandAtTheEndAtEveryStep(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	known := len(s.LinkIDs())
	s.Add(link(idB, "b"), link(idA, "a"))
	s.Next()
	want := []string{idB, idA}
	if diff := cmp.Diff(want, s.LinkIDs()[known:]); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, s.AllLinkIDs()[known:]); diff != "" {
		t.Errorf("all links (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, itemIDs(t, ask(t, s, links+"?limit=100").body)[known:]); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	s.Set(idB, link("ignored", "b2"))
	if got := ask(t, s, links+idB).body; !strings.Contains(got, "b2") {
		t.Errorf("Set of an added link shows %s", got)
	}
	s.Reset()
	wantStatus(t, s, links+idB, http.StatusNotFound)
}

func TestUsePlaysAnotherCatalogueUntilReset(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	recorded := s.LinkIDs()
	s.Delete(recorded[0])
	s.Use(link(strings.ToUpper(idC), "c"), link(idA, "a"))
	s.Overlay(idA + ` label "changed"`)
	s.Next()
	if diff := cmp.Diff([]string{idC, idA}, s.LinkIDs()); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	wantStatus(t, s, links+recorded[1], http.StatusNotFound)
	if got := ask(t, s, links+idA).body; !strings.Contains(got, `"label":"changed"`) {
		t.Errorf("a change after Use is lost: %s", got)
	}
	s.Use()
	if n := len(s.LinkIDs()); n != 0 {
		t.Errorf("%d links in an empty catalogue", n)
	}
	s.Reset()
	if !slices.Equal(recorded, s.LinkIDs()) {
		t.Error("Reset does not play the recording")
	}
	wantStatus(t, s, links+recorded[0], http.StatusOK)
}

func TestAnswersHaveDefaults(t *testing.T) {
	t.Parallel()
	s := abc(t)
	s.Set(idA, fetchtest.Answer{Status: 404})
	s.Set(idB, fetchtest.Answer{Status: 500})
	s.Set(idC, fetchtest.Answer{Status: 200, ContentType: "text/html", Body: []byte("<p>")})
	for id, want := range map[string][2]string{
		idA: {"application/json", `{"error":"ResourceNotFound","detail":"Not found"}`},
		idB: {"text/plain; charset=utf-8", "Internal Server Error"},
		idC: {"text/html", "<p>"},
	} {
		got := ask(t, s, links+id)
		if diff := cmp.Diff(want, [2]string{got.Header.Get("Content-Type"), got.body}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
}
