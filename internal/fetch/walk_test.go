package fetch_test

import (
	"bytes"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
)

// madeUp returns n links that differ by id only.
func madeUp(tb testing.TB, n int) (links []fetchtest.Answer, all []uuid.UUID) {
	tb.Helper()
	body := recorded(tb)[0]
	all = unknown(n)
	for _, id := range all {
		mine, err := fetchtest.Edit(body, `id "`+id.String()+`"`)
		if err != nil {
			tb.Fatal(err)
		}
		links = append(links, fetchtest.Answer{ID: id.String(), Body: mine})
	}
	return links, all
}

// collect takes a whole walk: its batches, and its error.
func collect(walk iter.Seq2[[]fetch.Observed, error]) (batches [][]fetch.Observed, ended error) {
	for batch, err := range walk {
		if err != nil {
			ended = err
			continue
		}
		batches = append(batches, batch)
	}
	return batches, ended
}

// linksOf yields the links of each page.
func linksOf(walk iter.Seq2[fetch.Page, error]) iter.Seq2[[]fetch.Observed, error] {
	return func(yield func([]fetch.Observed, error) bool) {
		for page, err := range walk {
			if !yield(page.Links, err) {
				return
			}
		}
	}
}

func sizes(batches [][]fetch.Observed) (all []int) {
	for _, batch := range batches {
		all = append(all, len(batch))
	}
	return all
}

func idsOf(batches [][]fetch.Observed) (all []uuid.UUID) {
	for _, observed := range slices.Concat(batches...) {
		all = append(all, observed.ID)
	}
	return all
}

// wantWalk expects batches of these sizes with these links in order.
func wantWalk(t *testing.T, batches [][]fetch.Observed, sized []int, links []uuid.UUID) {
	t.Helper()
	if diff := cmp.Diff(sized, sizes(batches)); diff != "" {
		t.Errorf("sizes of batches: %s", diff)
	}
	if diff := cmp.Diff(links, idsOf(batches)); diff != "" {
		t.Errorf("links: %s", diff)
	}
	for _, observed := range slices.Concat(batches...) {
		if (observed.Link == nil) == (observed.Err == nil) || observed.Link != nil && observed.Link.ID != observed.ID || observed.At.IsZero() {
			t.Errorf("observed %+v", observed)
		}
	}
}

// on matches GET of these links.
func on(links ...uuid.UUID) func(*http.Request) bool {
	texts := make([]string, len(links))
	for i := range links {
		texts[i] = links[i].String()
	}
	return fetchtest.OnLink(texts...)
}

func TestAWalkYieldsBatchesInTheOrderAskedFor(t *testing.T) {
	t.Parallel()
	for n, sized := range map[int][]int{0: nil, 1: {1}, 99: {99}, 100: {100}, 101: {100, 1}, 250: {100, 100, 50}} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			links, all := madeUp(t, n)
			s := fetchtest.StartFor(t, links...)
			slices.Reverse(all)
			batches, err := collect(newClient(t, s).Walk(t.Context(), all, nil))
			if err != nil {
				t.Fatal(err)
			}
			wantWalk(t, batches, sized, slices.Clip(append([]uuid.UUID(nil), all...)))
			if got := s.Requests(); got.Total != n || got.Peak > 4 {
				t.Errorf("%d requests, up to %d at once", got.Total, got.Peak)
			}
		})
	}
}

func TestAWalkOfARecordedCatalogueSeesWhatIsThere(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "alpha")
	s.Goto(9)
	batches, err := collect(newClient(t, s).Walk(t.Context(), ids(t, s.LinkIDs()...), nil))
	if err != nil {
		t.Fatal(err)
	}
	wantWalk(t, batches, []int{100, 20}, ids(t, s.LinkIDs()...))
	gone, answers := 0, step(t, "alpha", 9)
	for i, observed := range slices.Concat(batches...) {
		answer := answers[i]
		if answer.Status == 404 {
			gone++
			if !errors.Is(observed.Err, fetch.ErrNotFound) {
				t.Errorf("%s: %v", observed.ID, observed.Err)
			}
			continue
		}
		if observed.Err != nil || !bytes.Equal(answer.Body, observed.Body) {
			t.Errorf("%s: %v, %d bytes", observed.ID, observed.Err, len(observed.Body))
		}
	}
	if gone != 4 || s.Requests().Total != 124 {
		t.Errorf("%d links gone, %d requests", gone, s.Requests().Total)
	}
}

func TestALinkIsGoneWhenPolarSaysSoTwice(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 3)
	s := fetchtest.StartFor(t, links...)
	notFound := s.Recorded("404 ResourceNotFound: deleted link")
	s.Inject(fetchtest.Fault{Match: on(all[0]), Play: notFound, Times: 1}) // a hiccup
	s.Inject(fetchtest.Fault{Match: on(all[1]), Play: notFound, Times: 1}) // gone, then no clear answer
	s.Inject(fetchtest.Fault{Match: on(all[1]), Play: fetchtest.Status(500, "")})
	s.Inject(fetchtest.Fault{Match: on(all[2]), Play: notFound})
	batches, err := collect(newClient(t, s).Walk(t.Context(), all, nil))
	if err != nil {
		t.Fatal(err)
	}
	wantWalk(t, batches, []int{3}, all)
	batch := batches[0]
	if batch[0].Err != nil || kindName(t, batch[1].Err) != "unavailable" || kindName(t, batch[2].Err) != "not found" {
		t.Errorf("errors %v, %v, %v", batch[0].Err, batch[1].Err, batch[2].Err)
	}
	if diff := cmp.Diff(map[string]int{all[0].String(): 2, all[1].String(): 1 + tries, all[2].String(): 2}, s.Requests().ByID); diff != "" {
		t.Errorf("requests: %s", diff)
	}
}

func TestOtherMissingAnswersAreNoSignThatALinkIsGone(t *testing.T) {
	t.Parallel()
	const json, gone = "Content-Type: application/json", `{"error":"ResourceNotFound","detail":"Not found"}`
	for name, row := range map[string]struct {
		play fetchtest.Play
		kind string
	}{
		"HTML":                   {fetchtest.HTML(404), "between"},
		"text":                   {fetchtest.Status(404, gone, "Content-Type: text/plain"), "between"},
		"nothing":                {fetchtest.Status(404, ""), "between"},
		"nothing in JSON":        {fetchtest.Status(404, "", json), "between"},
		"a packing not asked":    {fetchtest.Status(404, gone, json, "Content-Encoding: br"), "between"},
		"an error of its own":    {fetchtest.Status(404, `{"error":["ResourceNotFound"]}`, json), "between"},
		"another error of Polar": {fetchtest.Status(404, `{"error":"NotPermitted"}`, json), "bad answer"},
		"another status":         {fetchtest.Status(410, gone, json), "bad answer"},
		"no error at all":        {fetchtest.Status(200, gone, json), "bad answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			links, all := madeUp(t, 2)
			s := fetchtest.StartFor(t, links...)
			s.Inject(fetchtest.Fault{Match: on(all[0]), Play: row.play})
			batches, err := collect(newClient(t, s).Walk(t.Context(), all, nil))
			if err != nil {
				t.Fatal(err)
			}
			wantWalk(t, batches, []int{2}, all)
			if got := batches[0][0]; kindName(t, got.Err) != row.kind || got.Confirmed {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestARefusedTokenEndsTheWalkAfterWhatWasSeen(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 250)
	for at, sized := range map[int][]int{0: nil, 1: {1}, 100: {100}, 130: {100, 30}, 249: {100, 100, 49}} {
		t.Run(strconv.Itoa(at), func(t *testing.T) {
			t.Parallel()
			s := fetchtest.StartFor(t, links...)
			s.Inject(fetchtest.Fault{Match: on(all[at:]...), Play: s.Recorded("401 unknown token")})
			batches, err := collect(newClient(t, s).Walk(t.Context(), all, nil))
			if kindName(t, err) != "refused" {
				t.Errorf("ended with %v", err)
			}
			wantWalk(t, batches, sized, append([]uuid.UUID(nil), all[:at]...))
		})
	}
}

func TestAnUnreachablePolarEndsTheWalk(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 250)
	for at, sized := range map[int][]int{0: nil, 3: {3}, 98: {98}, 100: {100}, 130: {100, 30}, 245: {100, 100, 45}} {
		t.Run(strconv.Itoa(at), func(t *testing.T) {
			t.Parallel()
			s := fetchtest.StartFor(t, links...)
			s.Inject(fetchtest.Fault{Match: on(all[at:]...), Play: fetchtest.HTML(502)})
			batches, err := collect(newClient(t, s).Walk(t.Context(), all, nil))
			if kindName(t, err) != "unavailable" || !fetch.Unreachable(err) {
				t.Errorf("ended with %v", err)
			}
			wantWalk(t, batches, sized, append([]uuid.UUID(nil), all[:at]...)) // none of the unreachable ones
			if most := at + tries*(5+200); s.Requests().Total > most {
				t.Errorf("%d requests", s.Requests().Total)
			}
		})
	}
}

func TestAWalkGivesUpAfterFiveInARow(t *testing.T) {
	t.Parallel()
	_, all := madeUp(t, 400)
	s := fetchtest.StartFor(t)
	s.Inject(fetchtest.Fault{Play: fetchtest.Hangup()})
	client := newClient(t, s)
	batches, err := collect(client.Walk(t.Context(), all, nil))
	if len(batches) != 0 || kindName(t, err) != "unavailable" {
		t.Errorf("%d batches, ended with %v", len(batches), err)
	}
	// five links with four tries each, and the workers slightly ahead
	if n := client.Requests(); n < 5*tries || n > (5+8)*tries {
		t.Errorf("%d requests", n)
	}
}

func TestFewerThanFiveLinksAreEnoughToGiveUp(t *testing.T) {
	t.Parallel()
	for n := range 5 {
		links, all := madeUp(t, n+1)
		s := fetchtest.StartFor(t, links...)
		s.Inject(fetchtest.Fault{Match: on(all...), Play: fetchtest.Status(503, "")})
		if batches, err := collect(newClient(t, s).Walk(t.Context(), all, nil)); len(batches) != 0 || kindName(t, err) != "unavailable" {
			t.Errorf("%d links: %d batches, ended with %v", n+1, len(batches), err)
		}
		if n == 0 {
			continue
		}
		// One link that is there proves that Polar is.
		s = fetchtest.StartFor(t, links...)
		s.Inject(fetchtest.Fault{Match: on(all[1:]...), Play: fetchtest.Status(503, "")})
		batches, err := collect(newClient(t, s).Walk(t.Context(), all, nil))
		if err != nil {
			t.Errorf("%d links: %v", n+1, err)
		}
		wantWalk(t, batches, []int{n + 1}, all)
	}
}

func TestALinkThatIsUnreachableAloneIsPartOfItsBatch(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 220)
	for name, lost := range map[string][]int{
		"one": {7}, "four in a row": {7, 8, 9, 10}, "four, one there, four": {0, 1, 2, 3, 5, 6, 7, 8},
		"at the end of a batch": {99}, "at the start of a batch": {100}, "over the end of a batch": {97, 98, 99, 100},
		"behind the end of a batch": {99, 100, 101, 102}, "the last four": {216, 217, 218, 219},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fetchtest.StartFor(t, links...)
			var unreachable []uuid.UUID
			for _, i := range lost {
				unreachable = append(unreachable, all[i])
			}
			s.Inject(fetchtest.Fault{Match: on(unreachable...), Play: fetchtest.Status(502, "")})
			batches, err := collect(newClient(t, s).Walk(t.Context(), all, nil))
			if err != nil {
				t.Fatal(err)
			}
			wantWalk(t, batches, []int{100, 100, 20}, all)
			var failed []int
			for i, observed := range slices.Concat(batches...) {
				if observed.Err != nil {
					failed = append(failed, i)
				}
			}
			if diff := cmp.Diff(lost, failed); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBrokenLinksInARowAreNoReasonToGiveUp(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 20)
	for name, play := range map[string]fetchtest.Play{
		"that Polar cannot show": fetchtest.Status(500, "Internal Server Error"),
		"that cannot be read":    fetchtest.Mangle(func([]byte) []byte { return []byte("{}") }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fetchtest.StartFor(t, links...)
			s.Inject(fetchtest.Fault{Play: play})
			batches, err := collect(newClient(t, s).Walk(t.Context(), all, nil))
			if err != nil {
				t.Fatal(err)
			}
			wantWalk(t, batches, []int{20}, all)
		})
	}
}
