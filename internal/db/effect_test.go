package db_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// bench is a database with a whole sheet in it, and a run that saves more.
type bench struct {
	d       *db.DB
	run     *db.Run
	columns []polarColumn
	whole   sheet
	gone    []uuid.UUID        // links that Polar does not have
	at      time.Time          // of the last save
	stored  map[string]version // after it, by table and key
	last    int64              // last row of history at that time
}

func newBench(tb testing.TB) *bench {
	tb.Helper()
	d := dbtest.New(tb)
	x := &bench{d: d, run: startRun(tb, d, "shop"), columns: catalogue(tb, d), at: noon}
	x.whole = wholeSheet(x.columns)
	x.do(tb, x.whole)
	return x
}

// batch makes a batch seen later than the previous one.
func (x *bench) batch(tb testing.TB, s sheet) *db.Batch {
	tb.Helper()
	x.at = x.at.Add(time.Second)
	b := s.batch(tb, x.columns, x.at)
	b.RemovedCheckoutLinks.ID = x.gone
	b.RemovedCheckoutLinks.SeenAt = slices.Repeat([]time.Time{x.at}, len(x.gone))
	return b
}

// event is a change of one row as text, from history or from a dry run.
type event struct {
	Entity        string
	EntityID      uuid.UUID
	Op            string
	Before, After string
}

// effect is all that a save did.
type effect struct {
	Reported db.Changes
	Recorded []event
	Written  []string // rows, by table and key, that are new, in another version, or gone
}

// do saves a sheet.
func (x *bench) do(tb testing.TB, s sheet) effect {
	tb.Helper()
	reported, err := x.d.Save(tb.Context(), x.run, x.batch(tb, s))
	if err != nil {
		tb.Fatal(err)
	}
	e := effect{Reported: db.Changes{}, Recorded: x.recorded(tb)}
	for table, of := range reported {
		if len(of.Inserted)+len(of.Updated)+len(of.Removed) > 0 {
			e.Reported[table] = of
		}
	}
	before, after := x.stored, x.versions(tb)
	x.stored = after
	for row := range before {
		if before[row].xmin != after[row].xmin {
			e.Written = append(e.Written, row)
		}
		if len(e.Recorded) == 0 && before[row].xmax != after[row].xmax {
			tb.Errorf("%s: nothing changed, and the row was locked", row)
		}
	}
	for row := range after {
		if _, old := before[row]; !old {
			e.Written = append(e.Written, row)
		}
	}
	slices.Sort(e.Written)
	return e
}

// wants saves a sheet and expects exactly this effect.
func (x *bench) wants(tb testing.TB, s sheet, want effect) {
	tb.Helper()
	if diff := cmp.Diff(want, x.do(tb, s), cmpopts.EquateEmpty()); diff != "" {
		tb.Errorf("Save:\n%s", diff)
	}
}

// changes saves the whole sheet with another value in one column of a table's first row.
func (x *bench) changes(tb testing.TB, c polarColumn, from, to any) {
	tb.Helper()
	s := x.whole.with(c, to)
	row := s[c.Table][0]
	entity := row[x.keys(c.Table)[0].Name].(uuid.UUID)
	want := effect{
		Reported: db.Changes{c.Table: {Updated: []uuid.UUID{entity}}},
		Recorded: []event{{c.Table, entity, "update", x.object(tb, c, from), x.object(tb, c, to)}},
		Written:  []string{x.name(c.Table, row)},
	}
	if c.Table == "prices" { // reported by their owner
		want.Reported[c.Table] = db.TableChanges{Updated: []uuid.UUID{row["product_id"].(uuid.UUID)}}
	}
	if diff := cmp.Diff(want.Recorded, x.compare(tb, s)); diff != "" {
		tb.Errorf("%s: %v -> %v: Compare:\n%s", c, from, to, diff)
	}
	if diff := cmp.Diff(want, x.do(tb, s)); diff != "" {
		tb.Errorf("%s: %v -> %v: Save:\n%s", c, from, to, diff)
	}
	x.wantStored(tb, c, row)
	if diff := cmp.Diff(effect{}, x.do(tb, s), cmpopts.EquateEmpty()); diff != "" {
		tb.Errorf("%s: %v again: Save:\n%s", c, to, diff)
	}
}

// becomes saves a sheet that differs from the stored one only in which rows a
// table has, one whose rows belong to others.
func (x *bench) becomes(tb testing.TB, from, to sheet) {
	tb.Helper()
	want := effect{Reported: db.Changes{}}
	for _, c := range x.columns {
		if c.Key != 1 || c.Target == "" {
			continue
		}
		had, has := x.texts(tb, c.Table, from), x.texts(tb, c.Table, to)
		var reported db.TableChanges
		for _, row := range slices.Concat(from[c.Table], to[c.Table]) {
			name, owner := x.name(c.Table, row), row[c.Name].(uuid.UUID)
			switch {
			case has[name] == "":
				reported.Removed = append(reported.Removed, owner)
				want.Recorded = append(want.Recorded, event{c.Table, owner, "remove", had[name], ""})
			case had[name] == "":
				reported.Inserted = append(reported.Inserted, owner)
				want.Recorded = append(want.Recorded, event{c.Table, owner, "insert", "", has[name]})
			default:
				continue
			}
			want.Reported[c.Table] = reported
			want.Written = append(want.Written, name)
		}
	}
	slices.Sort(want.Written)
	sorted := cmpopts.SortSlices(func(a, b event) bool { return fmt.Sprint(a) < fmt.Sprint(b) })
	if diff := cmp.Diff(ops(want.Recorded), ops(x.compare(tb, to))); diff != "" {
		tb.Errorf("Compare:\n%s", diff)
	}
	if diff := cmp.Diff(want, x.do(tb, to), sorted); diff != "" {
		tb.Errorf("Save:\n%s", diff)
	}
	x.wants(tb, to, effect{})
	if would := x.compare(tb, to); len(would) != 0 {
		tb.Errorf("again: Compare: %v", would)
	}
}

// compare returns what a dry run reports.
func (x *bench) compare(tb testing.TB, s sheet) []event {
	tb.Helper()
	changes, err := x.d.Compare(tb.Context(), x.batch(tb, s))
	if err != nil {
		tb.Fatal(err)
	}
	var all []event
	for _, c := range changes {
		all = append(all, event{c.Entity, c.EntityID, c.Op, string(c.Before), string(c.After)})
	}
	return all
}

// ops lists events without their values, in alphabetical order.
func ops(events []event) string {
	var all []string
	for _, e := range events {
		all = append(all, e.Entity+" "+e.Op)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// recorded returns the history written since the previous save.
func (x *bench) recorded(tb testing.TB) []event {
	tb.Helper()
	rows, err := x.d.Pool().Query(tb.Context(), `
		SELECT id, entity, entity_id, op, coalesce(before::text, ''), coalesce(after::text, '')
		FROM changes WHERE id > $1 ORDER BY id`, x.last)
	if err != nil {
		tb.Fatal(err)
	}
	var all []event
	var e event
	if _, err := pgx.ForEachRow(rows, []any{&x.last, &e.Entity, &e.EntityID, &e.Op, &e.Before, &e.After}, func() error {
		all = append(all, e)
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	return all
}

// version tells which transaction wrote a row, and which one locked it last.
type version struct{ xmin, xmax string }

// versions returns those of all rows, by table and key.
func (x *bench) versions(tb testing.TB) map[string]version {
	tb.Helper()
	var selects []string
	for _, table := range slices.Sorted(maps.Keys(x.whole)) { // one text, which is prepared once
		keys := []string{"'" + table + "'"}
		for _, c := range x.keys(table) {
			keys = append(keys, c.Name)
		}
		selects = append(selects, "SELECT concat_ws(' ', "+strings.Join(keys, ", ")+"), xmin::text, xmax::text FROM "+table)
	}
	rows, err := x.d.Pool().Query(tb.Context(), strings.Join(selects, " UNION ALL "))
	if err != nil {
		tb.Fatal(err)
	}
	versions := map[string]version{}
	var name string
	var v version
	if _, err := pgx.ForEachRow(rows, []any{&name, &v.xmin, &v.xmax}, func() error {
		versions[name] = v
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	return versions
}

// keys returns the columns of a table's key, in its order.
func (x *bench) keys(table string) []polarColumn {
	var keys []polarColumn
	for _, c := range x.columns {
		if c.Table == table && c.Key > 0 {
			keys = append(keys, c)
		}
	}
	slices.SortFunc(keys, func(a, b polarColumn) int { return a.Key - b.Key })
	return keys
}

// name returns a row's table and key.
func (x *bench) name(table string, row map[string]any) string {
	parts := []any{table}
	for _, c := range x.keys(table) {
		parts = append(parts, row[c.Name])
	}
	return strings.TrimSuffix(fmt.Sprintln(parts...), "\n") // Sprint leaves spaces out
}

// object returns a JSON object of one column, as Postgres writes it.
func (x *bench) object(tb testing.TB, c polarColumn, value any) string {
	tb.Helper()
	return ask[string](tb, x.d, "SELECT jsonb_build_object($1::text, $2::"+c.Type+")::text", c.Name, value)
}

// texts returns the rows of one table as JSON objects, by table and key.
func (x *bench) texts(tb testing.TB, table string, s sheet) map[string]string {
	tb.Helper()
	texts := map[string]string{}
	for _, row := range s[table] {
		object := "{}"
		for _, c := range x.columns {
			if c.Table == table {
				object = ask[string](tb, x.d, "SELECT ($1::jsonb || $2::jsonb)::text", object, x.object(tb, c, row[c.Name]))
			}
		}
		texts[x.name(table, row)] = object
	}
	return texts
}

// removedNow returns removed_at as of the next save.
func (x *bench) removedNow(tb testing.TB) string {
	tb.Helper()
	return x.object(tb, polarColumn{Name: "removed_at", Type: "timestamptz"}, x.at.Add(time.Second))
}

// removed returns when the removed row was removed, as history has it.
func (x *bench) removed(tb testing.TB) string {
	tb.Helper()
	return ask[string](tb, x.d, "SELECT after::text FROM changes WHERE op = 'remove'")
}

// mustKnow expects the batch to have a field for the column, and the test two values.
func (x *bench) mustKnow(tb testing.TB, c polarColumn) {
	tb.Helper()
	if !fieldOf(new(db.Batch), c).IsValid() {
		tb.Fatalf("%s has no field in db.Batch", c)
	}
	if c.value(1) == nil {
		tb.Fatalf("%s: the test knows no second value of type %s: add one to column.value", c, c.Type)
	}
}

// wantStored expects a row's column to hold what it does in the sheet.
func (x *bench) wantStored(tb testing.TB, c polarColumn, row map[string]any) {
	tb.Helper()
	where, args := []string{"true"}, []any{row[c.Name]}
	for _, key := range x.keys(c.Table) {
		args = append(args, row[key.Name])
		where = append(where, fmt.Sprintf("%s = $%d", key.Name, len(args)))
	}
	stored := ask[*bool](tb, x.d, fmt.Sprintf("SELECT (SELECT %s IS NOT DISTINCT FROM $1::%s FROM %s WHERE %s)",
		c.Name, c.Type, c.Table, strings.Join(where, " AND ")), args...)
	if stored == nil || !*stored {
		tb.Errorf("%s does not hold %v", c, row[c.Name])
	}
}
