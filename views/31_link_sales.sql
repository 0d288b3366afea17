-- link_ways with the discount taken off.
CREATE OR REPLACE VIEW polar.link_sales AS
SELECT
    b.checkout_link_id,
    b.link_label,
    b.organization_id,
    b.product_position,
    b.product_id,
    b.product_name,
    b.is_preselected,
    b.currency,
    b.currency_exponent,
    b.minor_unit,
    b.is_default_currency,
    b.legacy_price_id,
    b.way_to_pay,
    b.seats,
    b.units,
    b.prices,
    b.metered_prices,
    b.buyer_chooses,
    b.is_recurring,
    b.recurring_interval,
    b.recurring_interval_count,
    b.quantity_kind,
    b.quantity,
    b.quantity_is_locked,
    b.trial_interval,
    b.trial_interval_count,
    b.is_sellable,
    b.why_not,
    b.amount,
    b.discount_id,
    b.discount_name,
    b.discount_status,
    c.discount_amount,
    b.amount - c.discount_amount AS net_amount,
    CASE
        WHEN b.is_askable AND b.trial_interval IS NOT NULL AND b.trial_interval_count IS NOT NULL THEN 0
        ELSE b.amount - c.discount_amount
    END AS due_now_amount
FROM polar.link_ways AS b
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN b.amount IS NULL THEN NULL
            WHEN b.discount_id IS NULL OR b.amount <= 0 OR b.discount_status <> 'applied' THEN 0
            WHEN b.discount_fixed IS NOT NULL THEN least(greatest((b.discount_fixed #>> '{}')::bigint, 0), b.amount)
            WHEN b.amount::float8 * b.discount_fraction <= 0 THEN 0
            WHEN b.amount::float8 * b.discount_fraction >= 9223372036854775808 THEN b.amount -- the first double that is no bigint
            -- To the nearest whole, halves up: round() takes them to even.
            ELSE least(
                floor(b.amount::float8 * b.discount_fraction)::bigint
                + CASE WHEN b.amount::float8 * b.discount_fraction - floor(b.amount::float8 * b.discount_fraction) >= 0.5 THEN 1 ELSE 0 END,
                b.amount
            )
        END AS discount_amount
    OFFSET 0 -- worked out once a row, and not again wherever it is named
) AS c;

COMMENT ON VIEW polar.link_sales IS 'What live links sell, product by product and way by way. For the views of analysts.';
COMMENT ON COLUMN polar.link_sales.checkout_link_id IS 'Polar''s id of the checkout link';
COMMENT ON COLUMN polar.link_sales.link_label IS 'Label of the link as Polar holds it; null when it has none or nothing but white space';
COMMENT ON COLUMN polar.link_sales.organization_id IS 'Polar''s id of the merchant''s organization';
COMMENT ON COLUMN polar.link_sales.product_position IS 'Place of the product on the link, from 0';
COMMENT ON COLUMN polar.link_sales.product_id IS 'Polar''s id of the product';
COMMENT ON COLUMN polar.link_sales.product_name IS 'Name of the product, as customers see it';
COMMENT ON COLUMN polar.link_sales.is_preselected IS 'True for the product that the link opens with: the first that is neither archived nor a draft. True in all ways to pay for it, and for no product when none is open';
COMMENT ON COLUMN polar.link_sales.currency IS 'Currency of the amounts, a code in lower case; null when the price has none, and without a live price';
COMMENT ON COLUMN polar.link_sales.currency_exponent IS 'Decimals of the currency at Polar: 2, or 0 for those without minor units. Not ISO 4217''s. Null without a currency';
COMMENT ON COLUMN polar.link_sales.minor_unit IS 'What a minor unit is in the currency''s own: 0.01 or 1; null without a currency';
COMMENT ON COLUMN polar.link_sales.is_default_currency IS 'Whether it is the organization''s default currency, asked of buyers whose country has none of its own here. Inferred: the only currency that all products on live links have. Null when that is none or several, and without a currency';
COMMENT ON COLUMN polar.link_sales.legacy_price_id IS 'The legacy price that this row is about, of which the buyer chooses one; null on other rows';
COMMENT ON COLUMN polar.link_sales.way_to_pay IS 'Names the way to pay among those of the product; null without a live price';
COMMENT ON COLUMN polar.link_sales.seats IS 'Seats that the link asks for; 0: none';
COMMENT ON COLUMN polar.link_sales.units IS 'Units that the link asks for; 0: none';
COMMENT ON COLUMN polar.link_sales.prices IS 'Prices that make up the amount, metered ones included; 0 without a live price';
COMMENT ON COLUMN polar.link_sales.metered_prices IS 'Those of them that add nothing at once and are billed by usage';
COMMENT ON COLUMN polar.link_sales.buyer_chooses IS 'True when the buyer chooses the amount, or a part of it: amounts are then where the form starts';
COMMENT ON COLUMN polar.link_sales.is_recurring IS 'True for a subscription, false for a one-time purchase';
COMMENT ON COLUMN polar.link_sales.recurring_interval IS 'Billing interval: day, week, month, year; the legacy price''s on its row. Null for a one-time purchase';
COMMENT ON COLUMN polar.link_sales.recurring_interval_count IS 'Number of intervals between two payments; 1 on a legacy price''s row; null for a one-time purchase';
COMMENT ON COLUMN polar.link_sales.quantity_kind IS 'What the buyer buys a number of: seats or units; null when there is no such price';
COMMENT ON COLUMN polar.link_sales.quantity IS 'How many the checkout opens with: the link''s number if the price allows it, else the price''s least; null without such a price';
COMMENT ON COLUMN polar.link_sales.quantity_is_locked IS 'True when the link fixes that number; null without such a price';
COMMENT ON COLUMN polar.link_sales.trial_interval IS 'Unit of the trial in force, the link''s before the product''s: day, week, month, year; null without one and for one-time purchases';
COMMENT ON COLUMN polar.link_sales.trial_interval_count IS 'Number of units of the trial in force, the link''s before the product''s; null without one and for one-time purchases';
COMMENT ON COLUMN polar.link_sales.is_sellable IS 'Whether this can be bought; if not, why_not says why';
COMMENT ON COLUMN polar.link_sales.why_not IS 'Why it cannot be bought, the first that holds: product_archived, product_draft, no_price, amount_impossible (Polar cannot ask for it: a part is missing, it is not whole, or does not fit 64 bits). Null when it can';
COMMENT ON COLUMN polar.link_sales.amount IS 'What the checkout asks for at once, before discount and tax, in minor units; null when it is impossible, or a price is of a kind not known yet';
COMMENT ON COLUMN polar.link_sales.discount_id IS 'The link''s own discount, applied or not; null for none';
COMMENT ON COLUMN polar.link_sales.discount_name IS 'Name of the link''s own discount; null for none';
COMMENT ON COLUMN polar.link_sales.discount_status IS 'What becomes of the link''s discount, the first that holds: none, unknown_kind, not_started, ended, used_up, other_currency, nothing_to_discount, applied. What does not apply is ignored, and the full amount asked';
COMMENT ON COLUMN polar.link_sales.discount_amount IS 'What the discount takes off, in minor units; 0 unless discount_status is applied; null when amount is';
COMMENT ON COLUMN polar.link_sales.net_amount IS 'What the buyer is asked for: amount less discount_amount, in minor units, before tax is added or named; null when amount is';
COMMENT ON COLUMN polar.link_sales.due_now_amount IS 'What is due at once, in minor units: 0 with a trial, else net_amount; null when it is not known, or nothing can be asked for';
