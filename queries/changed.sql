-- name: ListChangedSince :many
-- The rows that came, went or changed since a moment, in words for people. Join
-- rows and tiers have no times and are left out. A price has its product's name.
WITH c AS (
    SELECT
        1 AS place, 'price' AS entity, p.id, p.changed_at,
        CASE
            WHEN p.removed_at IS NOT NULL THEN 'gone'
            WHEN p.first_seen_at = p.changed_at THEN 'new'
            ELSE 'changed'
        END AS event,
        '"' || r.name || '"' AS name
    FROM prices AS p
    JOIN products AS r ON r.id = p.product_id
    UNION ALL
    SELECT
        2, 'link', id, changed_at,
        CASE
            WHEN removed_at IS NOT NULL THEN 'gone'
            WHEN first_seen_at = changed_at THEN 'new'
            ELSE 'changed'
        END,
        coalesce('"' || nullif(label, '') || '"', id::text)
    FROM checkout_links
    UNION ALL
    SELECT
        3, 'product', id, changed_at, CASE WHEN first_seen_at = changed_at THEN 'new' ELSE 'changed' END,
        '"' || name || '"'
    FROM products
    UNION ALL
    SELECT
        4, 'benefit', id, changed_at, CASE WHEN first_seen_at = changed_at THEN 'new' ELSE 'changed' END,
        '"' || description || '"'
    FROM benefits
    UNION ALL
    SELECT
        5, 'discount', id, changed_at, CASE WHEN first_seen_at = changed_at THEN 'new' ELSE 'changed' END,
        '"' || name || '", used ' || redemptions_count || ' times'
    FROM discounts
    UNION ALL
    SELECT
        6, 'media', id, changed_at, CASE WHEN first_seen_at = changed_at THEN 'new' ELSE 'changed' END,
        '"' || name || '"'
    FROM medias
    UNION ALL
    SELECT
        7, 'meter', id, changed_at, CASE WHEN first_seen_at = changed_at THEN 'new' ELSE 'changed' END,
        '"' || name || '", counts ' || unit
    FROM meters
)
SELECT c.entity::text AS entity, c.id::uuid AS id, c.event::text AS event, c.name::text AS name
FROM c
WHERE c.changed_at >= @since::timestamptz
ORDER BY c.place, c.event, c.name, c.id;
