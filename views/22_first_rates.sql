-- The rate of a price's first tier.
CREATE OR REPLACE VIEW polar.first_rates AS
SELECT DISTINCT ON (t.price_id)
    t.price_id,
    t.rate
FROM polar.tier_rates AS t
ORDER BY t.price_id, t.position;

COMMENT ON VIEW polar.first_rates IS 'The rate of a price''s first tier. For the views of analysts.';
COMMENT ON COLUMN polar.first_rates.price_id IS 'The price, by seats, units or usage in tiers';
COMMENT ON COLUMN polar.first_rates.rate IS 'What a seat or unit in its first tier costs, in minor units, exact; null when Polar did not send it';
