-- Links that ask nobody for money, and why.
CREATE OR REPLACE VIEW polar_bi.unsellable_links AS
SELECT
    l.id AS checkout_link_id,
    CASE WHEN btrim(l.label, E' \t\n\r\f\x0B') <> '' THEN l.label END AS link_label,
    l.organization_id,
    CASE
        WHEN l.removed_at IS NOT NULL THEN 'gone'
        WHEN o.checkout_link_id IS NOT NULL THEN o.why_not
        WHEN EXISTS (SELECT FROM polar.checkout_link_products AS j WHERE j.checkout_link_id = l.id) THEN 'no_open_product'
        ELSE 'no_products'
    END AS reason,
    o.product_id,
    o.product_name,
    l.removed_at AS since
FROM polar.checkout_links AS l
LEFT JOIN (
    -- The product that a link opens with, by all ways to pay for it.
    SELECT
        w.checkout_link_id,
        bool_or(w.is_sellable) AS is_sellable,
        (array_agg(w.product_id) FILTER (WHERE NOT w.is_sellable))[1] AS product_id,
        min(w.product_name) FILTER (WHERE NOT w.is_sellable) AS product_name,
        min(w.why_not) AS why_not
    FROM polar.link_ways AS w
    WHERE w.is_preselected
    GROUP BY w.checkout_link_id
) AS o ON o.checkout_link_id = l.id
WHERE o.is_sellable IS NOT TRUE;

COMMENT ON VIEW polar_bi.unsellable_links IS 'Links that ask nobody for money, and why. One row a link. A link whose other products are closed sells, and is not here; nor is one whose discount does not apply.';
COMMENT ON COLUMN polar_bi.unsellable_links.checkout_link_id IS 'Polar''s id of the checkout link';
COMMENT ON COLUMN polar_bi.unsellable_links.link_label IS 'Label of the link as Polar holds it; null when it has none or nothing but white space';
COMMENT ON COLUMN polar_bi.unsellable_links.organization_id IS 'Polar''s id of the merchant''s organization';
COMMENT ON COLUMN polar_bi.unsellable_links.reason IS 'Why: gone (Polar says so), no_products, no_open_product (all are archived or drafts); or of the product that the link opens with: no_price, amount_impossible';
COMMENT ON COLUMN polar_bi.unsellable_links.product_id IS 'The product at fault; null for gone, no_products and no_open_product';
COMMENT ON COLUMN polar_bi.unsellable_links.product_name IS 'Name of the product at fault; null for gone, no_products and no_open_product';
COMMENT ON COLUMN polar_bi.unsellable_links.since IS 'gone: start of the request that Polar answered so. Else null: Polar does not say since when';
