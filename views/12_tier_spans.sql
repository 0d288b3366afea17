-- Which units each tier covers. The first counts from unit 1, whatever the least quantity, and every other from where those before it
-- end; a tier without an end leaves nothing to those behind it.
CREATE OR REPLACE VIEW polar.tier_spans AS
SELECT
    t.price_id,
    t.position,
    coalesce(
        max(t.until) OVER (PARTITION BY t.price_id ORDER BY t.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0
    ) AS after,
    t.until,
    last_value(t.until) OVER (
        PARTITION BY t.price_id ORDER BY t.position ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) AS last,
    t.rate
FROM polar.tier_rates AS t;

COMMENT ON VIEW polar.tier_spans IS 'Which units each tier of a price covers, as Polar counts them. For the views of analysts.';
COMMENT ON COLUMN polar.tier_spans.price_id IS 'The price';
COMMENT ON COLUMN polar.tier_spans.position IS 'Place of the tier in Polar''s list, from 0';
COMMENT ON COLUMN polar.tier_spans.after IS 'The tier covers the units behind this one';
COMMENT ON COLUMN polar.tier_spans.until IS 'The last unit that the tier covers; Infinity for a tier without an end';
COMMENT ON COLUMN polar.tier_spans.last IS 'The last unit that the last tier of the price covers';
COMMENT ON COLUMN polar.tier_spans.rate IS 'What a seat or unit in this tier costs, in minor units, exact; null when Polar did not send it';
