-- Every price that is offered, in the terms of a checkout: what it adds to the sum, by which quantity, and whether it is free.
CREATE OR REPLACE VIEW polar.live_prices AS
SELECT
    p.id AS price_id,
    p.product_id,
    p.price_currency AS currency,
    CASE WHEN p.legacy THEN p.id END AS legacy_price_id,
    CASE WHEN p.legacy THEN p.recurring_interval END AS legacy_interval,
    p.amount_type,
    CASE p.amount_type
        WHEN 'fixed' THEN p.price_amount
        WHEN 'custom' THEN coalesce(p.preset_amount, p.minimum_amount)
        WHEN 'free' THEN 0
        WHEN 'metered_unit' THEN 0
        WHEN 'metered_tiers' THEN 0
    END AS plain_amount,
    CASE p.amount_type
        WHEN 'seat_based' THEN 'seats'
        WHEN 'unit_based' THEN 'units'
    END AS quantity_kind,
    CASE p.amount_type
        WHEN 'seat_based' THEN greatest(p.minimum_seats, 1)
        WHEN 'unit_based' THEN greatest(p.minimum_units, 1)
    END AS least,
    CASE p.amount_type
        WHEN 'seat_based' THEN p.maximum_seats
        WHEN 'unit_based' THEN p.maximum_units
    END AS most,
    coalesce(p.tier_type, 'volume') AS tier_type,
    p.amount_type IN ('metered_unit', 'metered_tiers') AS is_metered,
    CASE
        WHEN p.amount_type IN ('fixed', 'custom', 'free', 'metered_unit', 'metered_tiers') THEN true
        WHEN p.amount_type IN ('seat_based', 'unit_based') THEN coalesce(p.tier_type, 'volume') IN ('volume', 'graduated')
        ELSE false
    END AS is_known,
    CASE
        WHEN p.amount_type = 'free' THEN true
        WHEN p.amount_type = 'fixed' THEN coalesce(p.price_amount = 0, false)
        WHEN p.amount_type IN ('seat_based', 'unit_based') THEN coalesce(t.all_free, false)
        ELSE false
    END AS is_free
FROM polar.prices AS p
LEFT JOIN (
    SELECT r.price_id, bool_and(coalesce(r.rate = 0, false)) AS all_free
    FROM polar.tier_rates AS r
    GROUP BY r.price_id
) AS t ON t.price_id = p.id
-- CASE: before a table is analyzed the planner takes a bare IS NULL for rare, and loops over what is not.
WHERE CASE WHEN p.removed_at IS NULL THEN true ELSE false END;

COMMENT ON VIEW polar.live_prices IS 'Every price that is offered, in the terms of a checkout. For the views of analysts.';
COMMENT ON COLUMN polar.live_prices.price_id IS 'The price';
COMMENT ON COLUMN polar.live_prices.product_id IS 'The product';
COMMENT ON COLUMN polar.live_prices.currency IS 'Code in lower case; null for a price without one';
COMMENT ON COLUMN polar.live_prices.legacy_price_id IS 'The price again if it is a legacy one, which is a set of its own; else null';
COMMENT ON COLUMN polar.live_prices.legacy_interval IS 'Billing interval of a legacy price; else null';
COMMENT ON COLUMN polar.live_prices.amount_type IS 'Kind of price, as in prices';
COMMENT ON COLUMN polar.live_prices.plain_amount IS 'What a price without quantity adds to the sum, in minor units: metered ones nothing; null for seats and units, for an unknown kind, and when Polar did not send it';
COMMENT ON COLUMN polar.live_prices.quantity_kind IS 'seats or units: what the price counts; null for others';
COMMENT ON COLUMN polar.live_prices.least IS 'Least number of seats or units that can be bought, 1 or more; null for others';
COMMENT ON COLUMN polar.live_prices.most IS 'Greatest number; null: where the last tier ends';
COMMENT ON COLUMN polar.live_prices.tier_type IS 'volume, also when Polar did not say; graduated; or one Polar added since';
COMMENT ON COLUMN polar.live_prices.is_metered IS 'True when the price is billed by usage';
COMMENT ON COLUMN polar.live_prices.is_known IS 'False when the kind of price, or of its tiers, is not known yet';
COMMENT ON COLUMN polar.live_prices.is_free IS 'True when the price asks nothing for any quantity. What the buyer chooses and what is metered is never free.';
