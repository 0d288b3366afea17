package views_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// extremes writes rows at the limits of what the tables can hold, by hand and not by Polar.
type extremes struct {
	*rand.Rand

	ids     map[string][]string // by table, which rows refer to
	columns []column
}

// column is one that a statement may write.
type column struct {
	table, name, kind string
	nullable          bool
}

// sizes says how many rows there are; each table behind those that it refers to.
func sizes() []struct {
	table string
	rows  int
} {
	return []struct {
		table string
		rows  int
	}{
		{"meters", 16},
		{"products", 48},
		{"prices", 192},
		{"price_tiers", 320},
		{"benefits", 24},
		{"product_benefits", 64},
		{"medias", 16},
		{"product_medias", 32},
		{"discounts", 48},
		{"discount_amounts", 48},
		{"checkout_links", 80},
		{"checkout_link_products", 192},
		{"changes", 480},
		{"sync_runs", 80},
		{"sync_scopes", 80},
		{"sync_failures", 48},
	}
}

// references says whose id is in columns that have another table's.
func references() map[string]string {
	return map[string]string{
		"product_id": "products", "meter_id": "meters", "price_id": "prices", "benefit_id": "benefits", "media_id": "medias",
		"discount_id": "discounts", "checkout_link_id": "checkout_links",
	}
}

// known are the values that columns usually have, of which the views know the meaning.
func known() map[string][]string {
	return map[string][]string{
		"amount_type":         {"fixed", "fixed", "custom", "free", "metered_unit", "metered_tiers", "seat_based", "seat_based", "unit_based", "unit_based"},
		"tier_type":           {"volume", "graduated"},
		"visibility":          {"public", "private", "draft"},
		"price_currency":      {"usd", "eur", "jpy"},
		"currency":            {"usd", "eur", "jpy"},
		"recurring_interval":  {"day", "month", "year"},
		"trial_interval":      {"day", "month"},
		"discounts.type":      {"fixed", "percentage"},
		"changes.op":          {"insert", "update", "remove", "restore"},
		"changes.entity":      {"prices", "prices", "discounts", "discounts", "products", "checkout_links", "checkout_link_products", "product_benefits", "product_medias", "price_tiers", "benefits", "meters", "medias", "discount_amounts"},
		"sync_runs.status":    {"running", "succeeded", "partial", "failed", "abandoned"},
		"sync_runs.scope":     {"all", "all", "a", "b"},
		"sync_scopes.scope":   {"a", "b"},
		"sync_failures.kind":  {"server", "decode"},
		"sync_runs.source":    {"a", "b", "c"},
		"sync_runs.trigger":   {"schedule", "once"},
		"payment_processor":   {"stripe"},
		"sync_failures.place": {"1", "2"},
	}
}

// oneOf is one of some values.
func oneOf[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func (x *extremes) id() string {
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", x.Uint32(), x.Uint64()>>16)
}

// value is one for a column, as jsonb_populate_record takes it; nil for null.
func (x *extremes) value(c column) any {
	if c.nullable && x.IntN(4) == 0 {
		return nil
	}
	usual := known()[c.table+"."+c.name]
	if usual == nil {
		usual = known()[c.name]
	}
	// What a CHECK limits is always usual.
	if usual != nil && (c.table == "changes" && c.name == "op" || c.table == "sync_runs" && c.name == "status" || x.IntN(12) > 0) {
		return oneOf(x.Rand, usual...)
	}
	switch c.kind {
	case "uuid":
		return x.id()
	case "uuid[]":
		return oneOf(x.Rand, []string{}, []string{nth(1)}, []string{nth(1), nth(2)}, []string{nth(2), nth(2)})
	case "boolean":
		return x.IntN(3) == 0
	case "integer":
		return oneOf(x.Rand, 0, 1, 2, 3, 4, 5, 6, -1, -2147483648, 2147483647)
	case "bigint":
		return json.Number(oneOf(x.Rand, "0", "1", "2", "3", "4", "10", "50", "99", "2900", "10000", "-1", "-50",
			"9223372036854775807", "-9223372036854775808", "4611686018427387904", "9007199254740993"))
	case "numeric":
		return oneOf(x.Rand, "0", "1", "0.5", "12.25", "-3.5", "1e30", "1e-16000", "9.9e131071", "-9.9e131071", "1e19", "NaN", "Infinity", "-Infinity")
	case "timestamp with time zone":
		return oneOf(x.Rand, "infinity", "-infinity", "4714-11-24 00:00:00+00 BC", "294276-12-31 23:59:59.999999+00", "2026-01-01Z", "2026-01-02Z", "2026-01-03Z",
			time.Now().Add(time.Hour).Format(time.RFC3339Nano), time.Now().Add(-time.Hour).Format(time.RFC3339Nano))
	case "jsonb":
		return x.json()
	case "text":
		return x.text()
	}
	panic("no values of type " + c.kind)
}

func (x *extremes) text() string {
	return oneOf(x.Rand, "", " \t\n\v\f\r", "\u00a0", "a", "Ä\u0308\u202e\U0001f469\u200d\U0001f467", "'; --", `\`, "%s", "\x01\x7f", "null", "[hidden]", strings.Repeat("long ", 1000))
}

// number is a value of a document where one expects a number.
func (x *extremes) number() any {
	return oneOf[any](x.Rand, json.Number("1"), json.Number("-5"), json.Number("9223372036854775807"), json.Number("-9223372036854775808"),
		json.Number("1e30"), json.Number("9.9e131071"), json.Number("-9.9e131071"), json.Number("1e-16000"), json.Number("0.5"),
		"7", "NaN", nil, true, []any{1}, cells{"a": 1})
}

// json is a document, and often one that a row of changes could hold.
func (x *extremes) json() any {
	switch x.IntN(8) {
	case 0:
		return oneOf[any](x.Rand, "text", "redemptions_count", json.Number("1e131071"), true, []any{}, []any{"redemptions_count", "product_id"}, []any{cells{}}, cells{})
	case 1, 2:
		return cells{"redemptions_count": x.number(), "name": x.number()}
	case 3:
		id := oneOf[any](x.Rand, oneOf(x.Rand, append([]string{nth(10)}, x.ids["products"]...)...), "no id", "", "{"+nth(1)+"}", strings.ToUpper(nth(10)), 5, nil, []any{nth(1)})
		return cells{"product_id": id, "benefit_id": id, "media_id": id, "position": x.number()}
	case 4:
		return cells{"url": x.number(), "client_secret": x.number(), "extra": x.number(), "modified_at": x.number(), "": x.number()}
	}
	return cells{"removed_at": x.number(), "amount": x.number(), x.text(): x.text()}
}

// rows are those of one table. What is twice is left out by the statement that writes them.
func (x *extremes) rows(table string, n int) []cells {
	var all []cells
	for range n {
		row := cells{}
		for _, c := range x.columns {
			if c.table != table {
				continue
			}
			row[c.name] = x.value(c)
			of := references()[c.name]
			switch {
			case c.name == "id" && c.kind == "uuid":
				row[c.name] = x.id()
				x.ids[table] = append(x.ids[table], row[c.name].(string))
			case c.name == "organization_id":
				row[c.name] = nth(1 + x.IntN(3)/2)
			case of != "" && row[c.name] != nil && (x.IntN(4) > 0 || !strings.HasPrefix(table, "sync_")):
				row[c.name] = oneOf(x.Rand, x.ids[of]...)
			case c.name == "entity_id":
				row[c.name] = oneOf(x.Rand, oneOf(x.Rand, x.ids[oneOf(x.Rand, "prices", "prices", "discounts", "products", "checkout_links", "benefits")]...), x.id())
			}
		}
		switch table {
		case "changes":
			if row["entity"] == "discounts" && x.IntN(2) == 0 {
				row["op"], row["before"], row["after"] = "update", cells{"redemptions_count": x.number()}, cells{"redemptions_count": x.number()}
			}
		case "sync_failures":
			if row["checkout_link_id"] == nil && row["place"] == nil {
				row["place"] = 1
			}
			row["source"] = oneOf(x.Rand, "a", "b", "c")
		case "discount_amounts", "sync_scopes": // an index has no room for long keys
			for name, value := range row {
				if text, ok := value.(string); ok && len(text) > 100 {
					row[name] = text[:100]
				}
			}
		}
		all = append(all, row)
	}
	return all
}

// fill writes rows into all tables.
func (x *extremes) fill(tb testing.TB, tx pgx.Tx) {
	tb.Helper()
	x.ids = map[string][]string{}
	for _, of := range sizes() {
		var names []string
		for _, c := range x.columns {
			if c.table == of.table {
				names = append(names, c.name)
			}
		}
		list := strings.Join(names, ", ")
		rows, err := json.Marshal(x.rows(of.table, of.rows))
		if err != nil {
			tb.Fatal(err)
		}
		_, err = tx.Exec(tb.Context(), `INSERT INTO `+of.table+` (`+list+`) SELECT `+list+` FROM jsonb_populate_recordset(NULL::`+of.table+`, $1) ON CONFLICT DO NOTHING`, string(rows))
		if err != nil {
			tb.Fatalf("%s: %v\n%.2000s", of.table, err, rows)
		}
	}
}

// newExtremes is a database without history of its own, and what may be written there.
func newExtremes(tb testing.TB) (*db.DB, *extremes) {
	tb.Helper()
	d := dbtest.New(tb)
	x := &extremes{}
	var c column
	rows, err := d.Pool().Query(tb.Context(), `
		SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL), NOT a.attnotnull
		FROM pg_class AS c
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = '' AND a.attgenerated = ''
		WHERE c.relnamespace = 'polar'::regnamespace AND c.relkind = 'r'
		ORDER BY c.relname, a.attnum`)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := pgx.ForEachRow(rows, []any{&c.table, &c.name, &c.kind, &c.nullable}, func() error {
		x.columns = append(x.columns, c)
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	for _, of := range sizes()[:12] {
		if _, err := d.Pool().Exec(tb.Context(), `ALTER TABLE `+of.table+` DISABLE TRIGGER USER`); err != nil {
			tb.Fatal(err)
		}
	}
	return d, x
}

// columnsOfViews lists all that analysts can ask for.
func columnsOfViews(tb testing.TB, d *db.DB) (all []column) {
	tb.Helper()
	rows, err := d.Pool().Query(tb.Context(), `SELECT view_name, column_name, type FROM polar_bi.data_dictionary ORDER BY view_name, position`)
	if err != nil {
		tb.Fatal(err)
	}
	var c column
	if _, err := pgx.ForEachRow(rows, []any{&c.table, &c.name, &c.kind}, func() error {
		all = append(all, c)
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	return all
}

// overAnyRows calls check with one extreme filling of the tables after the other.
func overAnyRows(t *testing.T, d *db.DB, x *extremes, seeds uint64, check func(seed uint64, tx pgx.Tx)) {
	t.Helper()
	for seed := range seeds {
		x.Rand = rand.New(rand.NewPCG(seed, 0)) // the same every time
		tx, err := d.Pool().Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		x.fill(t, tx)
		if _, err := tx.Exec(t.Context(), `ANALYZE; SET LOCAL jit = off`, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
		check(seed, tx)
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNoRowsMakeAViewRaise reads every view over rows at the limits of what the tables can hold, and filters, sorts and adds up
// each of its columns.
func TestNoRowsMakeAViewRaise(t *testing.T) {
	t.Parallel()
	d, x := newExtremes(t)
	columns := columnsOfViews(t, d)
	perView := map[string][]column{}
	for _, c := range columns {
		perView[c.table] = append(perView[c.table], c)
	}
	const seeds = 5 // a column has its turn in one of them
	overAnyRows(t, d, x, seeds, func(seed uint64, tx pgx.Tx) {
		var all []string
		for view, columns := range perView {
			var sums []string
			for _, c := range columns {
				if c.kind == "bigint" || c.kind == "integer" {
					sums = append(sums, "sum("+c.name+"), max("+c.name+")")
				}
			}
			all = append(all, `SELECT * FROM polar_bi.`+view, `SELECT count(*) `+strings.Join(append([]string{""}, sums...), ", ")+` FROM polar_bi.`+view)
		}
		for i, c := range columns {
			if uint64(i)%seeds == seed {
				all = append(all, fmt.Sprintf(`SELECT %[2]s FROM polar_bi.%[1]s WHERE %[2]s IS NOT NULL AND %[2]s = %[2]s ORDER BY 1`, c.table, c.name))
			}
		}
		for _, sql := range all {
			err := pgx.BeginFunc(t.Context(), tx, func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
				return err
			})
			if err != nil {
				t.Errorf("seed %d: %s: %v", seed, sql, err)
			}
		}
	})
}
