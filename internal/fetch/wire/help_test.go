package wire_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"syncer/internal/fetch/wire"
)

// every has a field of each type, all optional, and is of no known kind: any JSON fits.
type every struct {
	Text    *string           `wire:"text"`
	Enum    *string           `wire:"enum,enum=a|b"`
	Bool    *bool             `wire:"bool"`
	Int     *int64            `wire:"int"`
	Decimal *wire.Decimal     `wire:"decimal"`
	Time    *time.Time        `wire:"time"`
	UUID    *uuid.UUID        `wire:"uuid"`
	Raw     *json.RawMessage  `wire:"raw"`
	Tries   *[]wire.Try[part] `wire:"tries"`
	Same    *[]item           `wire:"same,shared"`
	Amounts map[string]int64  `wire:"amounts"`
	Part    *part             `wire:"part"`
	Parts   *[]part           `wire:"parts"`
	Old     wire.Ignored      `wire:"old,shared"`
	Extra   wire.Extra        `wire:",unknown"`
}

func (*every) Unknown() bool { return true }

// part has no Extra: its unknown keys go to the object around it.
type part struct {
	N    *int64   `wire:"n"`
	Sub  *part2   `wire:"sub"`
	List *[]part2 `wire:"list"`
}

type part2 struct {
	N int64 `wire:"n"`
}

// strict resembles Polar's objects: some fields are required.
type strict struct {
	ID     uuid.UUID       `wire:"id"`
	Name   string          `wire:"name"`
	Kind   string          `wire:"kind,enum=plain|fancy"`
	Yes    bool            `wire:"yes"`
	Count  int64           `wire:"count"`
	Rate   wire.Decimal    `wire:"rate"`
	Made   time.Time       `wire:"made"`
	Map    json.RawMessage `wire:"map"`
	Items  []item          `wire:"items"`
	Maybe  *string         `wire:"maybe"`
	Absent *string         `wire:"absent,nonnull"`
	Extra  wire.Extra      `wire:",unknown"`
}

type item struct {
	N     int64      `wire:"n"`
	Extra wire.Extra `wire:",unknown"`
}

const strictID = "aaaaaaaa-0000-4000-8000-00000000000a"

// strictText is a strict with every required field.
const strictText = `{"id":"` + strictID + `","name":"n","kind":"plain","yes":true,"count":1,"rate":"0.5",` +
	`"made":"2026-11-22T18:16:01.342660Z","map":{},"items":[{"n":1},{"n":2}]}`

func decode[T any](text string) (T, []wire.Note, error) {
	var v T
	notes, err := wire.Decode([]byte(text), wire.ShapeOf[T](), &v)
	return v, notes, err
}

func mustDecode[T any](t *testing.T, text string) (T, []wire.Note) {
	t.Helper()
	v, notes, err := decode[T](text)
	if err != nil {
		t.Fatalf("decode %.200q: %v", text, err)
	}
	return v, notes
}

// wantError expects an error at path for that reason.
func wantError(t *testing.T, err error, path, reason string) {
	t.Helper()
	e, ok := errors.AsType[*wire.Error](err)
	if !ok {
		t.Errorf("error %v, want a *wire.Error", err)
		return
	}
	if e.Path != path || e.Reason != reason {
		t.Errorf("error %q: %q\n want %q: %q", e.Path, e.Reason, path, reason)
	}
}
