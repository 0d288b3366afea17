package db

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Change is one change of one row: one that happened, or one that would.
type Change struct {
	Entity    string          `json:"entity"`    // table
	EntityID  uuid.UUID       `json:"entity_id"` // of the row, or of what it belongs to
	Op        string          `json:"op"`        // insert, update, remove, restore
	Before    json.RawMessage `json:"before,omitempty"`
	After     json.RawMessage `json:"after,omitempty"`
	NotBefore *time.Time      `json:"not_before,omitempty"` // the old state was seen then
	NotAfter  *time.Time      `json:"not_after,omitempty"`  // the new state was seen then
	RunID     *uuid.UUID      `json:"run_id,omitempty"`
}

// comparison says how the rows of one table in a batch are told from those in
// the database.
type comparison struct {
	table  string
	params any    // the generated parameters: one slice per column
	id     string // column of the row's id, or of what it belongs to
	key    string // the rest of the key, "" when id is all of it
	stored string // which stored rows the batch speaks of: $2 are ids
	ids    []uuid.UUID
}

func (b *Batch) comparisons() []comparison {
	entity := func(table string, params any, ids []uuid.UUID) comparison {
		return comparison{table: table, params: params, id: "id", stored: "id = ANY ($2)", ids: ids}
	}
	owned := func(table string, params any, id, key string, owners []uuid.UUID) comparison {
		return comparison{table: table, params: params, id: id, key: key, stored: id + " = ANY ($2)", ids: owners}
	}
	prices := entity("prices", b.Prices, append(append([]uuid.UUID{}, b.OfferedPrices.ProductID...), b.Prices.ID...))
	prices.stored = "id = ANY ($2) OR product_id = ANY ($2) AND removed_at IS NULL"
	return []comparison{
		entity("meters", b.Meters, b.Meters.ID),
		entity("products", b.Products, b.Products.ID),
		prices,
		owned("price_tiers", b.PriceTiers, "price_id", "position", b.PriceTiers.OwnerID),
		entity("benefits", b.Benefits, b.Benefits.ID),
		owned("product_benefits", b.ProductBenefits, "product_id", "position", b.ProductBenefits.OwnerID),
		entity("medias", b.Medias, b.Medias.ID),
		owned("product_medias", b.ProductMedias, "product_id", "position", b.ProductMedias.OwnerID),
		entity("discounts", b.Discounts, b.Discounts.ID),
		owned("discount_amounts", b.DiscountAmounts, "discount_id", "currency", b.DiscountAmounts.OwnerID),
		entity("checkout_links", b.CheckoutLinks, b.CheckoutLinks.ID),
		owned("checkout_link_products", b.CheckoutLinkProducts, "checkout_link_id", "product_id", b.CheckoutLinkProducts.OwnerID),
	}
}

// Compare says what Save would change, and changes nothing: it only reads, and a
// role that may only read is enough. Rows are compared as Postgres compares
// them, numbers by value.
func (d *DB) Compare(ctx context.Context, b *Batch) ([]Change, error) {
	var queries pgx.Batch
	var all []Change
	for _, c := range b.comparisons() {
		if len(c.ids) == 0 {
			continue
		}
		rows, err := objects(c.params)
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", c.table, err)
		}
		queries.Queue(c.sql(), string(rows), c.ids).Query(func(rows pgx.Rows) error {
			changes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Change, error) {
				change := Change{Entity: c.table}
				err := row.Scan(&change.EntityID, &change.Op, &change.Before, &change.After)
				return change, err
			})
			all = append(all, changes...)
			return err
		})
	}
	if err := d.pool.SendBatch(ctx, &queries).Close(); err != nil {
		return nil, fmt.Errorf("compare: %w", d.Explain(err))
	}
	return all, nil
}

// sql compares the rows in $1, a JSON array, with the stored ones. It is the
// same for every table, and no generated query because sqlc does not understand
// jsonb_populate_recordset.
func (c comparison) sql() string {
	on := "n." + c.id + " = o." + c.id
	order := "1"
	if c.key != "" {
		on += " AND n." + c.key + " = o." + c.key
		order += ", coalesce(n." + c.key + ", o." + c.key + ")"
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
			CASE WHEN o.%[2]s IS NULL THEN to_jsonb(n) - own ELSE d.after END
		FROM (SELECT * FROM %[1]s WHERE %[3]s) AS o
		FULL JOIN jsonb_populate_recordset(NULL::%[1]s, $1::jsonb) AS n ON %[4]s
		CROSS JOIN (VALUES (ARRAY['first_seen_at', 'changed_at'])) AS x (own)
		CROSS JOIN LATERAL (
			SELECT jsonb_object_agg(e.key, e.value) AS before, jsonb_object_agg(e.key, to_jsonb(n) -> e.key) AS after
			FROM jsonb_each(to_jsonb(o)) AS e
			WHERE e.key <> ALL (own) AND e.value IS DISTINCT FROM to_jsonb(n) -> e.key
		) AS d
		WHERE o.%[2]s IS NULL OR n.%[2]s IS NULL OR d.before IS NOT NULL
		ORDER BY %[5]s`, c.table, c.id, c.stored, on, order)
}

// objects turns generated parameters, one slice per column, into a JSON array of
// rows. SeenAt is no column, and Postgres ignores it; the owners are no rows.
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

// rowCount is the length of the columns; the owners are none.
func rowCount(v reflect.Value) int {
	for i := range v.NumField() {
		if !strings.HasPrefix(v.Type().Field(i).Name, "Owner") {
			return v.Field(i).Len()
		}
	}
	return 0
}

// columnName undoes what sqlc makes of a column's name: SuccessURL, success_url.
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
