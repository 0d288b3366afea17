-- Every product x way to pay, as its checkouts open when nobody asks for a quantity. A product without a live price has one row.
CREATE OR REPLACE VIEW polar.product_ways AS
SELECT
    p.id AS product_id,
    p.name AS product_name,
    p.is_archived,
    p.visibility,
    p.is_recurring,
    CASE WHEN s.legacy_price_id IS NULL THEN p.recurring_interval ELSE s.legacy_interval END AS recurring_interval,
    CASE WHEN s.legacy_price_id IS NULL THEN p.recurring_interval_count ELSE 1 END AS recurring_interval_count,
    p.trial_interval,
    p.trial_interval_count,
    s.currency,
    CASE WHEN s.currency IS NULL THEN NULL WHEN z.currency IS NULL THEN 2 ELSE 0 END AS currency_exponent,
    CASE WHEN s.currency IS NULL THEN NULL WHEN z.currency IS NULL THEN 0.01 ELSE 1 END AS minor_unit,
    CASE WHEN s.currency = c.currency THEN true WHEN s.currency <> c.currency THEN false END AS is_default_currency,
    s.legacy_price_id,
    s.way_to_pay,
    coalesce(s.prices, 0) AS prices,
    coalesce(s.metered_prices, 0) AS metered_prices,
    coalesce(s.buyer_chooses, false) AS buyer_chooses,
    s.quantity_kind,
    s.quantity,
    s.quantity_is_locked,
    coalesce(s.is_askable, false) AS is_askable,
    s.amount,
    CASE WHEN f.product_id IS NULL THEN true ELSE false END AS is_free
FROM polar.products AS p
LEFT JOIN polar.price_sets AS s ON s.product_id = p.id AND s.asked_by = 'price'
LEFT JOIN polar.zero_decimal_currencies AS z ON z.currency = s.currency
LEFT JOIN polar.default_currencies AS c ON c.organization_id = p.organization_id
LEFT JOIN (
    SELECT DISTINCT v.product_id
    FROM polar.live_prices AS v
    WHERE NOT v.is_free
) AS f ON f.product_id = p.id;

COMMENT ON VIEW polar.product_ways IS 'Every product by every way to pay for it: a currency, or a legacy price. For the views of analysts.';
COMMENT ON COLUMN polar.product_ways.product_id IS 'The product';
COMMENT ON COLUMN polar.product_ways.product_name IS 'Its name';
COMMENT ON COLUMN polar.product_ways.is_archived IS 'As in products';
COMMENT ON COLUMN polar.product_ways.visibility IS 'As in products';
COMMENT ON COLUMN polar.product_ways.is_recurring IS 'As in products';
COMMENT ON COLUMN polar.product_ways.recurring_interval IS 'Billing interval: the product''s, or the legacy price''s; null for a one-time purchase';
COMMENT ON COLUMN polar.product_ways.recurring_interval_count IS 'Intervals between two payments; null for a one-time purchase';
COMMENT ON COLUMN polar.product_ways.trial_interval IS 'As in products';
COMMENT ON COLUMN polar.product_ways.trial_interval_count IS 'As in products';
COMMENT ON COLUMN polar.product_ways.currency IS 'Code in lower case; null for prices without one, and without a live price';
COMMENT ON COLUMN polar.product_ways.currency_exponent IS 'Decimals of the currency at Polar, 0 or 2; null without one';
COMMENT ON COLUMN polar.product_ways.minor_unit IS 'What a minor unit is in the currency''s own: 0.01 or 1; null without a currency';
COMMENT ON COLUMN polar.product_ways.is_default_currency IS 'Whether the currency is the organization''s default; null when that cannot be inferred';
COMMENT ON COLUMN polar.product_ways.legacy_price_id IS 'The legacy price that is this way to pay; else null';
COMMENT ON COLUMN polar.product_ways.way_to_pay IS 'Names the way among those of the product; null without a live price';
COMMENT ON COLUMN polar.product_ways.prices IS 'Prices in the set';
COMMENT ON COLUMN polar.product_ways.metered_prices IS 'Those that are billed by usage';
COMMENT ON COLUMN polar.product_ways.buyer_chooses IS 'True with a price that the buyer chooses';
COMMENT ON COLUMN polar.product_ways.quantity_kind IS 'seats or units, with such a price; else null';
COMMENT ON COLUMN polar.product_ways.quantity IS 'The least number that can be bought; null without such a price';
COMMENT ON COLUMN polar.product_ways.quantity_is_locked IS 'False; null without such a price';
COMMENT ON COLUMN polar.product_ways.is_askable IS 'False when Polar could not ask for the sum, and without a live price';
COMMENT ON COLUMN polar.product_ways.amount IS 'The sum in minor units; null when Polar could not ask for it or a price is of an unknown kind';
COMMENT ON COLUMN polar.product_ways.is_free IS 'True when no price of the product, in any currency, asks for anything';
