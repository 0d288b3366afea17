-- The tiers of seats, units and usage in the same terms: until which unit, at which rate.
CREATE OR REPLACE VIEW polar.tier_rates AS
SELECT
    t.price_id,
    t.position,
    coalesce(t.max_seats, t.bound, 'Infinity'::numeric) AS until,
    coalesce(t.price_per_seat, t.unit_amount) AS rate
FROM polar.price_tiers AS t;

COMMENT ON VIEW polar.tier_rates IS 'The tiers of seats, units and usage in the same terms. For the views of analysts.';
COMMENT ON COLUMN polar.tier_rates.price_id IS 'The price';
COMMENT ON COLUMN polar.tier_rates.position IS 'Place of the tier in Polar''s list, from 0';
COMMENT ON COLUMN polar.tier_rates.until IS 'The last unit that the tier covers; Infinity for a tier without an end';
COMMENT ON COLUMN polar.tier_rates.rate IS 'What a seat or unit in this tier costs, in minor units, exact; null when Polar did not send it';
