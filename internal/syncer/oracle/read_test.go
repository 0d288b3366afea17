package oracle

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatPostgresWritesReadsLikeWhatPolarSent(t *testing.T) {
	t.Parallel()
	shape := contract{}
	shape.define("t", "label", `
		id      uuid
		amount  bigint
		rate    numeric
		flag    boolean
		at      timestamptz
		map     jsonb
		label   text
		nothing text
	`)
	got, err := shape["t"].fromTexts([]*string{
		new(linkID), new("1000"), new("0.00000000050"), new("true"), new("9999-12-31T23:59:59.999999Z"),
		new(`{"a": 1.50, "b": [null]}`), new(""), nil,
	})
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := shape["t"].read(object{
		"id": linkID, "amount": json.Number("1e3"), "rate": "5.00E-10", "flag": true, "at": "9999-12-31T23:59:59.999999",
		"map": object{"b": []any{nil}, "a": json.Number("1.5")}, "label": "",
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("-want +got:\n" + diff)
	}
	if _, err := shape["t"].fromTexts([]*string{nil, nil, new("NaN"), nil, nil, nil, nil, nil}); err == nil {
		t.Error("want an error for a value that is none")
	}
}

func TestEveryColumnIsAskedForByName(t *testing.T) {
	t.Parallel()
	const want = `SELECT
    "product_id"::text,
    "position"::text,
    "media_id"::text
FROM "product_medias"`
	if diff := cmp.Diff(want, selectAll(newContract()["product_medias"])); diff != "" {
		t.Error("-want +got:\n" + diff)
	}
}
