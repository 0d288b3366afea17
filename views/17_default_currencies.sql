-- The currency that an organization must have as its default: Polar lets no product be saved without a price in it, so all have it.
CREATE OR REPLACE VIEW polar.default_currencies AS
SELECT
    c.organization_id,
    min(c.currency) AS currency
FROM (
    SELECT
        r.organization_id,
        r.currency,
        count(*) AS having_it,
        sum(count(*) FILTER (WHERE r.is_first)) OVER (PARTITION BY r.organization_id) AS products
    FROM (
        SELECT
            p.organization_id,
            q.price_currency AS currency,
            q.price_currency = min(q.price_currency) OVER (PARTITION BY p.id) AS is_first -- so that each product counts once
        FROM polar.products AS p
        JOIN polar.prices AS q ON q.product_id = p.id
        WHERE NOT p.is_archived
            AND CASE WHEN q.removed_at IS NULL THEN true ELSE false END -- as in live_prices
            AND q.price_currency IS NOT NULL
            AND p.id IN (
                SELECT j.product_id
                FROM polar.checkout_link_products AS j
                WHERE NOT EXISTS ( -- cheaper than to look for those that are live
                    SELECT FROM polar.checkout_links AS l
                    WHERE l.id = j.checkout_link_id AND l.removed_at IS NOT NULL
                )
            )
        GROUP BY p.organization_id, p.id, q.price_currency
    ) AS r
    GROUP BY r.organization_id, r.currency
) AS c
WHERE c.having_it = c.products
GROUP BY c.organization_id
HAVING count(*) = 1;

COMMENT ON VIEW polar.default_currencies IS 'The default currency of organizations, where it can be inferred: the only one that all unarchived products on live links have. For the views of analysts.';
COMMENT ON COLUMN polar.default_currencies.organization_id IS 'The organization';
COMMENT ON COLUMN polar.default_currencies.currency IS 'Code in lower case';
