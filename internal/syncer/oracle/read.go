package oracle

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A Querier is a pgx pool, connection or transaction. Read asks once per table:
// for a single instant while others write, pass a repeatable-read transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Read returns what the contract's tables hold, found by the search_path, in
// the same form as Oracle.Tables. A missing table or column is an error; Read
// ignores columns beyond the contract.
func Read(ctx context.Context, q Querier) (Tables, error) {
	c := newContract()
	tables := Tables{}
	for _, name := range c.names() {
		rows, err := readTable(ctx, q, c[name])
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		tables[name] = rows
	}
	return tables, nil
}

func readTable(ctx context.Context, q Querier, t table) ([]Row, error) {
	result, err := q.Query(ctx, selectAll(t))
	if err != nil {
		return nil, err
	}
	defer result.Close()

	rows := []Row{}
	for result.Next() {
		values := make([]*string, len(t.columns))
		targets := make([]any, len(values))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := result.Scan(targets...); err != nil {
			return nil, err
		}
		row, err := t.fromTexts(values)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	t.sort(rows)
	return rows, result.Err()
}

// fromTexts makes a row of the text of each column.
func (t table) fromTexts(values []*string) (Row, error) {
	row := Row{}
	for i, col := range t.columns {
		row[col.name] = nil
		if values[i] == nil {
			continue
		}
		text, err := canonical(col.kind, *values[i])
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", col.name, err)
		}
		row[col.name] = &text
	}
	return row, nil
}

// selectAll asks for every column as text. Names stand alone, without the
// table's: Postgres takes t.name for a cast if there is no such column.
func selectAll(t table) string {
	var columns []string
	for _, col := range t.columns {
		name := pgx.Identifier{col.name}.Sanitize()
		if col.kind == kindTimestamp { // text would depend on the session's time zone and date style
			columns = append(columns, fmt.Sprintf(`CASE
        WHEN isfinite(%[1]s) THEN to_char(%[1]s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        ELSE %[1]s::text
    END`, name))
			continue
		}
		columns = append(columns, name+"::text")
	}
	return "SELECT\n    " + strings.Join(columns, ",\n    ") + "\nFROM " + pgx.Identifier{t.name}.Sanitize()
}
