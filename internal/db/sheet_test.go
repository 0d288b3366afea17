package db_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db"
)

// polarColumn is one column that Polar fills.
type polarColumn struct {
	Table, Name, Type string
	Nullable          bool
	Key               int    // place in the primary key, from 1; 0: not in it
	Target            string // table that it refers to; "": none
	Number            int    // among all columns of its table
}

func (c polarColumn) String() string { return c.Table + "." + c.Name }

// catalogue asks the database for the columns of all tables, except syncer's
// own tables and the columns that statements fill by themselves. So it finds
// tomorrow's columns and tables too.
func catalogue(tb testing.TB, d *db.DB) []polarColumn {
	tb.Helper()
	rows, err := d.Pool().Query(tb.Context(), `
		SELECT
			c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
			coalesce(array_position(string_to_array(i.indkey::text, ' ')::smallint[], a.attnum), 0),
			coalesce(t.relname, ''), a.attnum
		FROM pg_class AS c
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		LEFT JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary
		LEFT JOIN pg_constraint AS f ON f.conrelid = c.oid AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum]
		LEFT JOIN pg_class AS t ON t.oid = f.confrelid
		WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p') AND c.relname NOT LIKE 'syncer_migrations%'
			AND c.relname NOT IN ('changes', 'drift', 'source_organizations', 'sync_failures', 'sync_runs', 'sync_scopes', 'syncer_views')
			AND a.attname NOT IN ('first_seen_at', 'changed_at', 'removed_at')
		ORDER BY c.relname, a.attnum`, d.Schema())
	if err != nil {
		tb.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[polarColumn])
	if err != nil {
		tb.Fatal(err)
	}
	return columns
}

// value returns the column's value, 0, or its alternative, 1. No two columns of
// a table hold the same, as far as their type allows, so that none passes for
// another. nil: the test has no values of the type.
func (c polarColumn) value(n int) any {
	switch {
	case c.Target != "":
		return id(c.Target, n)
	case c.Type == "uuid" && c.Key > 0:
		return id(c.Table, n)
	}
	switch c.Type {
	case "uuid":
		return id(c.Name, n)
	case "text":
		return fmt.Sprintf("%s %d", c.Name, n)
	case "integer":
		return int32(n)
	case "bigint":
		return int64(10*c.Number + n)
	case "numeric":
		return fmt.Sprintf("%d.%d05", c.Number, n)
	case "boolean":
		return n == 1
	case "timestamp with time zone":
		return noon.Add(time.Duration(c.Number)*time.Hour + time.Duration(n)*time.Microsecond)
	case "jsonb":
		return json.RawMessage(fmt.Sprintf(`{"%s": %d}`, c.Name, n))
	}
	return nil
}

// id returns a table's nth id; they are in order.
func id(table string, n int) uuid.UUID {
	id := uuid.NewSHA1(uuid.NameSpaceOID, []byte(table))
	id[len(id)-1] = byte(n)
	return id
}

// sheet holds the rows of all tables: by table, each a value by column.
type sheet map[string][]map[string]any

// wholeSheet has two rows in every table, so that there is another to refer to,
// and no NULL. Rows that belong to others belong to the first of them.
func wholeSheet(columns []polarColumn) sheet {
	s := sheet{}
	for _, c := range columns {
		for n := range 2 {
			if len(s[c.Table]) == n {
				s[c.Table] = append(s[c.Table], map[string]any{})
			}
			owner := c.Key == 1 && c.Target != ""
			if c.Key == 0 || owner {
				s[c.Table][n][c.Name] = c.value(0)
			} else {
				s[c.Table][n][c.Name] = c.value(n)
			}
		}
	}
	return s
}

// with returns a copy with another value in the first row.
func (s sheet) with(c polarColumn, value any) sheet {
	row := maps.Clone(s[c.Table][0])
	row[c.Name] = value
	return s.withRows(c.Table, append([]map[string]any{row}, s[c.Table][1:]...)...)
}

// withRows returns a copy with other rows in one table.
func (s sheet) withRows(table string, rows ...map[string]any) sheet {
	changed := maps.Clone(s)
	changed[table] = rows
	return changed
}

// batch makes a batch of the sheet. It leaves out columns without a field.
func (s sheet) batch(tb testing.TB, columns []polarColumn, at time.Time) *db.Batch {
	tb.Helper()
	b := new(db.Batch)
	for _, c := range columns {
		field := fieldOf(b, c)
		if !field.IsValid() {
			continue
		}
		for _, row := range s[c.Table] {
			element, ok := elementOf(field.Type().Elem(), row[c.Name])
			if !ok {
				tb.Fatalf("%s: its field in db.Batch is %s, and cannot hold a %T", c, field.Type(), row[c.Name])
			}
			field.Set(reflect.Append(field, element))
		}
	}
	s.fillOwners(b, columns, at)
	return b
}

// paramsOf finds the parameters of a batch for a table's rows.
func paramsOf(b *db.Batch, table string) reflect.Value {
	v := reflect.ValueOf(b).Elem()
	for i := range v.NumField() {
		if db.ColumnName(v.Type().Field(i).Name) == table && v.Field(i).Kind() == reflect.Struct {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

// fieldOf finds the field of a batch for a column; the zero Value if there is none.
func fieldOf(b *db.Batch, c polarColumn) reflect.Value {
	params := paramsOf(b, c.Table)
	if !params.IsValid() {
		return reflect.Value{}
	}
	for i := range params.NumField() {
		if db.ColumnName(params.Type().Field(i).Name) == c.Name {
			return params.Field(i)
		}
	}
	return reflect.Value{}
}

// elementOf makes value, nil for NULL, an element of a slice of T or *T.
func elementOf(t reflect.Type, value any) (reflect.Value, bool) {
	element := reflect.New(t).Elem()
	if value == nil {
		return element, true
	}
	v := reflect.ValueOf(value)
	switch {
	case v.Type() == t:
		element.Set(v)
	case t.Kind() == reflect.Pointer && v.Type() == t.Elem():
		element.Set(reflect.New(t.Elem()))
		element.Elem().Set(v)
	default:
		return element, false
	}
	return element, true
}

// fillOwners fills what a batch holds beside columns: when its rows were seen,
// and whose rows it covers, so that missing rows show up as missing.
func (s sheet) fillOwners(b *db.Batch, columns []polarColumn, at time.Time) {
	b.NotAfter = at
	for table, rows := range s {
		set(paramsOf(b, table), "SeenAt", slices.Repeat([]time.Time{at}, len(rows)))
	}
	for _, c := range columns {
		if c.Key == 1 && c.Target != "" {
			set(paramsOf(b, c.Table), "OwnerID", idsOf(s[c.Target]))
		}
	}
	b.OfferedPrices.OwnerID, b.OfferedPrices.Offered = idsOf(s["products"]), idsOf(s["prices"])
	b.OfferedPrices.SeenAt = slices.Repeat([]time.Time{at}, len(s["products"]))
}

// set sets a field if the struct has it.
func set[T any](v reflect.Value, field string, to T) {
	if !v.IsValid() {
		return
	}
	if f := v.FieldByName(field); f.IsValid() {
		f.Set(reflect.ValueOf(to))
	}
}

func idsOf(rows []map[string]any) []uuid.UUID {
	var ids []uuid.UUID
	for _, row := range rows {
		ids = append(ids, row["id"].(uuid.UUID))
	}
	return ids
}
