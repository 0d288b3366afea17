-- What seats and units cost at the quantities that checkouts open with.
--
-- A rate can be any numeric. One beyond 1e30 is none that Polar could ask for, and none here, so that nothing overflows.
CREATE OR REPLACE VIEW polar.tiered_amounts AS
SELECT
    q.price_id,
    q.asked_by,
    q.seats,
    q.units,
    min(q.quantity) AS quantity,
    bool_and(q.quantity_is_locked) AS quantity_is_locked,
    -- Null when no tier covers the quantity, or one that has no rate.
    CASE
        WHEN bool_and(coalesce(abs(q.rate) <= 1e30, false)) FILTER (WHERE q.share > 0)
            THEN sum(CASE WHEN abs(q.rate) <= 1e30 THEN q.rate * q.share END) FILTER (WHERE q.share > 0)
    END AS amount
FROM (
    SELECT
        p.price_id,
        o.asked_by,
        o.seats,
        o.units,
        n.quantity,
        n.quantity_is_locked,
        s.rate,
        CASE
            WHEN p.tier_type = 'graduated' THEN least(s.until, n.quantity) - s.after
            WHEN n.quantity > s.after AND n.quantity <= s.until THEN n.quantity
        END AS share
    FROM polar.live_prices AS p
    JOIN polar.openings AS o ON o.product_id = p.product_id
    JOIN polar.tier_spans AS s ON s.price_id = p.price_id
    CROSS JOIN LATERAL (
        SELECT CASE p.quantity_kind WHEN 'seats' THEN o.seats ELSE o.units END AS asked
    ) AS a
    CROSS JOIN LATERAL (
        SELECT
            CASE WHEN a.asked BETWEEN p.least AND coalesce(p.most, s.last) THEN a.asked ELSE p.least END AS quantity,
            a.asked BETWEEN p.least AND coalesce(p.most, s.last) AS quantity_is_locked
    ) AS n
    WHERE p.quantity_kind IS NOT NULL
) AS q
GROUP BY q.price_id, q.asked_by, q.seats, q.units;

COMMENT ON VIEW polar.tiered_amounts IS 'What seats and units cost at the quantities that checkouts open with. For the views of analysts.';
COMMENT ON COLUMN polar.tiered_amounts.price_id IS 'The price, by seats or units';
COMMENT ON COLUMN polar.tiered_amounts.asked_by IS 'As in openings';
COMMENT ON COLUMN polar.tiered_amounts.seats IS 'As in openings';
COMMENT ON COLUMN polar.tiered_amounts.units IS 'As in openings';
COMMENT ON COLUMN polar.tiered_amounts.quantity IS 'How many the checkout opens with: what links ask for if the price allows that many, else its least number';
COMMENT ON COLUMN polar.tiered_amounts.quantity_is_locked IS 'True when that is what links ask for';
COMMENT ON COLUMN polar.tiered_amounts.amount IS 'What they cost, in minor units, exact, however large; null when a tier for them is missing or has no rate';
