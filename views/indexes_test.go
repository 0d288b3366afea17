package views_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestWhatReadsHistoryReadsLittleOfIt holds the views against the indexes that were made for them: a
// partial index serves only a view that repeats its condition.
func TestWhatReadsHistoryReadsLittleOfIt(t *testing.T) {
	t.Parallel()
	s := newSheet(t)
	s.exec(`ALTER TABLE products DISABLE TRIGGER USER`)
	s.exec(`ALTER TABLE prices DISABLE TRIGGER USER`)
	s.exec(`INSERT INTO products (id, created_at, organization_id, name, is_recurring, is_archived, first_seen_at, changed_at)
		SELECT md5(n::text)::uuid, now(), md5('')::uuid, 'Product ' || n, false, false, now(), now() FROM generate_series(1, 2000) AS n`)
	s.exec(`INSERT INTO prices (id, product_id, created_at, amount_type, price_currency, is_archived, first_seen_at, changed_at)
		SELECT md5(n::text)::uuid, md5(n::text)::uuid, now(), 'fixed', 'usd', false, now(), now() FROM generate_series(1, 2000) AS n`)
	s.exec(`INSERT INTO changes (entity, entity_id, op, before, after, not_after)
		SELECT
			CASE WHEN n % 50 = 0 THEN 'discounts' WHEN n % 50 = 1 THEN 'prices' ELSE 'products' END, md5((n / 20)::text)::uuid,
			CASE WHEN n % 50 = 1 THEN 'remove' ELSE 'update' END,
			CASE WHEN n % 50 = 0 THEN '{"redemptions_count": 1}' ELSE '{"name": "a"}' END::jsonb, '{}', now() - n * interval '1 minute'
		FROM generate_series(40000, 1, -1) AS n`)
	s.exec(`VACUUM ANALYZE products, prices, changes`)

	for sql, index := range map[string]string{
		`SELECT * FROM polar_bi.price_history WHERE product_name = 'Product 7'`:                                      "changes_offers_of_prices_idx",
		`SELECT * FROM polar_bi.price_history`:                                                                       "changes_offers_of_prices_idx",
		`SELECT sum(redemptions) FROM polar_bi.discount_redemptions`:                                                 "changes_redemptions_idx",
		`SELECT * FROM polar_bi.changes WHERE not_after > now() - interval '1 day' AND NOT is_first_sight`:           "changes_not_after_idx",
		`SELECT * FROM polar_bi.changes WHERE entity_id = '00000000-0000-4000-8000-000000000000' ORDER BY change_id`: "changes_entity_id_idx",
	} {
		rows, err := s.db.Pool().Query(t.Context(), `EXPLAIN `+sql)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(lines, "\n")
		if !strings.Contains(plan, index) || strings.Contains(plan, "Seq Scan on changes") {
			t.Errorf("%s does not go by %s:\n%s", sql, index, plan)
		}
		if strings.Contains(sql, "product_name") && strings.Contains(plan, "Seq Scan on prices") {
			t.Errorf("the history of one product reads all prices:\n%s", plan)
		}
	}
}
