-- What makes up link_checkouts, price by price.
CREATE OR REPLACE VIEW polar_bi.link_offers AS
SELECT
    s.checkout_link_id,
    s.link_label,
    s.organization_id,
    s.product_position,
    s.product_id,
    s.product_name,
    s.is_preselected,
    s.currency,
    s.currency_exponent,
    s.is_default_currency,
    s.is_recurring,
    s.recurring_interval,
    s.recurring_interval_count,
    s.trial_interval,
    s.trial_interval_count,
    s.is_sellable,
    s.why_not,
    s.discount_id,
    s.discount_name,
    s.discount_status,
    s.discount_amount,
    s.discount_amount * s.minor_unit AS discount_amount_major,
    q.price_id,
    q.amount_type,
    p.legacy AS is_legacy,
    p.tax_behavior,
    q.quantity_kind,
    CASE WHEN a.price_id IS NULL THEN q.quantity ELSE a.quantity END AS quantity,
    CASE WHEN a.price_id IS NULL THEN q.quantity_is_locked ELSE a.quantity_is_locked END AS quantity_is_locked,
    x.amount,
    x.amount * s.minor_unit AS amount_major,
    CASE WHEN q.amount_type = 'metered_unit' THEN p.unit_amount ELSE t.rate END AS unit_amount,
    CASE WHEN q.amount_type = 'metered_unit' THEN p.unit_amount ELSE t.rate END * s.minor_unit AS unit_amount_major,
    p.minimum_amount,
    p.maximum_amount,
    p.cap_amount,
    p.meter_id,
    m.name AS meter_name,
    s.amount AS checkout_amount,
    s.amount * s.minor_unit AS checkout_amount_major,
    s.net_amount,
    s.net_amount * s.minor_unit AS net_amount_major,
    s.due_now_amount,
    s.due_now_amount * s.minor_unit AS due_now_amount_major
FROM polar.link_sales AS s
JOIN polar.quoted_prices AS q
    ON q.product_id = s.product_id AND q.asked_by = 'price'
    -- CASE: of a table that was never analyzed the planner takes any two equal columns for rare, and would loop over what follows.
    AND CASE WHEN q.way_to_pay = s.way_to_pay THEN true ELSE false END
JOIN polar.prices AS p ON p.id = q.price_id
LEFT JOIN polar.quoted_prices AS a
    ON a.price_id = q.price_id AND a.asked_by = 'link' AND a.seats = s.seats AND a.units = s.units
LEFT JOIN polar.tier_rates AS t ON t.price_id = q.price_id AND t.position = 0
LEFT JOIN polar.meters AS m ON m.id = p.meter_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN a.price_id IS NULL THEN q.amount ELSE a.amount END AS amount
) AS x;

COMMENT ON VIEW polar_bi.link_offers IS 'link_checkouts price by price. One row for every live link x product x live price.';
COMMENT ON COLUMN polar_bi.link_offers.checkout_link_id IS 'Polar''s id of the checkout link';
COMMENT ON COLUMN polar_bi.link_offers.link_label IS 'Label of the link as Polar holds it; null when it has none or nothing but white space';
COMMENT ON COLUMN polar_bi.link_offers.organization_id IS 'Polar''s id of the merchant''s organization';
COMMENT ON COLUMN polar_bi.link_offers.product_position IS 'Place of the product on the link, from 0';
COMMENT ON COLUMN polar_bi.link_offers.product_id IS 'Polar''s id of the product';
COMMENT ON COLUMN polar_bi.link_offers.product_name IS 'Name of the product, as customers see it';
COMMENT ON COLUMN polar_bi.link_offers.is_preselected IS 'True for the product that the link opens with: the first that is neither archived nor a draft. True in all ways to pay for it, and for no product when none is open';
COMMENT ON COLUMN polar_bi.link_offers.currency IS 'Currency of the amounts, a code in lower case; null when the price has none, and without a live price';
COMMENT ON COLUMN polar_bi.link_offers.currency_exponent IS 'Decimals of the currency at Polar: 2, or 0 for those without minor units. Not ISO 4217''s. Null without a currency';
COMMENT ON COLUMN polar_bi.link_offers.is_default_currency IS 'Whether it is the organization''s default currency, asked of buyers whose country has none of its own here. Inferred: the only currency that all products on live links have. Null when that is none or several, and without a currency';
COMMENT ON COLUMN polar_bi.link_offers.is_recurring IS 'True for a subscription, false for a one-time purchase';
COMMENT ON COLUMN polar_bi.link_offers.recurring_interval IS 'Billing interval: day, week, month, year; the legacy price''s on its row. Null for a one-time purchase';
COMMENT ON COLUMN polar_bi.link_offers.recurring_interval_count IS 'Number of intervals between two payments; 1 on a legacy price''s row; null for a one-time purchase';
COMMENT ON COLUMN polar_bi.link_offers.trial_interval IS 'Unit of the trial in force, the link''s before the product''s: day, week, month, year; null without one and for one-time purchases';
COMMENT ON COLUMN polar_bi.link_offers.trial_interval_count IS 'Number of units of the trial in force, the link''s before the product''s; null without one and for one-time purchases';
COMMENT ON COLUMN polar_bi.link_offers.is_sellable IS 'Whether this can be bought; if not, why_not says why';
COMMENT ON COLUMN polar_bi.link_offers.why_not IS 'Why it cannot be bought, the first that holds: product_archived, product_draft, no_price, amount_impossible (Polar cannot ask for it: a part is missing, it is not whole, or does not fit 64 bits). Null when it can';
COMMENT ON COLUMN polar_bi.link_offers.discount_id IS 'The link''s own discount, applied or not; null for none';
COMMENT ON COLUMN polar_bi.link_offers.discount_name IS 'Name of the link''s own discount; null for none';
COMMENT ON COLUMN polar_bi.link_offers.discount_status IS 'What becomes of the link''s discount, the first that holds: none, unknown_kind, not_started, ended, used_up, other_currency, nothing_to_discount, applied. What does not apply is ignored, and the full amount asked';
COMMENT ON COLUMN polar_bi.link_offers.discount_amount IS 'What the discount takes off the whole checkout, in minor units, not off this price; 0 unless applied. Do not add it up';
COMMENT ON COLUMN polar_bi.link_offers.discount_amount_major IS 'discount_amount in the currency''s own units; null without a currency';
COMMENT ON COLUMN polar_bi.link_offers.price_id IS 'Polar''s id of the price';
COMMENT ON COLUMN polar_bi.link_offers.amount_type IS 'Kind of price: fixed, custom (pay what you want), free, metered_unit, metered_tiers, seat_based, unit_based, or one Polar added since';
COMMENT ON COLUMN polar_bi.link_offers.is_legacy IS 'True for a legacy price: the buyer chooses one of them, and each is asked for alone';
COMMENT ON COLUMN polar_bi.link_offers.tax_behavior IS 'Whether the amount includes tax: inclusive, exclusive, location; null for the organization''s default';
COMMENT ON COLUMN polar_bi.link_offers.quantity_kind IS 'What the price counts: seats or units; null for other kinds';
COMMENT ON COLUMN polar_bi.link_offers.quantity IS 'How many the checkout opens with: the link''s number if the price allows it, else its least; null for other kinds';
COMMENT ON COLUMN polar_bi.link_offers.quantity_is_locked IS 'True when the link fixes that number; null for other kinds';
COMMENT ON COLUMN polar_bi.link_offers.amount IS 'What this price adds to checkout_amount, in minor units; 0 for metered; null when it cannot be asked for or its kind is not known yet';
COMMENT ON COLUMN polar_bi.link_offers.amount_major IS 'amount in the currency''s own units; null without a currency';
COMMENT ON COLUMN polar_bi.link_offers.unit_amount IS 'Rate per unit, in minor units, exact: of a metered unit, or of the first tier of seats, units and metered tiers; null for other kinds';
COMMENT ON COLUMN polar_bi.link_offers.unit_amount_major IS 'unit_amount in the currency''s own units, exact; null without a currency';
COMMENT ON COLUMN polar_bi.link_offers.minimum_amount IS 'custom: least amount that the buyer may choose, in minor units; else null';
COMMENT ON COLUMN polar_bi.link_offers.maximum_amount IS 'custom: most that the buyer may choose, in minor units; null for no limit and for other kinds';
COMMENT ON COLUMN polar_bi.link_offers.cap_amount IS 'metered: most to charge a period, in minor units; null for no cap and for other kinds';
COMMENT ON COLUMN polar_bi.link_offers.meter_id IS 'metered: Polar''s id of the meter that counts; else null';
COMMENT ON COLUMN polar_bi.link_offers.meter_name IS 'metered: name of that meter; else null';
COMMENT ON COLUMN polar_bi.link_offers.checkout_amount IS 'What the whole checkout asks for at once, in minor units: link_checkouts.amount. The same on every price of the set: do not add it up';
COMMENT ON COLUMN polar_bi.link_offers.checkout_amount_major IS 'checkout_amount in the currency''s own units; null without a currency';
COMMENT ON COLUMN polar_bi.link_offers.net_amount IS 'checkout_amount less discount_amount, in minor units; of the whole checkout. Do not add it up';
COMMENT ON COLUMN polar_bi.link_offers.net_amount_major IS 'net_amount in the currency''s own units; null without a currency';
COMMENT ON COLUMN polar_bi.link_offers.due_now_amount IS 'What the whole checkout asks for at once, in minor units: 0 with a trial, else net_amount. Do not add it up';
COMMENT ON COLUMN polar_bi.link_offers.due_now_amount_major IS 'due_now_amount in the currency''s own units; null without a currency';
