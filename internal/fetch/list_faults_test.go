package fetch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
)

func TestSeveralLinksThatPolarCannotShowLeaveTheOthersAlone(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 230)
	s := fetchtest.StartFor(t, links...)
	poisoned := []int{0, 1, 2, 3, 4, 5, 99, 150, 229} // six in a row: an archived product does that
	for _, i := range poisoned {
		s.Set(all[i].String(), fetchtest.Answer{Status: 500})
	}
	batches := walkAll(t, newClient(t, s), 230)
	if diff := cmp.Diff([]int{100, 100, 30}, sizes(batches)); diff != "" {
		t.Error(diff)
	}
	var got []int
	for i, observed := range slices.Concat(batches...) {
		if observed.ID == uuid.Nil {
			wantCulprit(t, []fetch.Observed{observed}, i)
			got = append(got, i)
		} else if observed.ID != all[i] || observed.Link == nil {
			t.Errorf("%d: %s, %v", i, observed.ID, observed.Err)
		}
	}
	if diff := cmp.Diff(poisoned, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnOrganizationOfOneBrokenLinkIsToldOf(t *testing.T) {
	t.Parallel()
	_, all := madeUp(t, 1)
	s := fetchtest.StartFor(t, fetchtest.Answer{ID: all[0].String(), Status: 500})
	_, culprits := nameless(walkAll(t, newClient(t, s), 1))
	wantCulprit(t, culprits, 0)
}

func TestAnOutageIsNotTakenForBrokenLinks(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]fetchtest.Play{
		"500": fetchtest.Status(500, "Internal Server Error"), "no JSON": fetchtest.Mangle(func(page []byte) []byte { return page[:len(page)-1] }),
	} {
		for _, from := range []int{1, 2} {
			t.Run(fmt.Sprint(name, " from page ", from), func(t *testing.T) {
				t.Parallel()
				links, _ := madeUp(t, 230)
				s := fetchtest.StartFor(t, links...)
				s.Inject(fetchtest.Fault{Match: func(r *http.Request) bool { return r.URL.Query().Get("page") != "1" || from == 1 }, Play: play})
				batches, err := collect(linksOf(newClient(t, s).WalkPages(t.Context(), fetch.Pages{From: 1})))
				if len(batches) != from-1 || kindName(t, err) != "unavailable" || !fetch.Unreachable(err) {
					t.Errorf("%d batches, ended with %v", len(batches), err)
				}
				// every page under way asks once, then four times whether Polar is up
				if got := s.Requests().Total; got > 1+3*(1+tries) {
					t.Errorf("%d requests", got)
				}
			})
		}
	}
}

func TestAPageThatFailsAsAWholeEndsTheWalk(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 350)
	const json = "Content-Type: application/json"
	for name, row := range map[string]struct {
		play     fetchtest.Play
		kind     string
		requests int
	}{
		"a refused token":   {fetchtest.Status(401, `{"error":"invalid_token"}`, json), "refused", 1},
		"a missing scope":   {fetchtest.Status(403, `{"error":"insufficient_scope"}`, json), "refused", 1},
		"a rate limit":      {fetchtest.TooMany("0"), "rate limited", tries},
		"a proxy's 502":     {fetchtest.HTML(502), "unavailable", tries},
		"another route":     {fetchtest.Status(404, `{"detail":"Not Found"}`, json), "version", 1 + 4},
		"HTML":              {fetchtest.HTML(200), "between", tries},
		"no items":          {fetchtest.Mangle(func([]byte) []byte { return []byte(`{"pagination":{"total_count":1,"max_page":1}}`) }), "bad answer", 1},
		"no pagination":     {fetchtest.Mangle(func([]byte) []byte { return []byte(`{"items":[]}`) }), "bad answer", 1},
		"a null pagination": {fetchtest.Mangle(func([]byte) []byte { return []byte(`{"items":[],"pagination":null}`) }), "bad answer", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fetchtest.StartFor(t, links...)
			s.Inject(fetchtest.Fault{Match: fetchtest.OnList(3), Play: row.play})
			batches, err := collect(linksOf(newClient(t, s).WalkPages(t.Context(), fetch.Pages{From: 1})))
			if kindName(t, err) != row.kind {
				t.Errorf("ended with %v", err)
			}
			wantWalk(t, batches, []int{100, 100}, slices.Clone(all[:200]))
			asked := 0
			for _, r := range s.Log() {
				if r.Path == "/v1/checkout-links/?page=3&limit=100" {
					asked++
				}
			}
			if asked != row.requests {
				t.Errorf("asked %d times for the page", asked)
			}
		})
	}
}

func TestABrokenLinkOfAPageIsAnObservationWithItsName(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 8)
	for i, change := range []struct{ from, to string }{
		{`"allow_discount_codes"`, `"forbid_discount_codes"`},
		{`"label"`, `"label":null,"label"`},       // doubled: either may be meant
		{`"id"`, `"ID"`},                          // its name is gone
		{`"id":"`, `"id":"x`},                     // and here broken
		{`{"`, `null,{"`},                         // no link at all beside one
		{`"metadata":{`, `"metadata":[],"was":{`}, //
	} {
		if !bytes.Contains(links[i].Body, []byte(change.from)) {
			t.Errorf("no %s", change.from)
		}
		links[i].Body = bytes.Replace(links[i].Body, []byte(change.from), []byte(change.to), 1)
	}
	s := fetchtest.StartFor(t, links...)
	observed := slices.Concat(walkAll(t, newClient(t, s), 8)...)
	var got []string
	for _, o := range observed {
		path := ""
		if e, ok := errors.AsType[*fetch.Error](o.Err); ok {
			path = kindName(t, e) + " at " + e.Path + ": " + e.Detail
		}
		if o.ID != uuid.Nil {
			path = fmt.Sprint(slices.Index(all, o.ID), " ", path)
		} else {
			path = o.Name() + ": " + path
		}
		got = append(got, strings.TrimSpace(path))
		if (o.Err == nil) != (o.Link != nil) || len(o.Body) == 0 {
			t.Errorf("%+v", o)
		}
	}
	want := []string{
		"0 bad answer at allow_discount_codes: missing",
		"1 bad answer at label: the key stands twice",
		"link 3 of the organization's list: bad answer at id: missing",
		"link 4 of the organization's list: bad answer at id: not a UUID",
		"link 5 of the organization's list: bad answer at : an object expected, found null", "4",
		"5 bad answer at metadata: an object expected, found an array",
		"6", "7",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAPageThatIsNoJSONIsSplit(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 120)
	for name, row := range map[string]struct {
		breaks func(page []byte) []byte
		named  bool // the id stands before the break
	}{
		"cut short":         {func(page []byte) []byte { return page[:len(page)-40] }, true},
		"cut before the id": {func([]byte) []byte { return []byte(`{"items":[{"created_at":"2026-01-01T00:00:00Z","i`) }, false},
		"garbage behind it": {func(page []byte) []byte { return append(page, "<!-- x -->"...) }, true},
		"nested 600 deep": {func(page []byte) []byte {
			return bytes.ReplaceAll(page, []byte(`"metadata":{`), []byte(`"metadata":{"deep":`+strings.Repeat("[", 600)+strings.Repeat("]", 600)+","))
		}, true},
		"no value in one link": {func(page []byte) []byte {
			return bytes.ReplaceAll(page, []byte(`"label":`), []byte(`"label":NaN,"was":`))
		}, true},
		"no JSON at all": {func([]byte) []byte { return []byte("x") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fetchtest.StartFor(t, links...)
			s.Inject(fetchtest.Fault{Match: fetchtest.OnPlace(77), Play: fetchtest.Mangle(row.breaks)})
			batches := walkAll(t, newClient(t, s), 120)
			if diff := cmp.Diff([]int{100, 20}, sizes(batches)); diff != "" {
				t.Fatal(diff)
			}
			for i, o := range slices.Concat(batches...) {
				switch {
				case i != 77 && (o.ID != all[i] || o.Link == nil):
					t.Errorf("%d: %s, %v", i, o.Name(), o.Err)
				case i == 77 && (o.Place != 78 || kindName(t, o.Err) != "bad answer" || row.named != (o.ID == all[77]) || !row.named && o.ID != uuid.Nil):
					t.Errorf("culprit %s at place %d: %v", o.ID, o.Place, o.Err)
				}
			}
			// 1 page of 100, 1 beyond all, 2 of 50, 2 of 25, 5 of 5, 5 of 1, page 2
			if got := s.Requests().Total; got != 1+1+2+2+5+5+1 {
				t.Errorf("%d requests", got)
			}
		})
	}
}

// TestPartsBehindTheEndAreNotAskedFor is what was seen live: five links, of which
// Polar cannot show the third.
func TestPartsBehindTheEndAreNotAskedFor(t *testing.T) {
	t.Parallel()
	links, _ := madeUp(t, 5)
	s := fetchtest.StartFor(t, links...)
	s.Set(links[2].ID, fetchtest.Answer{Status: 500})
	_, culprits := nameless(walkAll(t, newClient(t, s), 5))
	wantCulprit(t, culprits, 2)
	var asked []string
	for _, r := range s.Log() {
		asked = append(asked, strings.TrimPrefix(r.Path, "/v1/checkout-links/?"))
	}
	want := []string{
		"page=1&limit=100", "page=1000000&limit=1", "page=1&limit=50", "page=1&limit=25", "page=1&limit=5", "page=1&limit=1", "page=2&limit=1",
		"page=3&limit=1", "page=3&limit=1", "page=3&limit=1", "page=3&limit=1", "page=4&limit=1", "page=5&limit=1",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}

func TestPagesThatRepeatThemselvesEndTheWalk(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 1000)
	s := fetchtest.StartFor(t, links...)
	s.Inject(fetchtest.Fault{Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
		first := r.Clone(r.Context())
		first.URL.RawQuery = "page=1&limit=100"
		normal.ServeHTTP(w, first)
	}})
	batches, err := collect(linksOf(newClient(t, s).WalkPages(t.Context(), fetch.Pages{From: 1})))
	if kindName(t, err) != "bad answer" || !strings.HasSuffix(err.Error(), "the list of links does not end: page 2 shows no link that the pages before it had not shown") {
		t.Errorf("ended with %v", err)
	}
	wantWalk(t, batches, []int{100}, all[:100])
}

func TestAListThatGrowsWithEachPageEndsTheWalk(t *testing.T) {
	t.Parallel()
	links, _ := madeUp(t, 3000)
	s := fetchtest.StartFor(t, links[:100]...)
	var asked atomic.Int64
	s.Inject(fetchtest.Fault{Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
		n := asked.Add(1)
		s.Add(links[100*n : 100*(n+1)]...)
		normal.ServeHTTP(w, r)
	}})
	batches, err := collect(linksOf(newClient(t, s).WalkPages(t.Context(), fetch.Pages{From: 1})))
	if kindName(t, err) != "bad answer" || !strings.HasSuffix(err.Error(), "the list of links does not end: there were 2 pages, and after 15 the list is still growing") {
		t.Errorf("%d batches, ended with %v", len(batches), err)
	}
	if asked.Load() > 15 {
		t.Errorf("%d requests", asked.Load())
	}
}

func TestLinksCreatedDuringAWalkAreRead(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 250)
	s := fetchtest.StartFor(t, links[:200]...)
	s.Inject(fetchtest.Fault{Match: fetchtest.OnList(2), Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
		s.Add(links[200:]...)
		normal.ServeHTTP(w, r)
	}})
	batches, err := collect(linksOf(newClient(t, s).WalkPages(t.Context(), fetch.Pages{From: 1})))
	if err != nil {
		t.Fatal(err)
	}
	wantWalk(t, batches, []int{100, 100, 50}, all)
	if got := s.Requests().Total; got != 3 {
		t.Errorf("%d requests", got)
	}
}

func TestAPageThatIsTooLongIsSplit(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 120)
	s := fetchtest.StartFor(t, links...)
	s.Inject(fetchtest.Fault{Match: fetchtest.OnPlace(77), Play: fetchtest.GzipBomb(17)})
	batches := walkAll(t, newClient(t, s), 120)
	named, culprits := nameless(batches)
	if diff := cmp.Diff([]int{100, 20}, sizes(batches)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(slices.Delete(slices.Clone(all), 77, 78), idsOf([][]fetch.Observed{named})); diff != "" {
		t.Error(diff)
	}
	if len(culprits) != 1 || culprits[0].Name() != "link 78 of the organization's list" || culprits[0].Err.Error() != "Polar's answer cannot be read: longer than 16 MiB" {
		t.Fatalf("culprits %v", culprits)
	}
	if cap(culprits[0].Body) > 128<<10 {
		t.Errorf("holds on to %d bytes", cap(culprits[0].Body))
	}
	if got := s.Requests().Total; got != 1+1+2+2+5+5+1 {
		t.Errorf("%d requests", got)
	}
}

func TestACountThatIsWrongDoesNotSendTheWalkAstray(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 130)
	for count, sized := range map[string][]int{
		"1000000000": {100, 30}, "9223372036854775807": {100, 30}, "131": {100, 30}, "0": {100}, "-5": {100},
	} {
		t.Run(count, func(t *testing.T) {
			t.Parallel()
			s := fetchtest.StartFor(t, links...)
			s.Inject(fetchtest.Fault{Play: fetchtest.Mangle(func(b []byte) []byte {
				return bytes.Replace(b, []byte(`"total_count":130`), []byte(`"total_count":`+count), 1)
			})})
			batches, err := collect(linksOf(newClient(t, s).WalkPages(t.Context(), fetch.Pages{From: 1})))
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, size := range sized {
				n += size
			}
			wantWalk(t, batches, sized, slices.Clone(all[:n]))
			if got := s.Requests().Total; got > 10 {
				t.Errorf("%d requests", got)
			}
		})
	}
}

func TestAFiveHundredOfASingleLinkIsTriedAgainAndOneOfAPageIsNot(t *testing.T) {
	t.Parallel()
	links, _ := madeUp(t, 3)
	for limit, want := range map[int]int64{1: tries, 2: 1, 100: 1} {
		s := fetchtest.StartFor(t, links...)
		s.Inject(fetchtest.Fault{Play: fetchtest.Status(500, "")})
		client := newClient(t, s)
		if _, err := client.List(t.Context(), 1, limit); kindName(t, err) != "unavailable" || client.Requests() != want {
			t.Errorf("limit %d: %v after %d requests", limit, err, client.Requests())
		}
	}
}

func TestAWalkOfAllThatIsLeftLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		links, _ := madeUp(t, 1000)
		s := fetchtest.NewServerFor(links...)
		client := bubbleClient(s, 0)
		s.Hold(fetchtest.OnList(3, 4, 5, 6, 7, 8, 9, 10)) // never to be answered
		batches := 0
		for batch, err := range linksOf(client.WalkPages(t.Context(), fetch.Pages{From: 1})) {
			if err != nil || len(batch) != 100 {
				t.Errorf("%d links, %v", len(batch), err)
			}
			if batches++; batches == 2 {
				break
			}
		}
		synctest.Wait()
		if n := s.Requests().Total; n > 2+2+4 {
			t.Errorf("%d requests for two pages", n)
		}
	})
}

func TestACancelledWalkOfAllEndsWithTheContextsError(t *testing.T) {
	t.Parallel()
	for _, held := range []int{1, 2, 3} {
		synctest.Test(t, func(t *testing.T) {
			links, _ := madeUp(t, 350)
			s := fetchtest.NewServerFor(links...)
			client := bubbleClient(s, 0)
			s.Hold(fetchtest.OnList(held))
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			batches := 0
			go func() {
				var last error
				for _, err := range client.WalkPages(ctx, fetch.Pages{From: 1}) {
					if last = err; err == nil {
						batches++
					}
				}
				done <- last
			}()
			synctest.Wait()
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) || batches != held-1 {
				t.Errorf("%d batches, ended with %v", batches, err)
			}
		})
	}
}
