-- The history as people read it: by name, a row for every column, without secrets.
--
-- Nothing stands between changes and its reader that would keep a filter on not_after from its index.
CREATE OR REPLACE VIEW polar_bi.changes AS
SELECT
    c.id AS change_id,
    c.run_id,
    c.not_before,
    c.not_after,
    c.op,
    c.entity,
    c.entity_id,
    CASE WHEN c.entity IN ('checkout_links', 'checkout_link_products') THEN c.entity_id END AS checkout_link_id,
    CASE
        WHEN c.entity IN ('products', 'product_benefits', 'product_medias') THEN c.entity_id
        WHEN c.entity IN ('prices', 'price_tiers') THEN r.product_id
        -- An update has only what changed, which is not the product.
        WHEN c.entity = 'checkout_link_products'
            AND coalesce(c.after, c.before) ->> 'product_id' ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$'
            THEN (coalesce(c.after, c.before) ->> 'product_id')::uuid
    END AS product_id,
    CASE
        WHEN c.entity IN ('checkout_links', 'checkout_link_products')
            THEN CASE WHEN btrim(l.label, E' \t\n\r\f\x0B') = '' THEN NULL ELSE l.label END
        WHEN c.entity IN ('products', 'product_benefits', 'product_medias') THEN p.name
        WHEN c.entity IN ('prices', 'price_tiers') THEN o.name
        WHEN c.entity IN ('discounts', 'discount_amounts') THEN d.name
        WHEN c.entity = 'benefits' THEN b.description
        WHEN c.entity = 'meters' THEN m.name
        WHEN c.entity = 'medias' THEN f.name
    END AS name,
    k.field,
    CASE WHEN k.field IN ('url', 'client_secret', 'extra') THEN '[hidden]' ELSE c.before ->> k.field END AS before,
    CASE WHEN k.field IN ('url', 'client_secret', 'extra') THEN '[hidden]' ELSE c.after ->> k.field END AS after,
    CASE WHEN c.op = 'insert' AND c.not_before IS NULL THEN true ELSE false END AS is_first_sight,
    CASE WHEN c.run_id IS NULL THEN true ELSE false END AS is_by_hand
FROM polar.changes AS c
-- The columns that changed; for what came, went or came back one row, whose column is the other id of a join row.
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN c.op = 'update' THEN e.key
            WHEN c.entity = 'checkout_link_products' THEN 'product_id'
            WHEN c.entity = 'product_benefits' THEN 'benefit_id'
            WHEN c.entity = 'product_medias' THEN 'media_id'
        END AS field
    FROM jsonb_object_keys(
        CASE
            WHEN c.op <> 'update' THEN '{"": null}'
            WHEN jsonb_typeof(c.before) = 'object' THEN c.before
            ELSE '{}'
        END
    ) AS e (key)
) AS k
LEFT JOIN polar.checkout_links AS l ON l.id = c.entity_id
LEFT JOIN polar.products AS p ON p.id = c.entity_id
LEFT JOIN polar.prices AS r ON r.id = c.entity_id
LEFT JOIN polar.products AS o ON o.id = r.product_id
LEFT JOIN polar.discounts AS d ON d.id = c.entity_id
LEFT JOIN polar.benefits AS b ON b.id = c.entity_id
LEFT JOIN polar.meters AS m ON m.id = c.entity_id
LEFT JOIN polar.medias AS f ON f.id = c.entity_id
WHERE k.field IS DISTINCT FROM 'modified_at';

COMMENT ON VIEW polar_bi.changes IS 'What changed: one row for every changed column, and one for a row that came, went or came back. The first load is a change too: see is_first_sight.';
COMMENT ON COLUMN polar_bi.changes.change_id IS 'Order of the changes; the columns of one change share it';
COMMENT ON COLUMN polar_bi.changes.run_id IS 'The run that saw it; null for an edit by hand';
COMMENT ON COLUMN polar_bi.changes.not_before IS 'It changed later than this; null when that is not known';
COMMENT ON COLUMN polar_bi.changes.not_after IS 'It had changed by then';
COMMENT ON COLUMN polar_bi.changes.op IS 'insert: came; update; remove: went; restore: came back';
COMMENT ON COLUMN polar_bi.changes.entity IS 'What kind of row changed: checkout_links, checkout_link_products, products, prices, price_tiers, meters, benefits, product_benefits, medias, product_medias, discounts, discount_amounts';
COMMENT ON COLUMN polar_bi.changes.entity_id IS 'Polar''s id of it; for tiers, amounts and join rows that of their owner: price, discount, product, link';
COMMENT ON COLUMN polar_bi.changes.checkout_link_id IS 'The link it is about; null when it is about none';
COMMENT ON COLUMN polar_bi.changes.product_id IS 'The product it is about; null when it is about none, and when a product only took another place on its link';
COMMENT ON COLUMN polar_bi.changes.name IS 'Present label or name of what changed, or of its owner: link, product (also for prices), discount, benefit, meter, picture; null without one';
COMMENT ON COLUMN polar_bi.changes.field IS 'The column that changed; for a product, benefit or picture that came to or left its owner the column of its id; else null for what came, went or came back';
COMMENT ON COLUMN polar_bi.changes.before IS 'The value before, as text; [hidden] for url, client_secret and extra; null for no value, and without a field';
COMMENT ON COLUMN polar_bi.changes.after IS 'The value afterwards, as text; [hidden] for url, client_secret and extra; null for no value, and without a field';
COMMENT ON COLUMN polar_bi.changes.is_first_sight IS 'True for an insert that may be no change at all: nothing of it was seen before';
COMMENT ON COLUMN polar_bi.changes.is_by_hand IS 'True when no run made the change';
