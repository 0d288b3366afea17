package db

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Change is one change of one row, real or expected.
type Change struct {
	Entity   string          `json:"entity"`    // table
	EntityID uuid.UUID       `json:"entity_id"` // of the row, or of its owner
	Op       string          `json:"op"`        // insert, update, remove, restore
	Before   json.RawMessage `json:"before,omitempty"`
	After    json.RawMessage `json:"after,omitempty"`
	// Price is a price's whole row, under "tiers" with its tiers; nil for other things.
	Price json.RawMessage `json:"-"`
}

// Compare returns what Save would change. It only reads, so a read-only role is
// enough. Rows are compared as Postgres compares them, numbers by value.
func (d *DB) Compare(ctx context.Context, b *Batch) ([]Change, error) {
	var all []Change
	err := d.session.send(ctx, func(queries *pgx.Batch) error {
		all = nil
		for _, t := range catalogue {
			var ids []uuid.UUID
			for _, statement := range t.statements {
				ids = append(ids, statement.ids(b)...)
			}
			if len(ids) == 0 {
				continue
			}
			rows, err := objects(t.statements[0].params(b))
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			queries.Queue(t.comparison(), string(rows), ids).Query(func(rows pgx.Rows) error {
				changes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Change, error) {
					change := Change{Entity: t.name}
					err := row.Scan(&change.EntityID, &change.Op, &change.Before, &change.After)
					return change, err
				})
				all = append(all, changes...)
				return err
			})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("compare: %w", classify(err))
	}
	if err := d.addPrices(ctx, all); err != nil {
		return nil, fmt.Errorf("compare: %w", classify(err))
	}
	return all, nil
}

// addPrices gives every change of a price its whole row: a new one comes with its
// tiers among the changes, any other is stored.
func (d *DB) addPrices(ctx context.Context, changes []Change) error {
	tiers := map[uuid.UUID][]json.RawMessage{}
	var ids []uuid.UUID
	for _, c := range changes {
		switch {
		case c.Entity == "prices" && c.Op != Insert:
			ids = append(ids, c.EntityID)
		case c.Entity == "price_tiers" && c.Op == Insert:
			tiers[c.EntityID] = append(tiers[c.EntityID], c.After)
		}
	}
	stored, err := wholePrices(ctx, d.queries(), ids)
	if err != nil {
		return err
	}
	for i := range changes {
		switch c := &changes[i]; {
		case c.Entity != "prices":
		case c.Op != Insert:
			c.Price = stored[c.EntityID]
		default:
			row := map[string]json.RawMessage{}
			if err := json.Unmarshal(c.After, &row); err != nil {
				return err
			}
			if row["tiers"], err = json.Marshal(tiers[c.EntityID]); err != nil {
				return err
			}
			if c.Price, err = json.Marshal(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// comparison compares the rows in $1, a JSON array, with the stored ones. It
// suits every table, and is no generated query because sqlc does not understand
// jsonb_populate_recordset.
func (t *table) comparison() string {
	on := "n." + t.id + " = o." + t.id
	order := "1"
	if t.key != "" {
		on += " AND n." + t.key + " = o." + t.key
		order += ", coalesce(n." + t.key + ", o." + t.key + ")"
	}
	return fmt.Sprintf(`
		SELECT
			coalesce(n.%[2]s, o.%[2]s),
			CASE
				WHEN o.%[2]s IS NULL THEN 'insert'
				WHEN n.%[2]s IS NULL THEN 'remove'
				WHEN to_jsonb(o) ->> 'removed_at' IS NOT NULL THEN 'restore'
				ELSE 'update'
			END,
			CASE WHEN n.%[2]s IS NULL THEN to_jsonb(o) - own ELSE d.before END,
			CASE WHEN o.%[2]s IS NULL THEN to_jsonb(n) - own WHEN n.%[2]s IS NOT NULL THEN d.after END
		FROM (SELECT * FROM %[1]s WHERE %[3]s) AS o
		FULL JOIN jsonb_populate_recordset(NULL::%[1]s, $1::jsonb) AS n ON %[4]s
		CROSS JOIN (VALUES (ARRAY['first_seen_at', 'changed_at'])) AS x (own)
		CROSS JOIN LATERAL (
			SELECT jsonb_object_agg(e.key, e.value) AS before, jsonb_object_agg(e.key, to_jsonb(n) -> e.key) AS after
			FROM jsonb_each(to_jsonb(o)) AS e
			WHERE e.key <> ALL (own) AND e.value IS DISTINCT FROM to_jsonb(n) -> e.key
		) AS d
		WHERE o.%[2]s IS NULL OR n.%[2]s IS NULL OR d.before IS NOT NULL
		ORDER BY %[5]s`, t.name, t.id, t.stored, on, order)
}

// objects turns generated parameters, one slice per column, into a JSON array
// of rows. Postgres ignores SeenAt, which is no column; the owners are no rows.
func objects(params any) ([]byte, error) {
	v := reflect.ValueOf(params)
	var out bytes.Buffer
	out.WriteByte('[')
	for row := range rowCount(v) {
		if row > 0 {
			out.WriteByte(',')
		}
		out.WriteByte('{')
		for i := range v.NumField() {
			if strings.HasPrefix(v.Type().Field(i).Name, "Owner") {
				continue
			}
			value, err := json.Marshal(v.Field(i).Index(row).Interface())
			if err != nil {
				return nil, err
			}
			if out.Bytes()[out.Len()-1] != '{' {
				out.WriteByte(',')
			}
			fmt.Fprintf(&out, "%q:%s", columnName(v.Type().Field(i).Name), value)
		}
		out.WriteByte('}')
	}
	out.WriteByte(']')
	return out.Bytes(), nil
}

// rowCount returns the length of the columns, ignoring the owners.
func rowCount(v reflect.Value) int {
	for i := range v.NumField() {
		if !strings.HasPrefix(v.Type().Field(i).Name, "Owner") {
			return v.Field(i).Len()
		}
	}
	return 0
}

// columnName undoes sqlc's naming: SuccessURL is success_url.
func columnName(field string) string {
	var b strings.Builder
	for i, r := range field {
		if unicode.IsUpper(r) && i > 0 && !unicode.IsUpper(rune(field[i-1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
