-- What a discount takes off, and what keeps it from applying anywhere. Grouped, so that it is worked out once for each discount.
CREATE OR REPLACE VIEW polar.discount_terms AS
SELECT
    d.id AS discount_id,
    d.name,
    CASE
        WHEN d.type <> 'fixed' THEN NULL
        WHEN count(a.currency) > 0 THEN jsonb_object_agg(a.currency, a.amount) FILTER (WHERE a.currency IS NOT NULL)
        WHEN d.currency IS NOT NULL AND d.amount IS NOT NULL THEN jsonb_build_object(d.currency, d.amount) -- the shape of 2025
        ELSE '{}'::jsonb
    END AS amounts,
    CASE WHEN d.type = 'percentage' THEN d.basis_points::float8 / 10000 END AS fraction,
    CASE
        WHEN d.type <> 'fixed' AND (d.type <> 'percentage' OR d.basis_points IS NULL) THEN 'unknown_kind'
        WHEN d.starts_at > now() THEN 'not_started'
        WHEN d.ends_at < now() THEN 'ended'
        WHEN d.redemptions_count >= d.max_redemptions THEN 'used_up'
    END AS hindrance
FROM polar.discounts AS d
LEFT JOIN polar.discount_amounts AS a ON a.discount_id = d.id
GROUP BY d.id;

COMMENT ON VIEW polar.discount_terms IS 'What a discount takes off, and what keeps it from applying anywhere. For the views of analysts.';
COMMENT ON COLUMN polar.discount_terms.discount_id IS 'The discount';
COMMENT ON COLUMN polar.discount_terms.name IS 'Its name';
COMMENT ON COLUMN polar.discount_terms.amounts IS 'fixed: what it takes off at most, by currency, in minor units; null for other kinds';
COMMENT ON COLUMN polar.discount_terms.fraction IS 'percentage: the part that it takes off, 1 for all, in binary double precision as Polar reckons; null for other kinds';
COMMENT ON COLUMN polar.discount_terms.hindrance IS 'Why it applies nowhere now: unknown_kind, not_started, ended, used_up; null when it may apply';
