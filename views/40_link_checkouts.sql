-- What a buyer is asked for: the view for "how much". link_sales has the rules; this is what analysts see of it.
CREATE OR REPLACE VIEW polar_bi.link_checkouts AS
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
    s.legacy_price_id,
    s.prices,
    s.metered_prices,
    s.buyer_chooses,
    s.is_recurring,
    s.recurring_interval,
    s.recurring_interval_count,
    s.quantity_kind,
    s.quantity,
    s.quantity_is_locked,
    s.trial_interval,
    s.trial_interval_count,
    s.is_sellable,
    s.why_not,
    s.amount,
    s.amount * s.minor_unit AS amount_major,
    s.discount_id,
    s.discount_name,
    s.discount_status,
    s.discount_amount,
    s.discount_amount * s.minor_unit AS discount_amount_major,
    s.net_amount,
    s.net_amount * s.minor_unit AS net_amount_major,
    s.due_now_amount,
    s.due_now_amount * s.minor_unit AS due_now_amount_major
FROM polar.link_sales AS s;

COMMENT ON VIEW polar_bi.link_checkouts IS 'What a buyer is asked for, now. One row for every live link x product x way to pay: a currency of the product, or one of its legacy prices. The view for "how much".';
COMMENT ON COLUMN polar_bi.link_checkouts.checkout_link_id IS 'Polar''s id of the checkout link';
COMMENT ON COLUMN polar_bi.link_checkouts.link_label IS 'Label of the link as Polar holds it; null when it has none or nothing but white space';
COMMENT ON COLUMN polar_bi.link_checkouts.organization_id IS 'Polar''s id of the merchant''s organization';
COMMENT ON COLUMN polar_bi.link_checkouts.product_position IS 'Place of the product on the link, from 0';
COMMENT ON COLUMN polar_bi.link_checkouts.product_id IS 'Polar''s id of the product';
COMMENT ON COLUMN polar_bi.link_checkouts.product_name IS 'Name of the product, as customers see it';
COMMENT ON COLUMN polar_bi.link_checkouts.is_preselected IS 'True for the product that the link opens with: the first that is neither archived nor a draft. True in all ways to pay for it, and for no product when none is open';
COMMENT ON COLUMN polar_bi.link_checkouts.currency IS 'Currency of the amounts, a code in lower case; null when the price has none, and without a live price';
COMMENT ON COLUMN polar_bi.link_checkouts.currency_exponent IS 'Decimals of the currency at Polar: 2, or 0 for those without minor units. Not ISO 4217''s. Null without a currency';
COMMENT ON COLUMN polar_bi.link_checkouts.is_default_currency IS 'Whether it is the organization''s default currency, asked of buyers whose country has none of its own here. Inferred: the only currency that all products on live links have. Null when that is none or several, and without a currency';
COMMENT ON COLUMN polar_bi.link_checkouts.legacy_price_id IS 'The legacy price that this row is about, of which the buyer chooses one; null on other rows';
COMMENT ON COLUMN polar_bi.link_checkouts.prices IS 'Prices that make up the amount, metered ones included; 0 without a live price';
COMMENT ON COLUMN polar_bi.link_checkouts.metered_prices IS 'Those of them that add nothing at once and are billed by usage';
COMMENT ON COLUMN polar_bi.link_checkouts.buyer_chooses IS 'True when the buyer chooses the amount, or a part of it: amounts are then where the form starts';
COMMENT ON COLUMN polar_bi.link_checkouts.is_recurring IS 'True for a subscription, false for a one-time purchase';
COMMENT ON COLUMN polar_bi.link_checkouts.recurring_interval IS 'Billing interval: day, week, month, year; the legacy price''s on its row. Null for a one-time purchase';
COMMENT ON COLUMN polar_bi.link_checkouts.recurring_interval_count IS 'Number of intervals between two payments; 1 on a legacy price''s row; null for a one-time purchase';
COMMENT ON COLUMN polar_bi.link_checkouts.quantity_kind IS 'What the buyer buys a number of: seats or units; null when there is no such price';
COMMENT ON COLUMN polar_bi.link_checkouts.quantity IS 'How many the checkout opens with: the link''s number if the price allows it, else the price''s least; null without such a price';
COMMENT ON COLUMN polar_bi.link_checkouts.quantity_is_locked IS 'True when the link fixes that number; null without such a price';
COMMENT ON COLUMN polar_bi.link_checkouts.trial_interval IS 'Unit of the trial in force, the link''s before the product''s: day, week, month, year; null without one and for one-time purchases';
COMMENT ON COLUMN polar_bi.link_checkouts.trial_interval_count IS 'Number of units of the trial in force, the link''s before the product''s; null without one and for one-time purchases';
COMMENT ON COLUMN polar_bi.link_checkouts.is_sellable IS 'Whether this can be bought; if not, why_not says why';
COMMENT ON COLUMN polar_bi.link_checkouts.why_not IS 'Why it cannot be bought, the first that holds: product_archived, product_draft, no_price, amount_impossible (Polar cannot ask for it: a part is missing, it is not whole, or does not fit 64 bits). Null when it can';
COMMENT ON COLUMN polar_bi.link_checkouts.amount IS 'What the checkout asks for at once, before discount and tax, in minor units; null when it is impossible, or a price is of a kind not known yet';
COMMENT ON COLUMN polar_bi.link_checkouts.amount_major IS 'amount in the currency''s own units; null without a currency';
COMMENT ON COLUMN polar_bi.link_checkouts.discount_id IS 'The link''s own discount, applied or not; null for none';
COMMENT ON COLUMN polar_bi.link_checkouts.discount_name IS 'Name of the link''s own discount; null for none';
COMMENT ON COLUMN polar_bi.link_checkouts.discount_status IS 'What becomes of the link''s discount, the first that holds: none, unknown_kind, not_started, ended, used_up, other_currency, nothing_to_discount, applied. What does not apply is ignored, and the full amount asked';
COMMENT ON COLUMN polar_bi.link_checkouts.discount_amount IS 'What the discount takes off, in minor units; 0 unless discount_status is applied; null when amount is';
COMMENT ON COLUMN polar_bi.link_checkouts.discount_amount_major IS 'discount_amount in the currency''s own units; null without a currency';
COMMENT ON COLUMN polar_bi.link_checkouts.net_amount IS 'What the buyer is asked for: amount less discount_amount, in minor units, before tax is added or named; null when amount is';
COMMENT ON COLUMN polar_bi.link_checkouts.net_amount_major IS 'net_amount in the currency''s own units; null without a currency';
COMMENT ON COLUMN polar_bi.link_checkouts.due_now_amount IS 'What is due at once, in minor units: 0 with a trial, else net_amount; null when it is not known, or nothing can be asked for';
COMMENT ON COLUMN polar_bi.link_checkouts.due_now_amount_major IS 'due_now_amount in the currency''s own units; null without a currency';
