-- name: ListLinkChanges :many
-- The last changes of a link and of everything under it, newest first, with the
-- name of what changed. Omits what the run that first saw the link saw then.
WITH link AS (
    SELECT l.id, l.discount_id
    FROM checkout_links AS l
    WHERE l.id = @link_id
),
first_sight AS (
    SELECT f.run_id
    FROM changes AS f
    WHERE f.entity_id = @link_id AND f.entity = 'checkout_links' AND f.op = 'insert'
),
offered AS (
    SELECT j.product_id
    FROM checkout_link_products AS j
    WHERE j.checkout_link_id = @link_id
    UNION
    SELECT (coalesce(c.after, c.before) ->> 'product_id')::uuid
    FROM changes AS c
    WHERE c.entity_id = @link_id AND c.entity = 'checkout_link_products' AND coalesce(c.after, c.before) ? 'product_id'
),
named AS (
    SELECT l.id, coalesce(nullif(l.label, ''), l.id::text) AS name FROM checkout_links AS l WHERE l.id = @link_id
    UNION ALL
    SELECT d.id, d.name FROM discounts AS d JOIN link AS l ON l.discount_id = d.id
    UNION ALL
    SELECT p.id, p.name FROM products AS p JOIN offered AS o ON o.product_id = p.id
    UNION ALL
    SELECT r.id, p.name FROM prices AS r JOIN products AS p ON p.id = r.product_id JOIN offered AS o ON o.product_id = p.id
    UNION
    SELECT m.id, m.name FROM meters AS m JOIN prices AS r ON r.meter_id = m.id JOIN offered AS o ON o.product_id = r.product_id
    UNION
    SELECT b.id, b.description FROM benefits AS b JOIN product_benefits AS j ON j.benefit_id = b.id JOIN offered AS o ON o.product_id = j.product_id
    UNION
    SELECT f.id, f.name FROM medias AS f JOIN product_medias AS j ON j.media_id = f.id JOIN offered AS o ON o.product_id = j.product_id
)
SELECT
    c.id, c.entity, c.entity_id, c.op, c.before, c.after, c.not_before, c.not_after, c.run_id,
    n.name::text AS subject
FROM changes AS c
JOIN named AS n ON n.id = c.entity_id
LEFT JOIN first_sight AS s ON s.run_id = c.run_id
WHERE s.run_id IS NULL
ORDER BY c.id DESC
LIMIT @most;

-- name: ListNames :many
-- Names of things, by id.
SELECT p.id, p.name FROM products AS p WHERE p.id = ANY (@id::uuid[])
UNION ALL
SELECT b.id, b.description FROM benefits AS b WHERE b.id = ANY (@id::uuid[])
UNION ALL
SELECT f.id, f.name FROM medias AS f WHERE f.id = ANY (@id::uuid[])
UNION ALL
SELECT m.id, m.name FROM meters AS m WHERE m.id = ANY (@id::uuid[])
UNION ALL
SELECT d.id, d.name FROM discounts AS d WHERE d.id = ANY (@id::uuid[]);

-- name: ListPrices :many
-- Prices, each its whole row with its tiers in order.
SELECT
    r.id,
    (to_jsonb(r) || jsonb_build_object('tiers', (
        SELECT jsonb_agg(to_jsonb(t) ORDER BY t.position) FROM price_tiers AS t WHERE t.price_id = r.id
    )))::jsonb AS price
FROM prices AS r
WHERE r.id = ANY (@id::uuid[]);

-- name: ListOffers :many
-- What a link offers, or did when it was last there: its products in order, and the
-- live prices of each.
SELECT
    p.name AS product, p.is_archived, lp.position, r.id AS price_id
FROM checkout_link_products AS lp
JOIN products AS p ON p.id = lp.product_id
LEFT JOIN prices AS r ON r.product_id = p.id AND r.removed_at IS NULL
WHERE lp.checkout_link_id = @id
ORDER BY lp.position, r.amount_type, r.price_currency, r.price_amount, r.id;

-- name: GetCheckoutLinkStory :one
-- A link, and the discount it applies.
SELECT
    l.id, l.label, l.organization_id, l.created_at, l.first_seen_at, l.changed_at, l.removed_at,
    d.name AS discount, d.type AS discount_type, d.basis_points, d.code AS discount_code, d.ends_at AS discount_ends_at
FROM checkout_links AS l
LEFT JOIN discounts AS d ON d.id = l.discount_id
WHERE l.id = @id;

-- name: PruneChanges :execrows
-- Deletes history past its time, at most so many rows.
DELETE FROM changes
WHERE id IN (
    SELECT c.id
    FROM changes AS c
    WHERE c.not_after < @older_than
    LIMIT @most
);
