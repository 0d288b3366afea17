-- name: UpsertPrices :one
-- Writes the given prices that are new or differ from their row. An unchanged row
-- is not even locked, and a row that reflects a later request is left alone.
-- A price that is seen is offered: removed_at is cleared. What comes back are the
-- products whose prices changed, one for each price.
WITH seen AS (
    SELECT
        unnest(@id::uuid[]) AS id,
        unnest(@product_id::uuid[]) AS product_id,
        unnest(@created_at::timestamptz[]) AS created_at,
        unnest(@modified_at::ntimestamptz[])::timestamptz AS modified_at,
        unnest(@source::ntext[])::text AS source,
        unnest(@amount_type::text[]) AS amount_type,
        unnest(@type::ntext[])::text AS type,
        unnest(@recurring_interval::ntext[])::text AS recurring_interval,
        unnest(@legacy::boolean[]) AS legacy,
        unnest(@is_archived::boolean[]) AS is_archived,
        unnest(@price_currency::ntext[])::text AS price_currency,
        unnest(@tax_behavior::ntext[])::text AS tax_behavior,
        unnest(@price_amount::nbigint[])::bigint AS price_amount,
        unnest(@minimum_amount::nbigint[])::bigint AS minimum_amount,
        unnest(@maximum_amount::nbigint[])::bigint AS maximum_amount,
        unnest(@preset_amount::nbigint[])::bigint AS preset_amount,
        unnest(@unit_amount::ntext[])::numeric AS unit_amount,
        unnest(@cap_amount::nbigint[])::bigint AS cap_amount,
        unnest(@meter_id::nuuid[])::uuid AS meter_id,
        unnest(@price_per_seat::nbigint[])::bigint AS price_per_seat,
        unnest(@tier_type::ntext[])::text AS tier_type,
        unnest(@minimum_seats::nbigint[])::bigint AS minimum_seats,
        unnest(@maximum_seats::nbigint[])::bigint AS maximum_seats,
        unnest(@minimum_units::nbigint[])::bigint AS minimum_units,
        unnest(@maximum_units::nbigint[])::bigint AS maximum_units,
        unnest(@unit_label::jsonb[]) AS unit_label,
        unnest(@extra::jsonb[]) AS extra,
        unnest(@seen_at::timestamptz[]) AS seen_at
),
written AS (
    INSERT INTO prices AS t (
        id, product_id, created_at, modified_at, source, amount_type, type,
        recurring_interval, legacy, is_archived, price_currency, tax_behavior, price_amount,
        minimum_amount, maximum_amount, preset_amount, unit_amount, cap_amount, meter_id,
        price_per_seat, tier_type, minimum_seats, maximum_seats, minimum_units,
        maximum_units, unit_label, extra, first_seen_at, changed_at
    )
    SELECT
        s.id, s.product_id, s.created_at, s.modified_at, s.source, s.amount_type, s.type,
        s.recurring_interval, s.legacy, s.is_archived, s.price_currency, s.tax_behavior,
        s.price_amount, s.minimum_amount, s.maximum_amount, s.preset_amount, s.unit_amount,
        s.cap_amount, s.meter_id, s.price_per_seat, s.tier_type, s.minimum_seats,
        s.maximum_seats, s.minimum_units, s.maximum_units, s.unit_label, s.extra, s.seen_at,
        s.seen_at
    FROM seen AS s
    LEFT JOIN prices AS o ON o.id = s.id
    WHERE o.id IS NULL OR (o.changed_at <= s.seen_at AND (
        o.product_id, o.created_at, o.modified_at, o.source, o.amount_type, o.type,
        o.recurring_interval, o.legacy, o.is_archived, o.price_currency, o.tax_behavior,
        o.price_amount, o.minimum_amount, o.maximum_amount, o.preset_amount, o.unit_amount,
        o.cap_amount, o.meter_id, o.price_per_seat, o.tier_type, o.minimum_seats,
        o.maximum_seats, o.minimum_units, o.maximum_units, o.unit_label, o.extra,
        o.removed_at
    ) IS DISTINCT FROM (
        s.product_id, s.created_at, s.modified_at, s.source, s.amount_type, s.type,
        s.recurring_interval, s.legacy, s.is_archived, s.price_currency, s.tax_behavior,
        s.price_amount, s.minimum_amount, s.maximum_amount, s.preset_amount, s.unit_amount,
        s.cap_amount, s.meter_id, s.price_per_seat, s.tier_type, s.minimum_seats,
        s.maximum_seats, s.minimum_units, s.maximum_units, s.unit_label, s.extra, NULL
    ))
    ORDER BY s.id
    ON CONFLICT (id) DO UPDATE SET
        product_id = excluded.product_id,
        created_at = excluded.created_at,
        modified_at = excluded.modified_at,
        source = excluded.source,
        amount_type = excluded.amount_type,
        type = excluded.type,
        recurring_interval = excluded.recurring_interval,
        legacy = excluded.legacy,
        is_archived = excluded.is_archived,
        price_currency = excluded.price_currency,
        tax_behavior = excluded.tax_behavior,
        price_amount = excluded.price_amount,
        minimum_amount = excluded.minimum_amount,
        maximum_amount = excluded.maximum_amount,
        preset_amount = excluded.preset_amount,
        unit_amount = excluded.unit_amount,
        cap_amount = excluded.cap_amount,
        meter_id = excluded.meter_id,
        price_per_seat = excluded.price_per_seat,
        tier_type = excluded.tier_type,
        minimum_seats = excluded.minimum_seats,
        maximum_seats = excluded.maximum_seats,
        minimum_units = excluded.minimum_units,
        maximum_units = excluded.maximum_units,
        unit_label = excluded.unit_label,
        extra = excluded.extra,
        changed_at = excluded.changed_at,
        removed_at = NULL
    WHERE t.changed_at <= excluded.changed_at AND (
        t.product_id, t.created_at, t.modified_at, t.source, t.amount_type, t.type,
        t.recurring_interval, t.legacy, t.is_archived, t.price_currency, t.tax_behavior,
        t.price_amount, t.minimum_amount, t.maximum_amount, t.preset_amount, t.unit_amount,
        t.cap_amount, t.meter_id, t.price_per_seat, t.tier_type, t.minimum_seats,
        t.maximum_seats, t.minimum_units, t.maximum_units, t.unit_label, t.extra,
        t.removed_at
    ) IS DISTINCT FROM (
        excluded.product_id, excluded.created_at, excluded.modified_at, excluded.source,
        excluded.amount_type, excluded.type, excluded.recurring_interval, excluded.legacy,
        excluded.is_archived, excluded.price_currency, excluded.tax_behavior,
        excluded.price_amount, excluded.minimum_amount, excluded.maximum_amount,
        excluded.preset_amount, excluded.unit_amount, excluded.cap_amount,
        excluded.meter_id, excluded.price_per_seat, excluded.tier_type,
        excluded.minimum_seats, excluded.maximum_seats, excluded.minimum_units,
        excluded.maximum_units, excluded.unit_label, excluded.extra, NULL
    )
    RETURNING t.product_id AS id, (t.xmax = 0)::bool AS inserted
)
SELECT
    coalesce(array_agg(id) FILTER (WHERE inserted), '{}')::uuid[] AS inserted,
    coalesce(array_agg(id) FILTER (WHERE NOT inserted), '{}')::uuid[] AS updated,
    '{}'::uuid[] AS removed
FROM written;

-- name: RemovePrices :one
-- Marks the prices of the given products that are not among those offered now, a
-- JSON array of ids for each product. A price that a later request showed is left alone. What comes back are the
-- products, one for each price.
WITH seen AS (
    SELECT
        unnest(@product_id::uuid[]) AS product_id,
        unnest(@offered::jsonb[]) AS offered,
        unnest(@seen_at::timestamptz[]) AS seen_at
),
stale AS (
    SELECT o.id, s.seen_at
    FROM seen AS s
    JOIN prices AS o ON o.product_id = s.product_id
    WHERE NOT s.offered ? o.id::text AND o.removed_at IS NULL AND o.changed_at <= s.seen_at
    ORDER BY o.id
    FOR UPDATE OF o
),
removed AS (
    UPDATE prices AS o SET
        removed_at = s.seen_at,
        changed_at = s.seen_at
    FROM stale AS s
    WHERE o.id = s.id
    RETURNING o.product_id AS id
)
SELECT
    '{}'::uuid[] AS inserted,
    '{}'::uuid[] AS updated,
    coalesce((SELECT array_agg(id) FROM removed), '{}')::uuid[] AS removed;

-- name: ReplacePriceTiers :one
-- Makes the tiers of the given prices exactly the given rows: deletes what is
-- stale, writes what is new or differs, touches nothing else. What a later request
-- showed, says history, is left alone; history is asked only of what differs.
WITH owners AS (
    SELECT
        unnest(@owner_id::uuid[]) AS id,
        unnest(@owner_seen_at::timestamptz[]) AS seen_at,
        unnest(@owner_length::integer[]) AS length
),
seen AS (
    SELECT
        unnest(@price_id::uuid[]) AS price_id,
        unnest(@position::integer[]) AS position,
        unnest(@min_seats::nbigint[])::bigint AS min_seats,
        unnest(@max_seats::nbigint[])::bigint AS max_seats,
        unnest(@price_per_seat::nbigint[])::bigint AS price_per_seat,
        unnest(@bound::nbigint[])::bigint AS bound,
        unnest(@unit_amount::ntext[])::numeric AS unit_amount,
        unnest(@seen_at::timestamptz[]) AS seen_at
),
surplus AS MATERIALIZED (
    SELECT o.price_id, o.position, w.seen_at
    FROM owners AS w
    JOIN price_tiers AS o ON o.price_id = w.id
    WHERE NOT o.position BETWEEN 0 AND w.length - 1
),
stale AS (
    SELECT o.price_id, o.position
    FROM surplus AS s
    JOIN price_tiers AS o ON o.price_id = s.price_id AND o.position = s.position
    WHERE NOT EXISTS (
        SELECT FROM changes AS c
        WHERE c.entity_id = s.price_id AND c.entity = 'price_tiers' AND c.not_after > s.seen_at
    )
    ORDER BY o.price_id, o.position
    FOR UPDATE OF o
),
deleted AS (
    DELETE FROM price_tiers AS o
    USING stale AS s
    WHERE o.price_id = s.price_id AND o.position = s.position
    RETURNING o.price_id AS id
),
different AS MATERIALIZED (
    SELECT s.*
    FROM seen AS s
    LEFT JOIN price_tiers AS o ON o.price_id = s.price_id AND o.position = s.position
    WHERE o.price_id IS NULL OR (
        o.min_seats, o.max_seats, o.price_per_seat, o.bound, o.unit_amount
    ) IS DISTINCT FROM (
        s.min_seats, s.max_seats, s.price_per_seat, s.bound, s.unit_amount
    )
),
written AS (
    INSERT INTO price_tiers AS t (
        price_id, position, min_seats, max_seats, price_per_seat, bound, unit_amount
    )
    SELECT
        s.price_id, s.position, s.min_seats, s.max_seats, s.price_per_seat, s.bound, s.unit_amount
    FROM different AS s
    WHERE NOT EXISTS (
        SELECT FROM changes AS c
        WHERE c.entity_id = s.price_id AND c.entity = 'price_tiers' AND c.not_after > s.seen_at
    )
    ORDER BY s.price_id, s.position
    ON CONFLICT (price_id, position) DO UPDATE SET
        min_seats = excluded.min_seats,
        max_seats = excluded.max_seats,
        price_per_seat = excluded.price_per_seat,
        bound = excluded.bound,
        unit_amount = excluded.unit_amount
    WHERE (
        t.min_seats, t.max_seats, t.price_per_seat, t.bound, t.unit_amount
    ) IS DISTINCT FROM (
        excluded.min_seats, excluded.max_seats, excluded.price_per_seat, excluded.bound, excluded.unit_amount
    )
    RETURNING t.price_id AS id, (t.xmax = 0)::bool AS inserted
)
SELECT
    coalesce((SELECT array_agg(id) FROM written WHERE inserted), '{}')::uuid[] AS inserted,
    coalesce((SELECT array_agg(id) FROM written WHERE NOT inserted), '{}')::uuid[] AS updated,
    coalesce((SELECT array_agg(id) FROM deleted), '{}')::uuid[] AS removed;
