package syncer

import (
	"hash/maphash"
	"time"

	"github.com/google/uuid"

	"syncer/internal/fetch"
)

// tracker remembers the copies of what links share that this run has written: products,
// meters, benefits, medias and discounts. What is in place, sent with the same bytes
// or seen by a later request, need not be written again. And two copies that differ
// in content are torn: the thing changed while the run read, and which copy is the
// later one, the order of requests cannot tell.
type tracker struct {
	seed   maphash.Seed
	copies map[uuid.UUID]written
	torn   map[uuid.UUID][]uuid.UUID // links that show it, and are written
	// settling are torn things whose next copy counts.
	settling map[uuid.UUID]bool
	kinds    map[uuid.UUID]string // of what is or was torn
}

// written is the newest copy of a thing whose rows are in place.
type written struct {
	fingerprint, content uint64
	at                   time.Time // when the request began that showed it
	link                 uuid.UUID // that showed it
}

// sight is one copy of a thing in a batch.
type sight struct {
	fetch.Part
	written
}

func newTracker() *tracker {
	return &tracker{
		seed: maphash.MakeSeed(), copies: map[uuid.UUID]written{}, torn: map[uuid.UUID][]uuid.UUID{},
		settling: map[uuid.UUID]bool{}, kinds: map[uuid.UUID]string{},
	}
}

// compare lists the copies of shared things that links show, and says of which
// things every copy is in place.
func (t *tracker) compare(links []fetch.Observed) (sights []sight, inPlace map[uuid.UUID]bool) {
	inPlace = map[uuid.UUID]bool{}
	for i := range links {
		o := &links[i]
		if o.Link == nil {
			continue
		}
		for part := range o.Link.Parts() {
			if part.Kind == "price" { // belongs to its product
				continue
			}
			s := sight{part, written{fingerprint: o.Fingerprint(t.seed, &part), at: o.At, link: o.ID}}
			sights = append(sights, s)
			known, there := t.copies[s.ID]
			there = there && (known.fingerprint == s.fingerprint || s.at.Before(known.at))
			if old, again := inPlace[s.ID]; again {
				there = there && old
			}
			inPlace[s.ID] = there
		}
	}
	return sights, inPlace
}

// note remembers copies whose rows are in place by now, and which of them are torn.
func (t *tracker) note(sights []sight) {
	for i := range sights {
		s := &sights[i]
		known, there := t.copies[s.ID]
		if there && known.fingerprint == s.fingerprint {
			s.content = known.content
		} else {
			s.content = s.Content(t.seed)
		}
		if there && known.content != s.content && !t.settling[s.ID] {
			t.torn[s.ID] = []uuid.UUID{s.link, known.link}
			t.kinds[s.ID] = s.Kind
		}
		if !there || !s.at.Before(known.at) {
			t.copies[s.ID] = s.written
			delete(t.settling, s.ID)
		}
	}
}

// settle lists links to fetch once more, as few as show all that is torn, and at most
// so many. Their copies count from then on.
func (t *tracker) settle(most int) (links []uuid.UUID) {
	chosen := map[uuid.UUID]bool{}
	for _, id := range sortedIDs(t.torn) {
		shown := t.torn[id]
		switch {
		case chosen[shown[0]] || chosen[shown[1]]:
		case len(links) < most:
			chosen[shown[0]] = true
			links = append(links, shown[0])
		default:
			continue // left to the next run
		}
		t.settling[id] = true
		delete(t.torn, id)
	}
	return links
}

// unsettled counts, by kind, the things that have not been seen since they were torn.
func (t *tracker) unsettled() map[string]int {
	counts := map[string]int{}
	for id := range t.torn {
		counts[t.kinds[id]]++
	}
	for id := range t.settling {
		counts[t.kinds[id]]++
	}
	return counts
}
