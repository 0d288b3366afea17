-- What Polar sends since September 2026: prices by usage in tiers, and what a meter_credit gives.

-- +goose Up
ALTER TABLE benefits
    ADD COLUMN credit_units bigint,
    ADD COLUMN credit_meter_id uuid;

COMMENT ON COLUMN benefits.credit_units IS 'meter_credit: units of the meter that a customer gets in each period; null for other kinds, and when Polar did not send it';
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

-- +goose Down
-- The other COMMENTs stay: they are as true of the tables before.
COMMENT ON COLUMN benefits.extra IS 'Every key Polar sent for this benefit that has no column, value untouched';
ALTER TABLE benefits
    DROP COLUMN credit_meter_id,
    DROP COLUMN credit_units;
