package db_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// TestTablesAreThoseThatTheTriggersKnow finds the triggers that write history:
// three for each table of the catalogue, with its key and owner, and no others.
func TestTablesAreThoseThatTheTriggersKnow(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	rows, err := d.Pool().Query(t.Context(), `
		SELECT c.relname, t.tgname, replace(encode(t.tgargs, 'escape'), '\000', ' ')
		FROM pg_trigger AS t
		JOIN pg_class AS c ON c.oid = t.tgrelid
		WHERE t.tgfoid = 'record_changes'::regproc`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	got, want := map[string]string{}, map[string]string{}
	for rows.Next() {
		var table, trigger, arguments string
		if err := rows.Scan(&table, &trigger, &arguments); err != nil {
			t.Fatal(err)
		}
		got[table+" "+trigger] = strings.TrimSuffix(arguments, " ")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, table := range db.Tables() {
		for _, trigger := range []string{"record_insert", "record_update", "record_delete"} {
			want[table.Name+" "+trigger] = table.ID + " " + table.Key + " " + table.Owner
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestTablesStandBehindWhatTheyReferTo compares a batch's writing order with
// the foreign keys.
func TestTablesStandBehindWhatTheyReferTo(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	place := map[string]int{}
	for i, table := range db.Tables() {
		place[table.Name] = i
	}
	rows, err := d.Pool().Query(t.Context(), `SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	keys := 0
	for rows.Next() {
		var table, refersTo string
		if err := rows.Scan(&table, &refersTo); err != nil {
			t.Fatal(err)
		}
		keys++
		if place[table] <= place[refersTo] {
			t.Errorf("%s is written before %s, which it refers to", table, refersTo)
		}
	}
	if err := rows.Err(); err != nil || keys < 10 {
		t.Errorf("%d foreign keys, %v", keys, err)
	}
}
