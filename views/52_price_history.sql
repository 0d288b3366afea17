-- What a product cost when: every price, for every time that it was offered.
--
-- A filter on any of the columns that all windows and the GROUP BY divide by reaches the tables.
CREATE OR REPLACE VIEW polar_bi.price_history AS
SELECT
    s.price_id,
    s.spell::integer AS spell,
    s.product_id,
    s.product_name,
    s.organization_id,
    p.amount_type,
    p.price_currency AS currency,
    CASE
        WHEN p.price_currency IS NULL THEN NULL
        WHEN z.currency IS NULL THEN 2
        ELSE 0
    END AS currency_exponent,
    p.legacy AS is_legacy,
    CASE WHEN p.legacy THEN p.recurring_interval ELSE o.recurring_interval END AS recurring_interval,
    p.tax_behavior,
    a.amount,
    a.amount * u.of_minor AS amount_major,
    a.unit_amount,
    a.unit_amount * u.of_minor AS unit_amount_major,
    s.began_not_after AS valid_from,
    coalesce(s.replaced_at, s.ended_not_after) AS valid_to,
    CASE WHEN s.is_ended THEN false ELSE true END AS is_current,
    s.began_not_before AS valid_from_not_before,
    s.began_not_after AS valid_from_not_after,
    s.ended_not_before AS valid_to_not_before,
    s.ended_not_after AS valid_to_not_after,
    CASE
        WHEN NOT s.is_ended THEN NULL
        WHEN s.replaced_at IS NOT NULL THEN 'replaced'
        ELSE 'removed'
    END AS ended_by
FROM (
    -- The first price like it that Polar made within the bounds of its end.
    SELECT
        t.price_id, t.spell, t.product_id, t.product_name, t.organization_id,
        t.is_ended, t.began_not_before, t.began_not_after, t.ended_not_before, t.ended_not_after,
        min(r.created_at) AS replaced_at
    FROM (
        -- Turns between offered and not; what ends a turn begins the next.
        SELECT
            e.price_id, e.product_id, e.product_name, e.organization_id,
            e.amount_type, e.price_currency, e.first_seen_at,
            e.is_offered,
            count(*) FILTER (WHERE e.is_offered) OVER turns AS spell,
            e.not_before AS began_not_before,
            e.not_after AS began_not_after,
            lead(e.is_offered) OVER turns IS NOT NULL AS is_ended,
            lead(e.not_before) OVER turns AS ended_not_before,
            lead(e.not_after) OVER turns AS ended_not_after
        FROM (
            -- What is known of a price, in order: Polar made it, history, how its row is now. The row has the last word,
            -- since history may have been forgotten, and a row deleted by hand and read again leaves a gap in it.
            SELECT
                p.id AS price_id, p.product_id, o.name AS product_name, o.organization_id,
                p.amount_type, p.price_currency, p.first_seen_at,
                h.id AS number,
                h.op = 'restore' AS is_offered,
                h.not_before,
                CASE
                    WHEN h.id = 9223372036854775807 THEN greatest(h.not_after, lag(h.not_after) OVER known)
                    ELSE h.not_after
                END AS not_after,
                lag(h.op = 'restore') OVER known AS was_offered
            FROM polar.prices AS p
            JOIN polar.products AS o ON o.id = p.product_id
            JOIN (
                -- All three without a WHERE, so that a price's id gets at the index of each.
                SELECT b.id AS price_id, 'prices' AS entity, 0::bigint AS id, 'restore' AS op, '{}'::jsonb AS after, b.created_at AS not_before, b.created_at AS not_after
                FROM polar.prices AS b
                UNION ALL
                SELECT c.entity_id, c.entity, c.id, c.op, c.after, c.not_before, c.not_after
                FROM polar.changes AS c
                UNION ALL
                SELECT
                    n.id, 'prices', 9223372036854775807, CASE WHEN n.removed_at IS NULL THEN 'restore' ELSE 'remove' END, '{}'::jsonb,
                    NULL::timestamptz, coalesce(n.removed_at, n.first_seen_at)
                FROM polar.prices AS n
            ) AS h ON h.price_id = p.id
            -- As the index has it. A row deleted by hand has no after.
            WHERE h.entity = 'prices' AND h.op IN ('remove', 'restore') AND h.after IS NOT NULL
            WINDOW known AS (
                PARTITION BY p.id, p.product_id, o.name, o.organization_id
                ORDER BY h.id
            )
        ) AS e
        WHERE e.was_offered IS DISTINCT FROM e.is_offered -- a restore without its remove is no turn
        WINDOW turns AS (
            PARTITION BY e.price_id, e.product_id, e.product_name, e.organization_id
            ORDER BY e.number
        )
    ) AS t
    LEFT JOIN polar.prices AS r
        ON r.product_id = t.product_id
        AND r.amount_type = t.amount_type
        AND r.price_currency IS NOT DISTINCT FROM t.price_currency
        AND r.id <> t.price_id
        AND r.created_at > coalesce(t.ended_not_before, greatest(t.first_seen_at, t.began_not_after))
        AND r.created_at <= t.ended_not_after
    WHERE t.is_offered
    GROUP BY
        t.price_id, t.spell, t.product_id, t.product_name, t.organization_id,
        t.is_ended, t.began_not_before, t.began_not_after, t.ended_not_before, t.ended_not_after
) AS s
JOIN polar.prices AS p ON p.id = s.price_id
JOIN polar.products AS o ON o.id = s.product_id
LEFT JOIN polar.price_tiers AS f ON f.price_id = p.id AND f.position = 0
LEFT JOIN polar.zero_decimal_currencies AS z ON z.currency = p.price_currency
CROSS JOIN LATERAL (
    SELECT
        CASE p.amount_type
            WHEN 'fixed' THEN p.price_amount
            WHEN 'custom' THEN coalesce(p.preset_amount, p.minimum_amount)
            WHEN 'free' THEN 0
        END AS amount,
        CASE p.amount_type
            WHEN 'metered_unit' THEN p.unit_amount
            WHEN 'metered_tiers' THEN f.unit_amount
            WHEN 'unit_based' THEN f.unit_amount
            WHEN 'seat_based' THEN f.price_per_seat
        END AS unit_amount
) AS a
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN p.price_currency IS NULL THEN NULL
            WHEN z.currency IS NULL THEN 0.01
            ELSE 1
        END AS of_minor
) AS u;

COMMENT ON VIEW polar_bi.price_history IS 'What a product cost when: one row for every price and spell of being offered. The price on day T: valid_from <= T AND (valid_to IS NULL OR valid_to > T). Prices of a product that left all links stay current as last seen: see products.is_watched.';
COMMENT ON COLUMN polar_bi.price_history.price_id IS 'Polar''s id of the price';
COMMENT ON COLUMN polar_bi.price_history.spell IS 'Counts how often the price has been offered, from 1; a price that comes back begins another spell';
COMMENT ON COLUMN polar_bi.price_history.product_id IS 'Polar''s id of the product';
COMMENT ON COLUMN polar_bi.price_history.product_name IS 'Present name of the product';
COMMENT ON COLUMN polar_bi.price_history.organization_id IS 'Polar''s id of the merchant''s organization';
COMMENT ON COLUMN polar_bi.price_history.amount_type IS 'Kind of price: fixed, custom (pay what you want), free, metered_unit, metered_tiers, seat_based, unit_based, or one Polar added since';
COMMENT ON COLUMN polar_bi.price_history.currency IS 'Code of the currency in lower case; null for kinds without one';
COMMENT ON COLUMN polar_bi.price_history.currency_exponent IS 'Decimals of the currency at Polar: 0 or 2; null without a currency';
COMMENT ON COLUMN polar_bi.price_history.is_legacy IS 'True when Polar marks the price as legacy: the buyer chooses one of several';
COMMENT ON COLUMN polar_bi.price_history.recurring_interval IS 'Billing interval, of the price if it is legacy, else of the product as it is now: day, week, month, year; null for a one-time purchase';
COMMENT ON COLUMN polar_bi.price_history.tax_behavior IS 'Whether the amount includes tax: inclusive, exclusive, location; null for the organization''s default';
COMMENT ON COLUMN polar_bi.price_history.amount IS 'In minor units. fixed: the amount; custom: where the form starts; free: 0; null for kinds that have none by themselves';
COMMENT ON COLUMN polar_bi.price_history.amount_major IS 'amount in units of the currency; null like amount, and without a currency';
COMMENT ON COLUMN polar_bi.price_history.unit_amount IS 'In minor units, exact. metered_unit: per unit; kinds in tiers (seat_based, unit_based, metered_tiers): per unit in the first tier; else null';
COMMENT ON COLUMN polar_bi.price_history.unit_amount_major IS 'unit_amount in units of the currency, exact; null like unit_amount, and without a currency';
COMMENT ON COLUMN polar_bi.price_history.valid_from IS 'When the spell began. Spell 1: when Polar made the price, exact. Later ones: when it was seen again';
COMMENT ON COLUMN polar_bi.price_history.valid_to IS 'When the spell ended: when Polar made the price that replaced it, exact, else when it was seen to be gone; null while it is offered';
COMMENT ON COLUMN polar_bi.price_history.is_current IS 'True while the price is offered, as last seen';
COMMENT ON COLUMN polar_bi.price_history.valid_from_not_before IS 'The spell began no earlier than this; null when that is not known';
COMMENT ON COLUMN polar_bi.price_history.valid_from_not_after IS 'The spell had begun by then';
COMMENT ON COLUMN polar_bi.price_history.valid_to_not_before IS 'The spell ended no earlier than this; null while it lasts, and when the history of its end has been forgotten';
COMMENT ON COLUMN polar_bi.price_history.valid_to_not_after IS 'The spell had ended by then; null while it lasts';
COMMENT ON COLUMN polar_bi.price_history.ended_by IS 'replaced: by a price of the same product, currency and kind; removed: by none; null while it lasts';
