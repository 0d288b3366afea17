-- What Polar sends since September 2026: prices by usage in tiers, and what a meter_credit gives; and
-- what the absence of a product from its links means.

-- +goose Up
ALTER TABLE benefits
    ADD COLUMN credit_units bigint,
    ADD COLUMN credit_meter_id uuid;

COMMENT ON COLUMN benefits.credit_units IS 'meter_credit: units of the meter that the customer is credited with; null for other kinds, and when Polar did not send it';
-- No foreign key: Polar names the meter without showing it, and it may not be among meters.
COMMENT ON COLUMN benefits.credit_meter_id IS 'meter_credit: Polar''s id of the meter; it is in meters only if a price that was seen counts by it. Null like credit_units';
COMMENT ON COLUMN benefits.extra IS 'Every key Polar sent for this benefit that has no column, value untouched; other properties of a meter_credit, and all properties of another kind, are under properties';

COMMENT ON COLUMN prices.amount_type IS 'Kind of price: fixed, custom (pay what you want), free, metered_unit, metered_tiers, seat_based, unit_based, or one Polar added since. It decides which of the amount columns are filled.';
COMMENT ON COLUMN prices.unit_amount IS 'metered_unit: price of one unit in minor units, with fractions of one, exact; null for metered_tiers, whose units cost what price_tiers says';
COMMENT ON COLUMN prices.cap_amount IS 'metered_unit and metered_tiers: most to charge per period, in minor units; null for no cap';
COMMENT ON COLUMN prices.meter_id IS 'metered_unit and metered_tiers: the meter that counts';
COMMENT ON COLUMN prices.price_per_seat IS 'seat_based: price of a seat in the first tier, in minor units, and so not what a seat costs: that is in price_tiers';
COMMENT ON COLUMN prices.tier_type IS 'seat_based, unit_based and metered_tiers: volume (one tier''s price for all) or graduated (each tier''s price for its share)';
COMMENT ON TABLE price_tiers IS 'The steps of a seat_based price (min_seats, max_seats, price_per_seat), or of a unit_based or metered_tiers one (bound, unit_amount).';
COMMENT ON COLUMN price_tiers.bound IS 'unit_based and metered_tiers: last unit this tier applies to; null for no end';
COMMENT ON COLUMN price_tiers.unit_amount IS 'unit_based and metered_tiers: price of one unit in minor units, exact';

-- A product that is archived at Polar vanishes from its links without a mark.
COMMENT ON TABLE products IS 'Products that a link offers or has offered. For sale is only what a live link offers: join checkout_link_products with checkout_links WHERE removed_at IS NULL. A product that is on no live link stays as it was last seen.';
COMMENT ON COLUMN products.is_archived IS 'True when an answer showed the product as archived. Polar of today never does: it takes an archived product off its links without a mark, so false does not mean for sale.';
COMMENT ON TABLE checkout_link_products IS 'Which products a link offers, as it was last seen; a link that is gone keeps its rows. For sale is what a live link offers, and nothing else. The first one that is neither archived nor a draft is preselected.';
COMMENT ON TABLE prices IS 'What a product costs, one row per price. Prices never change at Polar: a new amount is a new row, and the old one gets removed_at. For sale: WHERE removed_at IS NULL, and the product is on a live link.';
COMMENT ON COLUMN prices.is_archived IS 'True when an answer showed the price as archived. Polar nests only active prices: an archived one vanishes, and gets removed_at.';
COMMENT ON COLUMN prices.removed_at IS 'Start of the request that showed the product without this price; null while the product was last seen with it, which may be long ago if no live link offers the product';
COMMENT ON COLUMN checkout_links.removed_at IS 'Start of the request that Polar answered with "no such link"; null while the link is live. What it offered keeps its rows and is no longer for sale through it.';

-- +goose Down
-- The other COMMENTs stay: they are as true of the tables before.
COMMENT ON COLUMN benefits.extra IS 'Every key Polar sent for this benefit that has no column, value untouched';
ALTER TABLE benefits
    DROP COLUMN credit_meter_id,
    DROP COLUMN credit_units;
