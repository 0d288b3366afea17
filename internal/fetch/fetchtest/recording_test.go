package fetchtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch/fetchtest"
)

func TestEveryStep(t *testing.T) {
	t.Parallel()
	for _, scenario := range fetchtest.Scenarios() {
		rec := load(t, scenario).Keep()
		for i := range rec.Len() {
			t.Run(fmt.Sprintf("%s step %d", scenario, i), func(t *testing.T) {
				t.Parallel()
				step := unpack(t, rec, i)
				if step.Title == "" || step.Title != rec.Titles[i] || !json.Valid(step.Doc) {
					t.Errorf("title %q, step.json %.40q", step.Title, step.Doc)
				}
				s := fetchtest.StartServer(t, fetchtest.NewServer(rec))
				s.Goto(i)
				playsByteForByte(t, s, step)
				for _, limit := range []int{1, 7, 100} {
					walksTheLinksOfGET(t, s, step, limit)
				}
				knowsEarlierLinks(t, rec, i)
			})
		}
	}
}

func unpack(t *testing.T, rec *fetchtest.Recording, i int) *fetchtest.Step {
	t.Helper()
	step, err := rec.Step(i)
	if err != nil {
		t.Fatal(err)
	}
	return step
}

func playsByteForByte(t *testing.T, s *fetchtest.Server, step *fetchtest.Step) {
	t.Helper()
	c := client(t)
	same := func(path string, status int, contentType string, body []byte) {
		t.Helper()
		got, err := try(t.Context(), c, s, path)
		if err != nil {
			t.Fatalf("GET %s: %v", path, err)
		}
		if got.StatusCode != status || got.Header.Get("Content-Type") != contentType || got.body != string(body) {
			t.Errorf("GET %s: %d %s, %d bytes; want %d %s, %d bytes", path,
				got.StatusCode, got.Header.Get("Content-Type"), len(got.body), status, contentType, len(body))
		}
	}
	for _, link := range step.Links {
		same(links+link.ID, link.Status, link.ContentType, link.Body)
	}
	pages, err := step.Pages()
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d recorded pages, %v", len(pages), err)
	}
	for _, page := range pages {
		same(page.Path, page.Status, page.ContentType, page.Body)
	}
}

// walksTheLinksOfGET expects the bodies of GET in their order, page by page,
// and a 500 for a page with a poisoned link. With limit=100 the pages are
// recorded ones with prices in any order, so links are compared by id.
func walksTheLinksOfGET(t *testing.T, s *fetchtest.Server, step *fetchtest.Step, limit int) {
	t.Helper()
	listed := slices.DeleteFunc(slices.Clone(step.Links), func(l fetchtest.Answer) bool { return l.Status == http.StatusNotFound })
	chunks := slices.Collect(slices.Chunk(listed, limit))
	c := client(t)
	for i, chunk := range chunks {
		got, err := try(t.Context(), c, s, fmt.Sprintf("%s?page=%d&limit=%d", links, i+1, limit))
		if err != nil {
			t.Fatal(err)
		}
		var ids, bodies []string
		want := http.StatusOK
		for _, link := range chunk {
			ids, bodies = append(ids, link.ID), append(bodies, string(link.Body))
			want = max(want, link.Status)
		}
		switch envelope := fmt.Sprintf(`{"items":[%s],"pagination":{"total_count":%d,"max_page":%d}}`,
			strings.Join(bodies, ","), len(listed), len(chunks)); {
		case got.StatusCode != want:
			t.Errorf("limit %d page %d: status %d, want %d", limit, i+1, got.StatusCode, want)
		case want == http.StatusInternalServerError:
		case limit < 100 && got.body != envelope:
			t.Errorf("limit %d page %d: %d bytes, want the %d of GET", limit, i+1, len(got.body), len(envelope))
		case limit == 100:
			if diff := cmp.Diff(ids, itemIDs(t, got.body)); diff != "" {
				t.Errorf("limit %d page %d (-want +got):\n%s", limit, i+1, diff)
			}
		}
	}
}

// knowsEarlierLinks expects the previous step's links to come first.
func knowsEarlierLinks(t *testing.T, rec *fetchtest.Recording, i int) {
	t.Helper()
	all, err := rec.LinkIDs()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, link := range unpack(t, rec, i).Links {
		ids = append(ids, link.ID)
	}
	if len(ids) > len(all) {
		t.Fatalf("knows %d links, the whole recording %d", len(ids), len(all))
	}
	if diff := cmp.Diff(all[:len(ids)], ids); diff != "" {
		t.Errorf("not the first links of the recording (-want +got):\n%s", diff)
	}
}

func TestLoadAndStepSayWhatThereIs(t *testing.T) {
	t.Parallel()
	if _, err := fetchtest.Load("beta"); err == nil || !strings.Contains(err.Error(), "seed-ads") {
		t.Errorf("Load: %v, want the scenarios there are", err)
	}
	rec := load(t, "seed-ads")
	if _, err := rec.Step(2); err == nil || !strings.Contains(err.Error(), "the last is 1") {
		t.Errorf("Step: %v, want the last step there is", err)
	}
}

func TestKeepUnpacksOnce(t *testing.T) {
	t.Parallel()
	rec := load(t, "seed-ads").Keep()
	if first := unpack(t, rec, 1); unpack(t, rec, 1) != first {
		t.Error("the second Step is another one")
	}
}
