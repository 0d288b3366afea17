package views_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// plan is a node of what Postgres did for a query.
type plan struct {
	Node     string  `json:"Node Type"`
	Table    string  `json:"Relation Name"`
	Relation string  `json:"Parent Relationship"`
	Loops    float64 `json:"Actual Loops"`
	Rows     float64 `json:"Actual Rows"` // a loop
	Filtered float64 `json:"Rows Removed by Filter"`
	Unjoined float64 `json:"Rows Removed by Join Filter"`
	Plans    []plan  `json:"Plans"`
}

// all calls visit with a node and those below it.
func (p plan) all(visit func(plan)) {
	visit(p)
	for _, below := range p.Plans {
		below.all(visit)
	}
}

// work is the number of rows that were looked at, once for every node that did.
func (p plan) work() (rows float64) {
	p.all(func(n plan) { rows += n.Loops * (n.Rows + n.Filtered + n.Unjoined) })
	return rows
}

// explain runs a query, and returns what Postgres did.
func explain(tb testing.TB, conn *pgx.Conn, sql string, args ...any) plan {
	tb.Helper()
	var text []byte
	if err := conn.QueryRow(tb.Context(), `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) `+sql, append([]any{pgx.QueryExecModeExec}, args...)...).Scan(&text); err != nil {
		tb.Fatalf("%v\n%s", err, sql)
	}
	var plans []struct{ Plan plan }
	if err := json.Unmarshal(text, &plans); err != nil || len(plans) != 1 {
		tb.Fatalf("%v: %s", err, text)
	}
	return plans[0].Plan
}

// links is the size of the catalogue that plans are made for.
const links = 4_000

// newCatalogue is a database with that many links, a fifth as many products, and years of history. No table has more rows than ANALYZE
// looks at: the plans are the same every time.
func newCatalogue(tb testing.TB) *sheet {
	tb.Helper()
	s := newSheet(tb)
	for _, table := range []string{"meters", "products", "prices", "price_tiers", "benefits", "product_benefits", "discounts", "discount_amounts", "checkout_links", "checkout_link_products"} {
		s.exec(`ALTER TABLE ` + table + ` DISABLE TRIGGER USER`)
	}
	for _, sql := range []string{
		`INSERT INTO meters (id, name, unit, first_seen_at, changed_at) VALUES (md5('meter')::uuid, 'Meter', 'scalar', now(), now())`,
		`INSERT INTO products (id, created_at, organization_id, name, visibility, is_recurring, is_archived, first_seen_at, changed_at)
			SELECT md5('product ' || n)::uuid, now() - interval '2 years', md5('')::uuid, 'Product ' || n, CASE WHEN n % 50 = 0 THEN 'draft' ELSE 'public' END, n % 2 = 0, n % 60 = 0, now(), now()
			FROM generate_series(1, $1 / 5) AS n`,
		// Three currencies, of which two are everybody's; a price by seats or usage beside; and what cost before.
		`INSERT INTO prices (id, product_id, created_at, amount_type, price_currency, price_amount, unit_amount, meter_id, is_archived, first_seen_at, changed_at, removed_at)
			SELECT md5('price ' || n || k)::uuid, md5('product ' || n)::uuid, now() - interval '1 year',
				CASE k WHEN 3 THEN 'seat_based' WHEN 4 THEN 'metered_unit' ELSE 'fixed' END, CASE WHEN k = 1 THEN 'eur' WHEN k = 2 AND n % 3 = 0 THEN 'jpy' ELSE 'usd' END,
				CASE WHEN k NOT IN (3, 4) THEN n * 10 + k END, CASE WHEN k = 4 THEN 0.5 END, CASE WHEN k = 4 THEN md5('meter')::uuid END, false, now(), now(),
				CASE WHEN k > 4 THEN now() - interval '1 month' END
			FROM generate_series(1, $1 / 5) AS n, generate_series(0, 6) AS k WHERE k <> 3 OR n % 4 = 0`,
		`INSERT INTO price_tiers (price_id, position, min_seats, max_seats, price_per_seat)
			SELECT p.id, k, k * 10 + 1, CASE WHEN k < 2 THEN k * 10 + 10 END, 100 - k FROM prices AS p, generate_series(0, 2) AS k WHERE p.amount_type = 'seat_based'`,
		`INSERT INTO benefits (id, created_at, organization_id, type, description, selectable, deletable, first_seen_at, changed_at)
			SELECT md5('benefit ' || n)::uuid, now(), md5('')::uuid, 'custom', 'Benefit ' || n, true, true, now(), now() FROM generate_series(1, $1 / 50) AS n`,
		`INSERT INTO product_benefits (product_id, position, benefit_id)
			SELECT md5('product ' || n)::uuid, k, md5('benefit ' || 1 + (n + k) % ($1 / 50))::uuid FROM generate_series(1, $1 / 5) AS n, generate_series(0, 3) AS k`,
		`INSERT INTO discounts (id, created_at, organization_id, name, type, duration, basis_points, ends_at, max_redemptions, redemptions_count, metadata, first_seen_at, changed_at)
			SELECT md5('discount ' || n)::uuid, now(), md5('')::uuid, 'Discount ' || n, CASE WHEN n % 2 = 0 THEN 'fixed' ELSE 'percentage' END, 'once', 1000,
				now() + (n % 40 - 10) * interval '1 day', 100, n % 110, '{}', now(), now()
			FROM generate_series(1, $1 / 20) AS n`,
		`INSERT INTO discount_amounts (discount_id, currency, amount) SELECT id, 'usd', 100 FROM discounts WHERE type = 'fixed'`,
		`INSERT INTO checkout_links (id, created_at, organization_id, label, url, client_secret, payment_processor, allow_discount_codes, discount_id, seats, metadata, first_seen_at, changed_at, removed_at)
			SELECT md5('link ' || n)::uuid, now(), md5('')::uuid, CASE WHEN n % 10 > 0 THEN 'Link ' || n END, '', '', 'stripe', true,
				CASE WHEN n % 3 = 0 THEN md5('discount ' || 1 + n % ($1 / 20))::uuid END, CASE WHEN n % 7 = 0 THEN n % 40 END, '{}', now(), now(),
				CASE WHEN n % 40 = 0 THEN now() END
			FROM generate_series(1, $1) AS n`,
		`INSERT INTO checkout_link_products (checkout_link_id, product_id, position)
			SELECT md5('link ' || n)::uuid, md5('product ' || 1 + (n * 7 + k * 13) % ($1 / 5))::uuid, k FROM generate_series(1, $1) AS n, generate_series(0, 2) AS k WHERE k <= n % 3`,
		`INSERT INTO changes (entity, entity_id, op, before, after, not_before, not_after, run_id)
			SELECT e.entity, md5(e.of || 1 + n % ($1 / 20))::uuid, e.op, e.before, e.after, a.at - interval '1 hour', a.at, md5('run')::uuid
			FROM generate_series($1 * 7, 1, -1) AS n
			CROSS JOIN LATERAL (SELECT now() - n * interval '30 minutes' AS at) AS a
			JOIN (VALUES
				(0, 'discounts', 'discount ', 'update', '{"redemptions_count": 1}'::jsonb, '{"redemptions_count": 2}'::jsonb),
				(1, 'prices', 'price 1', 'remove', '{"removed_at": null}', '{"removed_at": "2026-01-01T00:00:00Z"}'),
				(2, 'checkout_links', 'link ', 'update', '{"label": "a", "modified_at": null}', '{"label": "b", "modified_at": null}')
			) AS e (kind, entity, of, op, before, after) ON e.kind = CASE WHEN n % 100 < 2 THEN n % 100 ELSE 2 END`,
		`INSERT INTO sync_runs (id, source, trigger, status, started_at, observing_since, finished_at, holder, scope, seen_organization_ids)
			SELECT md5('run ' || n)::uuid, 'test', 'schedule', 'succeeded', a.at, a.at, a.at + interval '1 minute', '', CASE WHEN n % 4 = 0 THEN 'listed' ELSE 'all' END, ARRAY[md5('')::uuid]
			FROM generate_series($1 / 4, 1, -1) AS n
			CROSS JOIN LATERAL (SELECT now() - n * interval '15 minutes' AS at) AS a`,
		`INSERT INTO sync_scopes (scope, checkout_link_id) SELECT 'listed', id FROM checkout_links ORDER BY id LIMIT $1 / 4`,
		`INSERT INTO sync_failures (source, checkout_link_id, since, last_at, kind, message, run_id)
			SELECT 'test', l.id, now() - interval '1 day', now(), 'server', '', md5('run 1')::uuid FROM checkout_links AS l ORDER BY l.id DESC LIMIT $1 / 40`,
	} {
		s.exec(strings.ReplaceAll(sql, "$1", strconv.Itoa(links)))
	}
	return s
}

// TestTheQuestionsCostWhatTheyMust holds how many rows Postgres looks at against the size of the catalogue: what looks at some rows
// once more for each row of others would need thousands of times as many.
func TestTheQuestionsCostWhatTheyMust(t *testing.T) {
	t.Parallel()
	s := newCatalogue(t)
	s.exec(`VACUUM ANALYZE`)
	reader := analyst(t, s.db)
	for number, sql := range questions(t) {
		var args []any
		if number == "03" {
			args = append(args, "Product 7")
		}
		p := explain(t, reader, sql, args...)
		p.all(func(n plan) {
			if n.Relation == "SubPlan" && n.Loops > 1 {
				t.Errorf("%s asks a query of its own for each of %v rows", number, n.Loops)
			}
			if n.Table == "changes" && n.Node == "Seq Scan" {
				t.Errorf("%s reads all of changes", number)
			}
		})
		most := map[string]float64{"01": 150, "02": 150, "03": 2, "04": 5, "05": 5, "06": 150, "07": 5, "08": 40, "09": 10, "10": 5}[number]
		if each := p.work() / links; each > most {
			t.Errorf("%s looks at %.1f rows a link, want %v at most", number, each, most)
		}
	}
}

// TestTheQuestionsCostLittleMoreAtFirst asks them, and for all offers, when a first run has just filled the tables and nobody has analyzed
// them.
func TestTheQuestionsCostLittleMoreAtFirst(t *testing.T) {
	t.Parallel()
	reader := analyst(t, newCatalogue(t).db)
	if _, err := reader.Exec(t.Context(), `SET statement_timeout = '1min'`); err != nil {
		t.Fatal(err)
	}
	all := questions(t)
	all["offers"] = `SELECT * FROM polar_bi.link_offers`
	for number, sql := range all {
		var args []any
		if number == "03" {
			args = append(args, "Product 7")
		}
		if each := explain(t, reader, sql, args...).work() / links; each > 500 {
			t.Errorf("%s looks at %.1f rows a link, want 500 at most", number, each)
		}
	}
}

// TestOneLinkIsNotAllLinks asks for one link: what all products cost may be worked out for it, but no other link is read.
func TestOneLinkIsNotAllLinks(t *testing.T) {
	t.Parallel()
	s := newCatalogue(t)
	s.exec(`VACUUM ANALYZE`)
	var id string
	if err := s.db.Pool().QueryRow(t.Context(), `SELECT md5('link 7')::uuid::text`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	reader := analyst(t, s.db)
	for view, most := range map[string]float64{"checkout_links": 500, "link_checkouts": 60 * links, "link_offers": 100 * links, "unsellable_links": 60 * links} {
		p := explain(t, reader, `SELECT * FROM polar_bi.`+view+` WHERE checkout_link_id = $1`, id)
		if p.work() > most {
			t.Errorf("%s: %v rows are looked at, want %v at most", view, p.work(), most)
		}
		p.all(func(n plan) {
			if n.Table == "checkout_links" && n.Node == "Seq Scan" {
				t.Errorf("%s reads all links for one", view)
			}
		})
	}
}
