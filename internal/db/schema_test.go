package db_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// contract lists what other people's queries depend on: table, key, and columns
// by type. A ! after a column's name means not null.
var contract = []struct{ table, key, columns string }{
	{"checkout_links", "id", `
		uuid: id! organization_id! discount_id
		timestamptz: created_at! modified_at first_seen_at! changed_at! removed_at
		text: label url! client_secret! success_url return_url payment_processor! trial_interval
		boolean: allow_discount_codes! require_billing_address
		bigint: trial_interval_count seats units
		jsonb: metadata! extra!`},
	{"checkout_link_products", "checkout_link_id, product_id", `
		uuid: checkout_link_id! product_id!
		integer: position!`},
	{"products", "id", `
		uuid: id! organization_id!
		timestamptz: created_at! modified_at first_seen_at! changed_at!
		text: name! description visibility recurring_interval meter_interval trial_interval
		boolean: is_recurring! is_archived!
		bigint: recurring_interval_count meter_interval_count trial_interval_count
		jsonb: metadata extra!`},
	{"prices", "id", `
		uuid: id! product_id! meter_id
		timestamptz: created_at! modified_at first_seen_at! changed_at! removed_at
		text: source amount_type! type recurring_interval price_currency tax_behavior tier_type
		boolean: legacy! is_archived!
		bigint: price_amount minimum_amount maximum_amount preset_amount cap_amount price_per_seat
		bigint: minimum_seats maximum_seats minimum_units maximum_units
		numeric: unit_amount
		jsonb: unit_label extra!`},
	{"price_tiers", "price_id, position", `
		uuid: price_id!
		integer: position!
		bigint: min_seats max_seats price_per_seat bound
		numeric: unit_amount`},
	{"meters", "id", `
		uuid: id!
		text: name! unit! custom_label
		bigint: custom_multiplier
		jsonb: extra!
		timestamptz: first_seen_at! changed_at!`},
	{"benefits", "id", `
		uuid: id! organization_id!
		timestamptz: created_at! modified_at first_seen_at! changed_at!
		text: type! description!
		boolean: selectable! deletable! is_deleted
		bigint: credit_units
		uuid: credit_meter_id
		jsonb: extra!`},
	{"product_benefits", "product_id, position", `
		uuid: product_id! benefit_id!
		integer: position!`},
	{"medias", "id", `
		uuid: id! organization_id!
		timestamptz: created_at! last_modified_at first_seen_at! changed_at!
		text: name! path! mime_type! storage_version checksum_etag checksum_sha256_base64 checksum_sha256_hex
		text: version service! size_readable! public_url!
		bigint: size!
		boolean: is_uploaded!
		jsonb: extra!`},
	{"product_medias", "product_id, position", `
		uuid: product_id! media_id!
		integer: position!`},
	{"discounts", "id", `
		uuid: id! organization_id!
		timestamptz: created_at! modified_at starts_at ends_at first_seen_at! changed_at!
		text: name! code type! duration! currency
		bigint: duration_in_months amount basis_points max_redemptions max_redemptions_per_customer redemptions_count!
		jsonb: metadata! extra!`},
	{"discount_amounts", "discount_id, currency", `
		uuid: discount_id!
		text: currency!
		bigint: amount!`},

	{"sync_runs", "id", `
		uuid: id!
		text: source! trigger! status! error
		timestamptz: started_at! finished_at
		bigint: requests! links_total! links_changed! links_unchanged! links_removed! links_failed!
		bigint: rows_inserted! rows_updated! rows_removed!`},
	{"sync_scopes", "scope, checkout_link_id", `
		text: scope!
		uuid: checkout_link_id!`},
	{"sync_failures", "source, link", `
		text: source! link! kind! message! body
		uuid: checkout_link_id
		bigint: place
		timestamptz: since!
		bigint: attempts!`},
	{"zero_decimal_currencies", "", `
		text: currency`},
	{"drift", "", `
		text: path! kind! sample!
		timestamptz: first_seen_at! last_seen_at!
		bigint: count!`},
	{"changes", "", `
		text: entity! op!
		uuid: entity_id!
		jsonb: before after
		timestamptz: not_before not_after!`},
}

// attribute is one column of the database.
type attribute struct {
	Table, Column, Type string
	NotNull             bool
	Comment             *string
}

// attributes lists all columns of a schema, tables and views.
func attributes(tb testing.TB, d *db.DB) []attribute {
	tb.Helper()
	rows, err := d.Pool().Query(tb.Context(), `
		SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, col_description(c.oid, a.attnum)
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
			AND c.relname NOT LIKE 'syncer_migrations%'
		ORDER BY c.relname, a.attname`, d.Schema())
	if err != nil {
		tb.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[attribute])
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

func TestTheContractsColumnsAreThere(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	got := map[string]string{}
	for _, a := range attributes(t, d) {
		name, kind := a.Table+"."+a.Column, strings.Replace(a.Type, "timestamp with time zone", "timestamptz", 1)
		if got[name] = kind; a.NotNull {
			got[name] += " not null"
		}
	}
	want := map[string]string{}
	for _, table := range contract {
		for line := range strings.Lines(table.columns) {
			kind, columns, _ := strings.Cut(strings.TrimSpace(line), ":")
			for column := range strings.FieldsSeq(columns) {
				column, required := strings.CutSuffix(column, "!")
				if want[table.table+"."+column] = kind; required {
					want[table.table+"."+column] += " not null"
				}
			}
		}
	}
	for name := range got { // extra columns are allowed
		if want[name] == "" {
			delete(got, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheContractsKeysAreTheirTablesKeys(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for _, table := range contract {
		if table.key == "" {
			continue
		}
		var key string
		if err := d.Pool().QueryRow(t.Context(), `
			SELECT string_agg(a.attname, ', ' ORDER BY array_position(i.indkey::smallint[], a.attnum))
			FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
			WHERE i.indrelid = to_regclass($1) AND i.indisprimary`, table.table).Scan(&key); err != nil {
			t.Fatal(err)
		}
		if key != table.key {
			t.Errorf("%s: key (%s), want (%s)", table.table, key, table.key)
		}
	}
}

func TestEveryTableAndColumnHasAComment(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for _, a := range attributes(t, d) {
		if a.Comment == nil || strings.TrimSpace(*a.Comment) == "" {
			t.Errorf("column %s.%s has no comment", a.Table, a.Column)
		}
	}
	for what, query := range map[string]string{
		"relation": `SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p', 'v', 'm')
			AND obj_description(oid, 'pg_class') IS NULL`,
		"function": `SELECT proname FROM pg_proc WHERE pronamespace = to_regnamespace($1) AND obj_description(oid, 'pg_proc') IS NULL`,
		"domain":   `SELECT typname FROM pg_type WHERE typnamespace = to_regnamespace($1) AND typtype = 'd' AND obj_description(oid, 'pg_type') IS NULL`,
	} {
		rows, err := d.Pool().Query(t.Context(), query, d.Schema())
		if err != nil {
			t.Fatal(err)
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			t.Errorf("%s %s has no comment", what, name)
		}
	}
}

// TestCommentsSayWhatIsForSale reads what an analyst reads beside the columns that look
// as if they told: a product that is archived at Polar only vanishes from its links.
func TestCommentsSayWhatIsForSale(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for _, table := range []string{"products", "prices", "checkout_link_products"} {
		if comment := ask[string](t, d, `SELECT obj_description($1::regclass)`, table); !strings.Contains(comment, "For sale") || !strings.Contains(comment, "live link") {
			t.Errorf("%s: %s", table, comment)
		}
	}
	for column, says := range map[string]string{"products.is_archived": "false does not mean for sale", "prices.removed_at": "if no live link offers the product"} {
		table, name, _ := strings.Cut(column, ".")
		if comment := ask[string](t, d, `SELECT col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = $1::regclass AND attname = $2`, table, name); !strings.Contains(comment, says) {
			t.Errorf("%s: %s", column, comment)
		}
	}
}

func TestForeignKeysAreRealAndIndexed(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	rows, err := d.Pool().Query(t.Context(), `
		SELECT conrelid::regclass || '.' || a.attname || ' -> ' || confrelid::regclass,
			EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = a.attnum)
		FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
		WHERE contype = 'f' AND connamespace = to_regnamespace($1)`, d.Schema())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	var key string
	var indexed bool
	if _, err := pgx.ForEachRow(rows, []any{&key, &indexed}, func() error {
		got[key] = indexed
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, key := range []string{
		"checkout_links.discount_id -> discounts", "checkout_link_products.checkout_link_id -> checkout_links",
		"checkout_link_products.product_id -> products", "prices.product_id -> products", "prices.meter_id -> meters",
		"price_tiers.price_id -> prices", "product_benefits.product_id -> products", "product_benefits.benefit_id -> benefits",
		"product_medias.product_id -> products", "product_medias.media_id -> medias", "discount_amounts.discount_id -> discounts",
	} {
		want[key] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("foreign keys, and whether they are indexed:\n%s", diff)
	}
}
