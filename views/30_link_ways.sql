-- Every live link x product x way to pay: what the checkout asks for, and what becomes of the link's discount.
--
-- What nobody asks for costs nothing: whatever a link, a product or an organization has one of comes through a LEFT JOIN by its key,
-- which falls away with its columns. The joins take a filter on one link down to its rows. Those of one subject are in a view of their
-- own, since the planner moves only so many joins about (join_collapse_limit).
CREATE OR REPLACE VIEW polar.link_ways AS
SELECT
    l.id AS checkout_link_id,
    CASE WHEN btrim(l.label, E' \t\n\r\f\x0B') <> '' THEN l.label END AS link_label,
    l.organization_id,
    j.position AS product_position,
    w.product_id,
    w.product_name,
    CASE
        -- By hand two products can have one place.
        WHEN j.position = o.position AND NOT w.is_archived AND w.visibility IS DISTINCT FROM 'draft' THEN true
        ELSE false
    END AS is_preselected,
    w.currency,
    w.currency_exponent,
    w.minor_unit,
    w.is_default_currency,
    w.legacy_price_id,
    w.way_to_pay,
    coalesce(l.seats, 0) AS seats,
    coalesce(l.units, 0) AS units,
    w.prices,
    w.metered_prices,
    w.buyer_chooses,
    w.is_recurring,
    w.recurring_interval,
    w.recurring_interval_count,
    w.quantity_kind,
    CASE WHEN a.product_id IS NULL THEN w.quantity ELSE a.quantity END AS quantity,
    CASE WHEN a.product_id IS NULL THEN w.quantity_is_locked ELSE a.quantity_is_locked END AS quantity_is_locked,
    CASE WHEN w.is_recurring THEN coalesce(l.trial_interval, w.trial_interval) END AS trial_interval,
    CASE WHEN w.is_recurring THEN coalesce(l.trial_interval_count, w.trial_interval_count) END AS trial_interval_count,
    m.is_askable,
    CASE
        WHEN w.is_archived THEN 'product_archived'
        WHEN w.visibility = 'draft' THEN 'product_draft'
        WHEN w.way_to_pay IS NULL THEN 'no_price'
        WHEN NOT m.is_askable THEN 'amount_impossible'
    END AS why_not,
    -- CASE: the planner takes a bare IS NULL for rare, and would loop over what is not.
    CASE
        WHEN NOT w.is_archived AND w.visibility IS DISTINCT FROM 'draft' AND m.is_askable THEN true
        ELSE false
    END AS is_sellable,
    m.amount,
    l.discount_id,
    d.name AS discount_name,
    d.fraction AS discount_fraction,
    d.amounts -> w.currency AS discount_fixed,
    CASE
        WHEN l.discount_id IS NULL THEN 'none'
        WHEN d.hindrance IS NOT NULL THEN d.hindrance
        WHEN d.amounts IS NOT NULL AND d.amounts -> w.currency IS NULL THEN 'other_currency'
        WHEN w.is_free THEN 'nothing_to_discount'
        ELSE 'applied'
    END AS discount_status
FROM polar.checkout_links AS l
LEFT JOIN polar.discount_terms AS d ON d.discount_id = l.discount_id
JOIN polar.checkout_link_products AS j ON j.checkout_link_id = l.id
JOIN polar.product_ways AS w ON w.product_id = j.product_id
-- What the link's own seats and units come to. By way of products: the planner knows how many of these there are.
LEFT JOIN (
    SELECT
        p.id AS product_id,
        s.way_to_pay,
        s.seats,
        s.units,
        s.quantity,
        s.quantity_is_locked,
        s.is_askable,
        s.amount
    FROM polar.products AS p
    JOIN polar.price_sets AS s ON s.product_id = p.id AND s.asked_by = 'link'
) AS a
    ON a.product_id = w.product_id AND a.way_to_pay = w.way_to_pay
    AND a.seats = coalesce(l.seats, 0) AND a.units = coalesce(l.units, 0)
LEFT JOIN polar.opening_products AS o ON o.checkout_link_id = l.id
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN a.product_id IS NULL THEN w.amount ELSE a.amount END AS amount,
        CASE WHEN a.product_id IS NULL THEN w.is_askable ELSE a.is_askable END AS is_askable
) AS m
WHERE CASE WHEN l.removed_at IS NULL THEN true ELSE false END; -- as in live_prices

COMMENT ON VIEW polar.link_ways IS 'What live links ask for, product by product and way by way, before the discount is taken off. For the views of analysts.';
COMMENT ON COLUMN polar.link_ways.checkout_link_id IS 'Polar''s id of the checkout link';
COMMENT ON COLUMN polar.link_ways.link_label IS 'Label of the link as Polar holds it; null when it has none or nothing but white space';
COMMENT ON COLUMN polar.link_ways.organization_id IS 'Polar''s id of the merchant''s organization';
COMMENT ON COLUMN polar.link_ways.product_position IS 'Place of the product on the link, from 0';
COMMENT ON COLUMN polar.link_ways.product_id IS 'Polar''s id of the product';
COMMENT ON COLUMN polar.link_ways.product_name IS 'Name of the product, as customers see it';
COMMENT ON COLUMN polar.link_ways.is_preselected IS 'True for the product that the link opens with: the first that is neither archived nor a draft. True in all ways to pay for it, and for no product when none is open';
COMMENT ON COLUMN polar.link_ways.currency IS 'Currency of the amounts, a code in lower case; null when the price has none, and without a live price';
COMMENT ON COLUMN polar.link_ways.currency_exponent IS 'Decimals of the currency at Polar: 2, or 0 for those without minor units. Not ISO 4217''s. Null without a currency';
COMMENT ON COLUMN polar.link_ways.minor_unit IS 'What a minor unit is in the currency''s own: 0.01 or 1; null without a currency';
COMMENT ON COLUMN polar.link_ways.is_default_currency IS 'Whether it is the organization''s default currency, asked of buyers whose country has none of its own here. Inferred: the only currency that all products on live links have. Null when that is none or several, and without a currency';
COMMENT ON COLUMN polar.link_ways.legacy_price_id IS 'The legacy price that this row is about, of which the buyer chooses one; null on other rows';
COMMENT ON COLUMN polar.link_ways.way_to_pay IS 'Names the way to pay among those of the product; null without a live price';
COMMENT ON COLUMN polar.link_ways.seats IS 'Seats that the link asks for; 0: none';
COMMENT ON COLUMN polar.link_ways.units IS 'Units that the link asks for; 0: none';
COMMENT ON COLUMN polar.link_ways.prices IS 'Prices that make up the amount, metered ones included; 0 without a live price';
COMMENT ON COLUMN polar.link_ways.metered_prices IS 'Those of them that add nothing at once and are billed by usage';
COMMENT ON COLUMN polar.link_ways.buyer_chooses IS 'True when the buyer chooses the amount, or a part of it: amounts are then where the form starts';
COMMENT ON COLUMN polar.link_ways.is_recurring IS 'True for a subscription, false for a one-time purchase';
COMMENT ON COLUMN polar.link_ways.recurring_interval IS 'Billing interval: day, week, month, year; the legacy price''s on its row. Null for a one-time purchase';
COMMENT ON COLUMN polar.link_ways.recurring_interval_count IS 'Number of intervals between two payments; 1 on a legacy price''s row; null for a one-time purchase';
COMMENT ON COLUMN polar.link_ways.quantity_kind IS 'What the buyer buys a number of: seats or units; null when there is no such price';
COMMENT ON COLUMN polar.link_ways.quantity IS 'How many the checkout opens with: the link''s number if the price allows it, else the price''s least; null without such a price';
COMMENT ON COLUMN polar.link_ways.quantity_is_locked IS 'True when the link fixes that number; null without such a price';
COMMENT ON COLUMN polar.link_ways.trial_interval IS 'Unit of the trial in force, the link''s before the product''s: day, week, month, year; null without one and for one-time purchases';
COMMENT ON COLUMN polar.link_ways.trial_interval_count IS 'Number of units of the trial in force, the link''s before the product''s; null without one and for one-time purchases';
COMMENT ON COLUMN polar.link_ways.is_askable IS 'False when Polar could not ask for the amount, and without a live price';
COMMENT ON COLUMN polar.link_ways.why_not IS 'Why it cannot be bought, the first that holds: product_archived, product_draft, no_price, amount_impossible (Polar cannot ask for it: a part is missing, it is not whole, or does not fit 64 bits). Null when it can';
COMMENT ON COLUMN polar.link_ways.is_sellable IS 'Whether this can be bought; if not, why_not says why';
COMMENT ON COLUMN polar.link_ways.amount IS 'What the checkout asks for at once, before discount and tax, in minor units; null when it is impossible, or a price is of a kind not known yet';
COMMENT ON COLUMN polar.link_ways.discount_id IS 'The link''s own discount, applied or not; null for none';
COMMENT ON COLUMN polar.link_ways.discount_name IS 'Name of the link''s own discount; null for none';
COMMENT ON COLUMN polar.link_ways.discount_fraction IS 'The part that a percentage takes off, in binary double precision, as Polar reckons; null for other kinds';
COMMENT ON COLUMN polar.link_ways.discount_fixed IS 'What a fixed discount takes off at most, a number in minor units of this currency; null for other kinds and currencies';
COMMENT ON COLUMN polar.link_ways.discount_status IS 'What becomes of the link''s discount, the first that holds: none, unknown_kind, not_started, ended, used_up, other_currency, nothing_to_discount, applied. What does not apply is ignored, and the full amount asked';
