package syncer

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/uuid"

	"syncer/internal/fetch"
)

// a body of one link that shows a benefit, whose text stands in place of %s.
const linkBody = `{"id":"%id","created_at":"2026-11-26T12:00:00Z","modified_at":null,"trial_interval":null,"trial_interval_count":null,
	"metadata":{},"payment_processor":"stripe","client_secret":"polar_cl_NOTASECRET","success_url":null,"return_url":null,"label":null,
	"allow_discount_codes":true,"require_billing_address":false,"discount_id":null,"seats":null,"units":null,
	"organization_id":"00000000-0000-4000-8000-00000000000a","discount":null,"url":"https://example.com","products":[{
	"metadata":{},"id":"00000000-0000-4000-8000-0000000000aa","created_at":"2026-11-26T12:00:00Z","modified_at":null,"trial_interval":null,
	"trial_interval_count":null,"name":"a","description":null,"visibility":"public","recurring_interval":null,"recurring_interval_count":null,
	"meter_interval":null,"meter_interval_count":null,"is_recurring":false,"is_archived":false,
	"organization_id":"00000000-0000-4000-8000-00000000000a","prices":[],"medias":[],"benefits":[{
	"id":"00000000-0000-4000-8000-0000000000bb","created_at":"2026-11-26T12:00:00Z","modified_at":null,"type":"custom","description":"%text",
	"selectable":true,"deletable":true,"is_deleted":false,"organization_id":"00000000-0000-4000-8000-00000000000a"}]}]}`

var theProduct, theBenefit = uuid.MustParse("00000000-0000-4000-8000-0000000000aa"), uuid.MustParse("00000000-0000-4000-8000-0000000000bb")

// observed is link n, with that text, by a request that began at that second.
func observed(tb testing.TB, n byte, text string, second int) fetch.Observed {
	tb.Helper()
	id := uuid.UUID{6: 0x40, 8: 0x80, 15: n}
	body := bytes.ReplaceAll([]byte(linkBody), []byte("%id"), []byte(id.String()))
	body = bytes.ReplaceAll(body, []byte("%text"), []byte(text))
	link, _, err := fetch.DecodeLink(body)
	if err != nil {
		tb.Fatal(err)
	}
	return fetch.Observed{ID: link.ID, Link: link, Body: body, Text: body, At: time.Unix(int64(second), 0)}
}

// TestTheTrackerKnowsWhatIsInPlace writes one link and looks at a second one.
func TestTheTrackerKnowsWhatIsInPlace(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text             string
		second           int
		product, benefit bool // in place
		torn             bool
	}{
		"the same, later":    {"old", 20, true, true, false},
		"the same, earlier":  {"old", 5, true, true, false},
		"another, later":     {"new", 20, false, false, true},
		"another, earlier":   {"new", 5, true, true, true},
		"another, in one go": {"new", 10, false, false, true},
		"rewritten, later":   {"\\u006fld", 20, false, false, false},
		"rewritten, earlier": {"\\u006fld", 5, true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tracker := newTracker()
			sights, inPlace := tracker.compare([]fetch.Observed{observed(t, 1, "old", 10)})
			if inPlace[theProduct] || inPlace[theBenefit] {
				t.Error("in place before anything was written")
			}
			tracker.note(sights)
			sights, inPlace = tracker.compare([]fetch.Observed{observed(t, 2, test.text, test.second)})
			if inPlace[theProduct] != test.product || inPlace[theBenefit] != test.benefit {
				t.Errorf("in place: product %v, benefit %v", inPlace[theProduct], inPlace[theBenefit])
			}
			tracker.note(sights)
			if _, torn := tracker.torn[theBenefit]; torn != test.torn {
				t.Errorf("the benefit is torn: %v", torn)
			}
			if _, torn := tracker.torn[theProduct]; torn {
				t.Error("the product is torn by a benefit's text")
			}
		})
	}
}

// TestACopyInABatchThatDiffersIsNotInPlace has one batch show a thing both as it was
// written and otherwise.
func TestACopyInABatchThatDiffersIsNotInPlace(t *testing.T) {
	t.Parallel()
	for _, texts := range [][]string{{"old", "new"}, {"new", "old"}} {
		tracker := newTracker()
		sights, _ := tracker.compare([]fetch.Observed{observed(t, 1, "old", 10)})
		tracker.note(sights)
		sights, inPlace := tracker.compare([]fetch.Observed{observed(t, 2, texts[0], 11), observed(t, 3, texts[1], 12)})
		if inPlace[theBenefit] {
			t.Errorf("%q: in place", texts)
		}
		tracker.note(sights)
		if links := tracker.settle(100); len(links) != 1 || len(tracker.unsettled()) != 1 {
			t.Errorf("%q: fetches %v again, unsettled %v", texts, links, tracker.unsettled())
		}
		// The next copy counts, whatever it shows, and tears nothing.
		sights, _ = tracker.compare([]fetch.Observed{observed(t, 2, "newest", 13)})
		tracker.note(sights)
		if left := tracker.unsettled(); len(left) != 0 {
			t.Errorf("%q: unsettled %v", texts, left)
		}
		// What differs then is left to the next run.
		sights, _ = tracker.compare([]fetch.Observed{observed(t, 3, "again", 14)})
		tracker.note(sights)
		if left := tracker.unsettled(); left["benefit"] != 1 {
			t.Errorf("%q: unsettled %v", texts, left)
		}
	}
}

// TestSettlingTakesAsFewLinksAsShowAll tears two things that the same link shows, and
// more things than may be fetched again.
func TestSettlingTakesAsFewLinksAsShowAll(t *testing.T) {
	t.Parallel()
	tracker := newTracker()
	link := func(n int) uuid.UUID { return uuid.UUID{14: byte(n >> 8), 15: byte(n)} }
	for n := range 6 {
		tracker.torn[link(100+n)] = []uuid.UUID{link(1 + n/2), link(50)}
	}
	links := tracker.settle(2)
	if len(links) != 2 {
		t.Errorf("fetches %v again", links)
	}
	if len(tracker.settling) != 4 || len(tracker.torn) != 2 {
		t.Errorf("%d settle, %d are left", len(tracker.settling), len(tracker.torn))
	}
}
