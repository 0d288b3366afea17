-- When discounts were redeemed: each change of a count that was seen.
CREATE OR REPLACE VIEW polar_bi.discount_redemptions AS
SELECT
    c.entity_id AS discount_id,
    d.name AS discount_name,
    d.organization_id,
    CASE
        WHEN c.now::numeric - c.was BETWEEN -9223372036854775808 AND 9223372036854775807 THEN (c.now::numeric - c.was)::bigint
    END AS redemptions,
    c.now AS redemptions_count,
    c.not_before,
    c.not_after
FROM (
    -- Numbers of a bigint, as the trigger writes them; nothing else may raise an error.
    SELECT
        h.entity_id,
        CASE
            WHEN jsonb_typeof(h.before -> 'redemptions_count') <> 'number' THEN NULL
            WHEN (h.before -> 'redemptions_count')::numeric BETWEEN -9223372036854775808 AND 9223372036854775807
                THEN (h.before -> 'redemptions_count')::bigint
        END AS was,
        CASE
            WHEN jsonb_typeof(h.after -> 'redemptions_count') <> 'number' THEN NULL
            WHEN (h.after -> 'redemptions_count')::numeric BETWEEN -9223372036854775808 AND 9223372036854775807
                THEN (h.after -> 'redemptions_count')::bigint
        END AS now,
        h.not_before,
        h.not_after
    FROM polar.changes AS h
    WHERE h.entity = 'discounts' AND h.op = 'update' AND h.before ? 'redemptions_count' -- as the index has it
) AS c
LEFT JOIN polar.discounts AS d ON d.id = c.entity_id;

COMMENT ON VIEW polar_bi.discount_redemptions IS 'Redemptions over time: one row for every change of a discount''s count that was seen. What was redeemed before the first sync has no time and is not here.';
COMMENT ON COLUMN polar_bi.discount_redemptions.discount_id IS 'Polar''s id of the discount';
COMMENT ON COLUMN polar_bi.discount_redemptions.discount_name IS 'Present name of the discount; null when its row was deleted by hand';
COMMENT ON COLUMN polar_bi.discount_redemptions.organization_id IS 'Polar''s id of the merchant''s organization; null when the discount''s row was deleted by hand';
COMMENT ON COLUMN polar_bi.discount_redemptions.redemptions IS 'Number of redemptions between the bounds; negative when Polar gave one back after a failed checkout; null when a bigint cannot hold it';
COMMENT ON COLUMN polar_bi.discount_redemptions.redemptions_count IS 'How often the discount had been used afterwards';
COMMENT ON COLUMN polar_bi.discount_redemptions.not_before IS 'It happened later than this; null when that is not known';
COMMENT ON COLUMN polar_bi.discount_redemptions.not_after IS 'It had happened by then';
