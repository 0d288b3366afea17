package views_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// broken are queries of what may never be, whatever the tables hold.
func broken() map[string]string {
	return map[string]string{
		"a link twice in checkout_links":     twice("checkout_links", "checkout_link_id"),
		"a product twice in products":        twice("products", "product_id"),
		"a way to pay twice":                 twice("link_checkouts", "checkout_link_id, product_id, currency, legacy_price_id"),
		"a price of a link twice":            twice("link_offers", "checkout_link_id, product_id, price_id"),
		"a link twice in unsellable_links":   twice("unsellable_links", "checkout_link_id"),
		"a spell twice":                      twice("price_history", "price_id, spell"),
		"a discount twice in discounts":      twice("discounts", "discount_id"),
		"a place of a benefit twice":         twice("product_benefits", "product_id, position"),
		"a change of a column twice":         twice("changes", "change_id, field"),
		"a run twice":                        twice("runs", "run_id"),
		"a column twice in data_dictionary":  twice("data_dictionary", "view_name, column_name"),
		"a link twice in freshness":          twice("freshness", "nullif(checkout_link_id, '00000000-0000-0000-0000-000000000000')") + ` AND bool_and(checkout_link_id <> '00000000-0000-0000-0000-000000000000')`,
		"a link that is not one row":         `SELECT (SELECT count(*) FROM polar.checkout_links), count(*) FROM polar_bi.checkout_links HAVING count(*) <> (SELECT count(*) FROM polar.checkout_links)`,
		"a product that is not one row":      `SELECT 1 HAVING (SELECT count(*) FROM polar_bi.products) <> (SELECT count(*) FROM polar.products)`,
		"a discount that is not one row":     `SELECT 1 HAVING (SELECT count(*) FROM polar_bi.discounts) <> (SELECT count(*) FROM polar.discounts)`,
		"a live link without its freshness":  `SELECT id FROM polar.checkout_links WHERE removed_at IS NULL EXCEPT SELECT checkout_link_id FROM polar_bi.freshness`,
		"a failure that is not told":         `SELECT checkout_link_id FROM polar.sync_failures AS f WHERE checkout_link_id IS NOT NULL AND NOT EXISTS (SELECT FROM polar.checkout_links AS l WHERE l.id = f.checkout_link_id AND l.removed_at IS NOT NULL) EXCEPT SELECT checkout_link_id FROM polar_bi.freshness WHERE status <> 'ok'`,
		"a product of a live link left out":  `SELECT j.checkout_link_id, j.product_id FROM polar.checkout_link_products AS j JOIN polar.checkout_links AS l ON l.id = j.checkout_link_id WHERE l.removed_at IS NULL EXCEPT SELECT checkout_link_id, product_id FROM polar_bi.link_checkouts`,
		"what no live link sells":            `SELECT checkout_link_id, product_id FROM polar_bi.link_checkouts EXCEPT SELECT j.checkout_link_id, j.product_id FROM polar.checkout_link_products AS j JOIN polar.checkout_links AS l ON l.id = j.checkout_link_id WHERE l.removed_at IS NULL`,
		"a net amount that does not add up":  `SELECT * FROM polar_bi.link_checkouts WHERE net_amount IS DISTINCT FROM amount - discount_amount`,
		"a discount without an amount":       `SELECT * FROM polar_bi.link_checkouts WHERE (amount IS NULL) <> (discount_amount IS NULL)`,
		"a discount out of bounds":           `SELECT * FROM polar_bi.link_checkouts WHERE discount_amount NOT BETWEEN 0 AND greatest(amount, 0)`,
		"a discount that does not apply":     `SELECT * FROM polar_bi.link_checkouts WHERE discount_status <> 'applied' AND discount_amount <> 0`,
		"a discount's status without it":     `SELECT * FROM polar_bi.link_checkouts WHERE (discount_status = 'none') <> (discount_id IS NULL) OR discount_status IS NULL`,
		"an amount due of another size":      `SELECT * FROM polar_bi.link_checkouts WHERE due_now_amount <> 0 AND due_now_amount IS DISTINCT FROM net_amount`,
		"sellable, and why not":              `SELECT * FROM polar_bi.link_checkouts WHERE is_sellable IS DISTINCT FROM (why_not IS NULL)`,
		"an impossible amount":               `SELECT * FROM polar_bi.link_checkouts WHERE why_not IN ('no_price', 'amount_impossible') AND amount IS NOT NULL`,
		"a currency without its size":        `SELECT * FROM polar_bi.link_checkouts WHERE (currency IS NULL) <> (currency_exponent IS NULL) OR currency_exponent NOT IN (0, 2)`,
		"an amount with other decimals":      `SELECT * FROM polar_bi.link_checkouts WHERE scale(amount_major) <> currency_exponent OR scale(net_amount_major) <> currency_exponent OR scale(discount_amount_major) <> currency_exponent OR scale(due_now_amount_major) <> currency_exponent`,
		"an amount of another size":          `SELECT * FROM polar_bi.link_checkouts WHERE currency IS NOT NULL AND (amount_major * 10 ^ currency_exponent IS DISTINCT FROM amount::numeric OR net_amount_major * 10 ^ currency_exponent IS DISTINCT FROM net_amount::numeric)`,
		"money without a currency":           `SELECT * FROM polar_bi.link_checkouts WHERE currency IS NULL AND num_nonnulls(amount_major, discount_amount_major, net_amount_major, due_now_amount_major) > 0`,
		"metered prices among none":          `SELECT * FROM polar_bi.link_checkouts WHERE metered_prices NOT BETWEEN 0 AND prices`,
		"a quantity without its kind":        `SELECT * FROM polar_bi.link_checkouts WHERE num_nonnulls(quantity_kind, quantity, quantity_is_locked) NOT IN (0, 3)`,
		"less than one seat":                 `SELECT * FROM polar_bi.link_checkouts WHERE quantity < 1`,
		"a trial of a one-time purchase":     `SELECT * FROM polar_bi.link_checkouts WHERE NOT is_recurring AND num_nonnulls(trial_interval, trial_interval_count) > 0`,
		"a row by the way it is preselected": `SELECT checkout_link_id, product_id FROM polar_bi.link_checkouts GROUP BY 1, 2 HAVING bool_or(is_preselected) <> bool_and(is_preselected)`,
		// Two products at one place can only come from a hand.
		"several products preselected":      `SELECT checkout_link_id FROM polar_bi.link_checkouts WHERE is_preselected GROUP BY 1 HAVING count(DISTINCT product_position) > 1`,
		"no product preselected":            `SELECT checkout_link_id FROM polar_bi.link_checkouts WHERE why_not IS NULL OR why_not NOT IN ('product_archived', 'product_draft') GROUP BY 1 HAVING NOT bool_or(is_preselected)`,
		"a closed product preselected":      `SELECT * FROM polar_bi.link_checkouts WHERE is_preselected AND why_not IN ('product_archived', 'product_draft')`,
		"an open product before it":         `SELECT p.* FROM polar_bi.link_checkouts AS p JOIN polar_bi.link_checkouts AS o USING (checkout_link_id) WHERE p.is_preselected AND o.product_position < p.product_position AND coalesce(o.why_not, '') NOT IN ('product_archived', 'product_draft')`,
		"several default currencies":        `SELECT organization_id FROM polar_bi.link_checkouts WHERE is_default_currency GROUP BY 1 HAVING count(DISTINCT currency) > 1`,
		"default and not":                   `SELECT organization_id, currency FROM polar_bi.link_checkouts WHERE is_default_currency IS NOT NULL GROUP BY 1, 2 HAVING count(DISTINCT is_default_currency) > 1`,
		"offers that are not the set":       `SELECT checkout_link_id, product_id, currency, is_legacy, CASE WHEN is_legacy THEN price_id END FROM polar_bi.link_offers GROUP BY 1, 2, 3, 4, 5 HAVING sum(amount) <> min(checkout_amount) AND count(*) = count(amount)`,
		"offers of another set":             `SELECT o.checkout_link_id, o.price_id FROM polar_bi.link_offers AS o LEFT JOIN polar_bi.link_checkouts AS c ON c.checkout_link_id = o.checkout_link_id AND c.product_id = o.product_id AND c.currency IS NOT DISTINCT FROM o.currency AND c.legacy_price_id IS NOT DISTINCT FROM CASE WHEN o.is_legacy THEN o.price_id END WHERE (c.amount, c.discount_amount, c.net_amount, c.due_now_amount, c.is_sellable, c.why_not, c.is_default_currency) IS DISTINCT FROM (o.checkout_amount, o.discount_amount, o.net_amount, o.due_now_amount, o.is_sellable, o.why_not, o.is_default_currency)`,
		"prices that are not offered":       `SELECT checkout_link_id, product_id, sum(prices) FROM polar_bi.link_checkouts GROUP BY 1, 2 HAVING sum(prices) <> (SELECT count(*) FROM polar_bi.link_offers AS o WHERE o.checkout_link_id = link_checkouts.checkout_link_id AND o.product_id = link_checkouts.product_id)`,
		"a link that sells and does not":    `SELECT checkout_link_id FROM polar_bi.unsellable_links INTERSECT SELECT checkout_link_id FROM polar_bi.link_checkouts WHERE is_preselected AND is_sellable`,
		"a link that does neither":          `SELECT id FROM polar.checkout_links EXCEPT SELECT checkout_link_id FROM polar_bi.unsellable_links EXCEPT SELECT checkout_link_id FROM polar_bi.link_checkouts WHERE is_preselected AND is_sellable`,
		"a link gone, and not since when":   `SELECT * FROM polar_bi.unsellable_links WHERE (reason = 'gone') IS DISTINCT FROM (since IS NOT NULL) OR (reason IN ('gone', 'no_products', 'no_open_product')) <> (product_id IS NULL)`,
		"a blank label":                     `SELECT link_label FROM polar_bi.link_checkouts WHERE btrim(link_label, E' \t\n\r\f\x0B') = '' UNION ALL SELECT label FROM polar_bi.checkout_links WHERE btrim(label, E' \t\n\r\f\x0B') = '' UNION ALL SELECT link_label FROM polar_bi.freshness WHERE btrim(link_label, E' \t\n\r\f\x0B') = ''`,
		"a spell missing":                   `SELECT price_id FROM polar_bi.price_history GROUP BY 1 HAVING min(spell) <> 1 OR max(spell) <> count(*)`,
		"a price without history":           `SELECT id, created_at FROM polar.prices EXCEPT SELECT price_id, valid_from FROM polar_bi.price_history WHERE spell = 1`,
		"an offer that is not current":      `SELECT id FROM polar.prices WHERE removed_at IS NULL EXCEPT SELECT price_id FROM polar_bi.price_history WHERE is_current`,
		"what is current, and not offered":  `SELECT price_id FROM polar_bi.price_history WHERE is_current EXCEPT SELECT id FROM polar.prices WHERE removed_at IS NULL`,
		"an end of what is current":         `SELECT * FROM polar_bi.price_history WHERE is_current <> (valid_to IS NULL) OR is_current <> (ended_by IS NULL) OR is_current AND num_nonnulls(valid_to_not_before, valid_to_not_after) > 0`,
		"redemptions left below none":       `SELECT * FROM polar_bi.discounts WHERE redemptions_left < 0 OR max_redemptions IS NULL AND redemptions_left IS NOT NULL OR (status = 'used_up' AND redemptions_left <> 0)`,
		"amounts of what is not fixed":      `SELECT * FROM polar_bi.discounts WHERE type <> 'fixed' AND amounts IS NOT NULL`,
		"a status that is told otherwise":   `SELECT * FROM polar_bi.link_checkouts AS c JOIN polar_bi.discounts AS d USING (discount_id) WHERE c.discount_status IN ('not_started', 'ended', 'used_up') AND c.discount_status <> d.status OR c.discount_status IN ('other_currency', 'nothing_to_discount', 'applied') AND d.status <> 'redeemable'`,
		"live links counted otherwise":      `SELECT * FROM polar_bi.discounts AS d WHERE live_links <> (SELECT count(*) FROM polar_bi.checkout_links AS l WHERE l.is_live AND l.discount_id = d.discount_id)`,
		"a product watched without a link":  `SELECT * FROM polar_bi.products WHERE is_watched <> (live_links > 0)`,
		"a change of what Polar notes":      `SELECT * FROM polar_bi.changes WHERE field = 'modified_at'`,
		"what is hidden":                    `SELECT * FROM polar_bi.changes WHERE field IN ('url', 'client_secret', 'extra') AND (before, after) IS DISTINCT FROM ('[hidden]', '[hidden]')`,
		"freshness that is told of no link": `SELECT * FROM polar_bi.freshness WHERE status NOT IN ('ok', 'failing', 'never_seen') OR (status = 'ok') <> (failing_since IS NULL) OR status = 'never_seen' AND seen_at IS NOT NULL OR status <> 'never_seen' AND seen_at IS NULL`,
	}
}

// twice asks for keys that a view has more than once.
func twice(view, key string) string {
	return `SELECT ` + key + ` FROM polar_bi.` + view + ` GROUP BY ` + key + ` HAVING count(*) > 1`
}

// TestWhatHoldsForAnyRows holds the views to what they promise of every row, also over rows that Polar could not have sent.
func TestWhatHoldsForAnyRows(t *testing.T) {
	t.Parallel()
	d, x := newExtremes(t)
	overAnyRows(t, d, x, 3, func(seed uint64, tx pgx.Tx) {
		for what, sql := range broken() {
			rows, err := tx.Query(t.Context(), `SELECT left(x::text, 1000) FROM (`+sql+`) AS x`, pgx.QueryExecModeSimpleProtocol)
			if err != nil {
				t.Fatal(err)
			}
			got, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Fatalf("seed %d: %s: %v\n%s", seed, what, err, sql)
			}
			if len(got) > 0 {
				t.Errorf("seed %d: %s: %d rows, as %s", seed, what, len(got), got[0])
			}
		}
	})
}
