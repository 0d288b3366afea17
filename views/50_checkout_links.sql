-- Every link ever seen, with how many products it offers and what its discount is called.
CREATE OR REPLACE VIEW polar_bi.checkout_links AS
SELECT
    l.id AS checkout_link_id,
    l.organization_id,
    CASE WHEN btrim(l.label, E' \t\n\r\f\x0B') = '' THEN NULL ELSE l.label END AS label,
    CASE WHEN l.removed_at IS NULL THEN true ELSE false END AS is_live,
    f.product_id,
    coalesce(n.products, 0) AS products,
    l.discount_id,
    d.name AS discount_name,
    l.allow_discount_codes,
    l.require_billing_address,
    l.trial_interval,
    l.trial_interval_count,
    l.seats,
    l.units,
    l.success_url,
    l.return_url,
    l.payment_processor,
    l.metadata,
    l.created_at,
    l.modified_at,
    l.first_seen_at,
    l.changed_at,
    l.removed_at
FROM polar.checkout_links AS l
LEFT JOIN polar.discounts AS d ON d.id = l.discount_id
LEFT JOIN (
    -- Nothing in the table forbids a second row at a position that was written by hand.
    SELECT DISTINCT ON (j.checkout_link_id) j.checkout_link_id, j.product_id
    FROM polar.checkout_link_products AS j
    WHERE j.position = 0
    ORDER BY j.checkout_link_id, j.product_id
) AS f ON f.checkout_link_id = l.id
LEFT JOIN (
    SELECT j.checkout_link_id, count(*) AS products
    FROM polar.checkout_link_products AS j
    GROUP BY j.checkout_link_id
) AS n ON n.checkout_link_id = l.id;

COMMENT ON VIEW polar_bi.checkout_links IS 'One row for every link ever seen, also for those that are gone. How much a link asks for is in link_checkouts.';
COMMENT ON COLUMN polar_bi.checkout_links.checkout_link_id IS 'Polar''s id of the link';
COMMENT ON COLUMN polar_bi.checkout_links.organization_id IS 'Polar''s id of the merchant''s organization';
COMMENT ON COLUMN polar_bi.checkout_links.label IS 'The merchant''s name for the link; null when it has none, or a blank one';
COMMENT ON COLUMN polar_bi.checkout_links.is_live IS 'False once Polar said that the link is gone';
COMMENT ON COLUMN polar_bi.checkout_links.product_id IS 'Product at position 0; null when the link has none. It need not be the one that opens: see link_checkouts.is_preselected';
COMMENT ON COLUMN polar_bi.checkout_links.products IS 'Number of products on the link, closed ones included; for a link that is gone as last known';
COMMENT ON COLUMN polar_bi.checkout_links.discount_id IS 'Polar''s id of the link''s own discount, whether it applies or not; null when it has none';
COMMENT ON COLUMN polar_bi.checkout_links.discount_name IS 'Name of the link''s own discount; null when it has none';
COMMENT ON COLUMN polar_bi.checkout_links.allow_discount_codes IS 'True when a buyer may enter a discount code';
COMMENT ON COLUMN polar_bi.checkout_links.require_billing_address IS 'True when the checkout asks for a full billing address; null when Polar did not send it';
COMMENT ON COLUMN polar_bi.checkout_links.trial_interval IS 'Unit of the trial that the link sets: day, week, month, year; null when it sets none. The one in force is in link_checkouts';
COMMENT ON COLUMN polar_bi.checkout_links.trial_interval_count IS 'Number of trial_interval units that the link sets; null when it sets none';
COMMENT ON COLUMN polar_bi.checkout_links.seats IS 'Number of seats that the link sets; null when it sets none';
COMMENT ON COLUMN polar_bi.checkout_links.units IS 'Number of units that the link sets; null when it sets none';
COMMENT ON COLUMN polar_bi.checkout_links.success_url IS 'Where a buyer goes after paying; may hold the literal {CHECKOUT_ID}; null for Polar''s own page';
COMMENT ON COLUMN polar_bi.checkout_links.return_url IS 'Where the back button of the checkout leads; null when there is none, or Polar did not send it';
COMMENT ON COLUMN polar_bi.checkout_links.payment_processor IS 'Who takes the payment: stripe, or a value Polar added since';
COMMENT ON COLUMN polar_bi.checkout_links.metadata IS 'The merchant''s own key-value pairs, which Polar copies to every checkout that starts here';
COMMENT ON COLUMN polar_bi.checkout_links.created_at IS 'When the link was created at Polar';
COMMENT ON COLUMN polar_bi.checkout_links.modified_at IS 'When the link''s own fields last changed at Polar; null until the first time. Does not move when its products change';
COMMENT ON COLUMN polar_bi.checkout_links.first_seen_at IS 'When we first saw the link';
COMMENT ON COLUMN polar_bi.checkout_links.changed_at IS 'When we last saw any of the link''s own fields changed';
COMMENT ON COLUMN polar_bi.checkout_links.removed_at IS 'When Polar said that the link is gone; null while it is live';
