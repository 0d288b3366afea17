package db_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// TestEveryQueryModeWorks does in each mode what a first run does. Poolers that
// cannot keep a prepared statement need exec or simple_protocol: columns then
// go as text, as pgx writes them, and must make the same rows.
func TestEveryQueryModeWorks(t *testing.T) {
	t.Parallel()
	want := firstRun(t, "cache_statement")
	for _, mode := range []string{"cache_describe", "describe_exec", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want, firstRun(t, mode)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// firstRun migrates an empty database, saves a batch twice, and returns the rows by table.
func firstRun(tb testing.TB, mode string) map[string]string {
	tb.Helper()
	ctx, d, batch := tb.Context(), dbtest.Open(tb, dbtest.Empty(tb)+"&default_query_exec_mode="+mode), everyTable()
	if _, err := d.Migrate(ctx); err != nil {
		tb.Fatal(err)
	}
	run := startRun(tb, d, "shop")
	if changes, err := d.Save(ctx, run, batch); err != nil || len(changes["checkout_links"].Inserted) != 3 {
		tb.Fatalf("save: %+v, %v", changes["checkout_links"], err)
	}
	again, err := d.Save(ctx, run, batch)
	if err != nil {
		tb.Fatalf("save again: %v", err)
	}
	for table, c := range again {
		if len(c.Inserted)+len(c.Updated)+len(c.Removed) > 0 {
			tb.Errorf("save again: %s: %+v", table, c)
		}
	}
	if changes, err := d.Compare(ctx, batch); err != nil || len(changes) > 0 {
		tb.Errorf("compare: %d changes, %v", len(changes), err)
	}
	ids := batch.CheckoutLinks.ID
	if states, err := d.LinkStates(ctx, ids); err != nil || len(states) != len(ids) {
		tb.Errorf("states: %v, %v", states, err)
	}
	if err := d.FinishRun(ctx, run, db.Result{Status: db.Succeeded}); err != nil {
		tb.Error(err)
	}
	return contents(tb, d)
}

// everyTable is a batch of three rows for each table, the second with NULL
// wherever possible.
func everyTable() *db.Batch {
	b := &db.Batch{NotAfter: noon, Written: []uuid.UUID{rowID(0)}, Checkpoint: json.RawMessage(`{"done": 3}`)}
	batch := reflect.ValueOf(b).Elem()
	for i := range batch.NumField() {
		params := batch.Field(i)
		if params.Kind() != reflect.Struct || params.Type() == reflect.TypeFor[time.Time]() || batch.Type().Field(i).Name == "RemovedCheckoutLinks" {
			continue
		}
		for j := range params.NumField() {
			if column := params.Field(j); column.Kind() == reflect.Slice {
				fillColumn(column, params.Type().Field(j).Name)
			}
		}
	}
	return b
}

// rowID is the id of row i of every table, which decides what refers to what.
func rowID(i int) uuid.UUID { return uuid.UUID{6: 0x40, 8: 0x80, 15: byte(i + 1)} }

// rowText is a text of row i that needs every kind of quoting.
func rowText(i int) string { return fmt.Sprintf(`{"%d", 'ä'} \ NULL 💶`, i) }

func fillColumn(column reflect.Value, name string) {
	column.Set(reflect.MakeSlice(column.Type(), 3, 3))
	for i := range 3 {
		to := column.Index(i)
		if to.Kind() == reflect.Pointer {
			if i == 1 {
				continue
			}
			to.Set(reflect.New(to.Type().Elem()))
			to = to.Elem()
		}
		switch v := to.Addr().Interface().(type) {
		case *uuid.UUID:
			*v = rowID(i)
		case *string:
			*v = rowText(i)
			if name == "UnitAmount" {
				*v = fmt.Sprintf("0.%d25", i)
			}
		case *int64:
			*v = -1<<63 + int64(i)
			if name == "Count" { // gets added up
				*v = 1
			}
		case *int32:
			*v = 0 // position
		case *bool:
			*v = i == 2
		case *time.Time:
			*v = noon.Add(time.Duration(i) * time.Microsecond)
		case *json.RawMessage:
			if name != "UnitLabel" || i != 1 {
				*v = fmt.Appendf(nil, `{%q: 1.50, %q: null}`, rowText(i), rowID(i))
			}
		default:
			panic(fmt.Sprintf("%s: what to put into a %T?", name, v))
		}
	}
}

// contents returns every row of the catalogue and of the records beside it,
// without what differs from run to run.
func contents(tb testing.TB, d *db.DB) map[string]string {
	tb.Helper()
	rows := map[string]string{}
	for _, table := range contract {
		if table.table == "sync_runs" {
			continue
		}
		rows[table.table] = ask[string](tb, d, `SELECT coalesce(string_agg(row, E'\n' ORDER BY row), '')
			FROM (SELECT (to_jsonb(t) - 'run_id')::text AS row FROM `+table.table+` AS t) AS r`)
	}
	return rows
}
