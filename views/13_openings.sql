-- The seats and units that checkouts of a product are opened with: left to the price, and those that live links ask for. Prices are
-- worked out once for each, since they are few beside the links.
CREATE OR REPLACE VIEW polar.openings AS
SELECT
    p.id AS product_id,
    'price'::text AS asked_by,
    0::bigint AS seats,
    0::bigint AS units
FROM polar.products AS p
UNION ALL
SELECT DISTINCT
    j.product_id,
    'link'::text AS asked_by,
    coalesce(l.seats, 0) AS seats,
    coalesce(l.units, 0) AS units
FROM polar.checkout_links AS l
JOIN polar.checkout_link_products AS j ON j.checkout_link_id = l.id
WHERE CASE WHEN l.removed_at IS NULL THEN true ELSE false END -- as in live_prices
    AND (l.seats IS NOT NULL OR l.units IS NOT NULL);

COMMENT ON VIEW polar.openings IS 'The seats and units that checkouts of a product are opened with. For the views of analysts.';
COMMENT ON COLUMN polar.openings.product_id IS 'The product';
COMMENT ON COLUMN polar.openings.asked_by IS 'price: nobody asks for a number; link: live links ask for these';
COMMENT ON COLUMN polar.openings.seats IS 'Seats that the links ask for; 0: none';
COMMENT ON COLUMN polar.openings.units IS 'Units that the links ask for; 0: none';
