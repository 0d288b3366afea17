package fetch_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/fetch/wire"
)

// meaning strips from a link what means nothing: the order of prices, and
// places in the text.
func meaning(link *fetch.CheckoutLink) *fetch.CheckoutLink {
	var strip func(v reflect.Value)
	strip = func(v reflect.Value) {
		switch {
		case v.Type() == reflect.TypeFor[wire.Span]():
			v.SetZero()
		case v.Kind() == reflect.Pointer && !v.IsNil():
			strip(v.Elem())
		case v.Kind() == reflect.Struct && v.NumField() > 3: // no time and no id
			for _, field := range v.Fields() {
				if field.CanSet() {
					strip(field)
				}
			}
		case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
			for i := range v.Len() {
				strip(v.Index(i))
			}
		}
	}
	strip(reflect.ValueOf(link))
	for i := range link.Products {
		slices.SortFunc(link.Products[i].Prices, func(a, b fetch.Price) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	}
	return link
}

// walkAll walks from the first page and expects that many links.
func walkAll(t *testing.T, client *fetch.Client, total int) [][]fetch.Observed {
	t.Helper()
	told := -1
	batches, err := collect(linksOf(client.WalkPages(t.Context(), fetch.Pages{From: 1, Plan: tell(&told)})))
	if err != nil || told != total {
		t.Errorf("told of %d links, want %d; ended with %v", told, total, err)
	}
	return batches
}

// nameless takes out the observations without an id.
func nameless(batches [][]fetch.Observed) (named, without []fetch.Observed) {
	for _, observed := range slices.Concat(batches...) {
		if observed.ID == uuid.Nil {
			without = append(without, observed)
		} else {
			named = append(named, observed)
		}
	}
	return named, without
}

func TestAllPagesHoldWhatGETShows(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		scenario              string
		step, total, requests int
		sized                 []int
	}{
		{"alpha", 0, 120, 2, []int{100, 20}},
		{"alpha", 9, 116, 2, []int{100, 16}},
		{"alpha", 12, 121, 2, []int{100, 21}},
		{"seed", 0, 60, 1, []int{60}},
		{"seed-ads", 1, 20, 1, []int{20}},
		// 1 page of 100, 1 beyond all, 2 of 50, 2 of 25, 5 of 5, 5 of 1 and 3 tries more for the culprit, page 2
		{"alpha", 7, 120, 1 + 1 + 2 + 2 + 5 + 5 + 3 + 1, []int{100, 20}},
		{"seed", 4, 60, 1 + 1 + 2 + 2 + 5 + 5 + 3, []int{60}},
	} {
		t.Run(fmt.Sprint(row.scenario, " step ", row.step), func(t *testing.T) {
			t.Parallel()
			s := fetchtest.Start(t, row.scenario)
			s.Goto(row.step)
			client := newClient(t, s)
			batches := walkAll(t, client, row.total)
			if diff := cmp.Diff(row.sized, sizes(batches)); diff != "" {
				t.Errorf("sizes of batches: %s", diff)
			}
			if got := s.Requests(); got.Total != row.requests || got.Gets != 0 || client.Requests() != int64(row.requests) {
				t.Errorf("%d requests, want %d", got.Total, row.requests)
			}
			named, culprits := nameless(batches)
			listed := slices.DeleteFunc(slices.Clone(step(t, row.scenario, row.step)), func(a fetchtest.Answer) bool { return a.Status == 404 })
			for i, answer := range listed {
				if answer.Status == 500 {
					wantCulprit(t, culprits, i)
					culprits = nil
					listed = slices.Delete(listed, i, i+1)
					break
				}
			}
			if len(culprits) > 0 || len(named) != len(listed) {
				t.Fatalf("%d links of %d, and %d without a name", len(named), len(listed), len(culprits))
			}
			for i, answer := range listed {
				want, _, err := fetch.DecodeLink(answer.Body)
				if err != nil || named[i].Err != nil || named[i].ID.String() != answer.ID {
					t.Fatalf("%s: %v, %v", answer.ID, err, named[i].Err)
				}
				if want, got := meaning(want), meaning(named[i].Link); !reflect.DeepEqual(want, got) { // far faster than cmp
					t.Errorf("%s: %s", answer.ID, cmp.Diff(want, got, cmpopts.IgnoreUnexported(*got)))
				}
			}
		})
	}
}

// wantCulprit expects one link that Polar could not show, at its place in LIST.
func wantCulprit(t *testing.T, culprits []fetch.Observed, i int) {
	t.Helper()
	if len(culprits) != 1 {
		t.Errorf("%d culprits", len(culprits))
		return
	}
	e, ok := errors.AsType[*fetch.Error](culprits[0].Err)
	want := fmt.Sprintf("link %d of the organization's list", i+1)
	if !ok || !errors.Is(e, fetch.ErrUnavailable) || e.Status != 500 || e.Detail != "Internal Server Error" || culprits[0].Name() != want || culprits[0].Link != nil || culprits[0].At.IsZero() {
		t.Errorf("culprit %+v, want %s", culprits[0], want)
	}
}

func TestAWalkOfAllMayBeginAtALaterPage(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 350)
	s := fetchtest.StartFor(t, links...)
	client := newClient(t, s)
	for from, sized := range map[int][]int{1: {100, 100, 100, 50}, 2: {100, 100, 50}, 4: {50}, 5: nil, 99: nil} {
		s.ResetCounts()
		told := 0
		batches, err := collect(linksOf(client.WalkPages(t.Context(), fetch.Pages{From: from, Plan: tell(&told)})))
		if err != nil || told != 350 {
			t.Errorf("from %d: told of %d, %v", from, told, err)
		}
		wantWalk(t, batches, sized, append([]uuid.UUID(nil), all[min(350, 100*(from-1)):]...))
		if got := s.Requests().Total; got != max(1, len(sized)) {
			t.Errorf("from %d: %d requests", from, got)
		}
	}
}

func TestAnOrganizationWithoutLinksHasNoBatch(t *testing.T) {
	t.Parallel()
	s := fetchtest.StartFor(t)
	if batches := walkAll(t, newClient(t, s), 0); len(batches) != 0 || s.Requests().Total != 1 {
		t.Errorf("%d batches, %d requests", len(batches), s.Requests().Total)
	}
}

func TestAFullLastPageIsTheLast(t *testing.T) {
	t.Parallel()
	links, all := madeUp(t, 200)
	s := fetchtest.StartFor(t, links...)
	wantWalk(t, walkAll(t, newClient(t, s), 200), []int{100, 100}, all)
	if got := s.Requests().Total; got != 2 {
		t.Errorf("%d requests", got)
	}
}

func TestALinkThatGoesDuringAWalkHidesAtMostItsNeighbour(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "alpha")
	client := newClient(t, s)
	known := ids(t, s.LinkIDs()...)
	entered, release := s.Hold(fetchtest.OnList(1))
	type result struct {
		batches [][]fetch.Observed
		err     error
	}
	done := make(chan result)
	go func() {
		batches, err := collect(linksOf(client.WalkPages(t.Context(), fetch.Pages{From: 1})))
		done <- result{batches, err}
	}()
	<-entered // page 1 is decided: it still shows the link
	s.Delete(known[5].String())
	release()
	r := <-done
	if r.err != nil {
		t.Fatal(r.err)
	}
	// All later links moved up by one, so page 2's first is on page 1 now.
	want := slices.Delete(slices.Clone(known), 100, 101)
	if diff := cmp.Diff(want, idsOf(r.batches)); diff != "" {
		t.Error(diff)
	}
	// Asking by id for known links not shown completes the set.
	missing := slices.DeleteFunc(slices.Clone(known), func(id uuid.UUID) bool { return slices.Contains(want, id) })
	batches, err := collect(client.Walk(t.Context(), missing, nil))
	if err != nil || len(missing) != 1 || batches[0][0].Link == nil {
		t.Errorf("%d missing, %v", len(missing), err)
	}
}

// tell notes how many links there are, and walks to the last page.
func tell(total *int) func(int) func(int, int) bool {
	return func(n int) func(int, int) bool {
		*total = n
		return nil
	}
}
