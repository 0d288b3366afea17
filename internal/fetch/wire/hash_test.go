package wire_test

import (
	"encoding/json"
	"hash/maphash"
	"maps"
	"testing"
	"time"

	"github.com/google/uuid"

	"syncer/internal/fetch/wire"
)

// thing has a field of every kind that Hash counts.
type thing struct {
	ID      uuid.UUID        `wire:"id"`
	Name    string           `wire:"name"`
	Label   *string          `wire:"label"`
	On      bool             `wire:"on"`
	Size    int64            `wire:"size"`
	Uses    int64            `wire:"uses,counter"`
	Rate    wire.Decimal     `wire:"rate"`
	At      *time.Time       `wire:"at"`
	Free    json.RawMessage  `wire:"free"`
	Amounts map[string]int64 `wire:"amounts"`
	Inner   *inner           `wire:"inner"`
	Apart   []other          `wire:"apart,apart"`
	Bag     []inner          `wire:"bag,unordered"`
	List    []inner          `wire:"list"`
	Old     wire.Ignored     `wire:"old"`
	Extra   wire.Extra       `wire:",unknown"`
	Sent    wire.Span        `wire:",span"`
}

type inner struct {
	N int64 `wire:"n"`
}

type other struct {
	ID   uuid.UUID `wire:"id"`
	Name string    `wire:"name"`
}

const aThing = `{"id": "00000000-0000-4000-8000-000000000001", "name": "a", "label": "b", "on": true, "size": 1, "uses": 5,
	"rate": "1.5", "at": "2026-11-26T12:00:00Z", "free": {"x": 1, "y": [2]}, "amounts": {"eur": 1, "usd": 2}, "inner": {"n": 1},
	"apart": [{"id": "00000000-0000-4000-8000-000000000002", "name": "a"}], "bag": [{"n": 1}, {"n": 2}], "list": [{"n": 1}, {"n": 2}], "old": 1}`

// hashOf decodes aThing with some keys changed.
func hashOf(tb testing.TB, seed maphash.Seed, changes string) uint64 {
	tb.Helper()
	var keys, changed map[string]json.RawMessage
	if err := json.Unmarshal([]byte(aThing), &keys); err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal([]byte(changes), &changed); err != nil {
		tb.Fatal(err)
	}
	maps.Copy(keys, changed)
	text, err := json.Marshal(keys) // sorts the keys
	if err != nil {
		tb.Fatal(err)
	}
	shape := wire.ShapeOf[thing]()
	var v thing
	if _, err := wire.Decode(text, shape, &v); err != nil {
		tb.Fatalf("%s: %v", changes, err)
	}
	return shape.Hash(seed, &v)
}

func TestHashIsOfWhatWasDecoded(t *testing.T) {
	t.Parallel()
	seed := maphash.MakeSeed()
	shape := wire.ShapeOf[thing]()
	var v thing
	if _, err := wire.Decode([]byte(aThing), shape, &v); err != nil {
		t.Fatal(err)
	}
	same := shape.Hash(seed, &v)
	if got := hashOf(t, seed, `{}`); got != same {
		t.Error("the order of keys counts")
	}
	for _, changes := range []string{
		`{"uses": 6}`, `{"new": 1}`, `{"old": 2}`, `{"size": 1.0}`, `{"name": "\u0061"}`, `{"at": "2026-11-26T13:00:00+01:00"}`,
		`{"free": {"y": [2], "x": 1}}`, `{"amounts": {"usd": 2, "eur": 1}}`, `{"bag": [{"n": 2}, {"n": 1}]}`,
		`{"apart": [{"name": "another", "id": "00000000-0000-4000-8000-000000000002"}]}`,
	} {
		if hashOf(t, seed, changes) != same {
			t.Errorf("%s counts", changes)
		}
	}
	different := map[uint64]string{same: "nothing"}
	for _, changes := range []string{
		`{"id": "00000000-0000-4000-8000-000000000009"}`, `{"name": "c"}`, `{"label": "c"}`, `{"label": null}`, `{"label": ""}`, `{"on": false}`,
		`{"size": 2}`, `{"rate": "1.6"}`, `{"at": "2026-11-26T12:00:01Z"}`, `{"at": null}`, `{"free": {"x": 2, "y": [2]}}`, `{"free": {"x": 1}}`, `{"free": {}}`,
		`{"amounts": {"eur": 2, "usd": 1}}`, `{"amounts": {}}`, `{"amounts": null}`, `{"inner": {"n": 2}}`, `{"inner": null}`,
		`{"apart": []}`, `{"apart": [{"name": "a", "id": "00000000-0000-4000-8000-000000000003"}]}`,
		`{"bag": [{"n": 1}]}`, `{"bag": [{"n": 1}, {"n": 1}]}`, `{"bag": [{"n": 1}, {"n": 3}]}`,
		`{"list": [{"n": 2}, {"n": 1}]}`, `{"list": [{"n": 1}]}`, `{"name": "ab", "label": ""}`,
	} {
		hash := hashOf(t, seed, changes)
		if known, there := different[hash]; there {
			t.Errorf("%s counts as much as %s", changes, known)
		}
		different[hash] = changes
	}
	if hashOf(t, maphash.MakeSeed(), `{}`) == same {
		t.Error("the seed does not count")
	}
}
