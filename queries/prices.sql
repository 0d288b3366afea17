-- name: UpsertPrices :one
-- Writes the given prices that are new or differ from their row. Does not even lock
-- unchanged rows.
-- A price that was seen is on offer, so removed_at is cleared. Returns the products
-- whose prices changed, one for each price.
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
        unnest(@seen_at::timestamptz[]) AS first_seen_at,
        unnest(@seen_at::timestamptz[]) AS changed_at
),
written AS (
    INSERT INTO prices AS t (
        id, product_id, created_at, modified_at, source, amount_type, type,
        recurring_interval, legacy, is_archived, price_currency, tax_behavior, price_amount,
        minimum_amount, maximum_amount, preset_amount, unit_amount, cap_amount, meter_id,
        price_per_seat, tier_type, minimum_seats, maximum_seats, minimum_units,
        maximum_units, unit_label, extra, first_seen_at, changed_at
    )
    SELECT s.*
    FROM seen AS s
    LEFT JOIN prices AS o ON o.id = s.id
    WHERE o.id IS NULL OR (
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
    )
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
    RETURNING t.product_id AS id, (t.xmax = 0)::bool AS inserted
)
SELECT
    coalesce(array_agg(id) FILTER (WHERE inserted), '{}')::uuid[] AS inserted,
    coalesce(array_agg(id) FILTER (WHERE NOT inserted), '{}')::uuid[] AS updated,
    '{}'::uuid[] AS removed
FROM written;

-- name: RemovePrices :one
-- Marks the given products' prices that are not among the offered ones as removed.
-- Returns the products, one for each price.
WITH owners AS (
    SELECT
        unnest(@owner_id::uuid[]) AS id,
        unnest(@seen_at::timestamptz[]) AS seen_at
),
removed AS (
    UPDATE prices AS o SET
        removed_at = w.seen_at,
        changed_at = w.seen_at
    FROM owners AS w
    WHERE o.product_id = w.id
        AND o.removed_at IS NULL
        AND o.id NOT IN (SELECT unnest(@offered::uuid[]))
    RETURNING o.product_id AS id
)
SELECT
    '{}'::uuid[] AS inserted,
    '{}'::uuid[] AS updated,
    coalesce((SELECT array_agg(id) FROM removed), '{}')::uuid[] AS removed;

-- name: ReplacePriceTiers :one
-- Makes the tiers of the given prices exactly the given rows: deletes the rest, writes what is
-- new or differs, touches nothing else.
WITH seen AS (
    SELECT
        unnest(@price_id::uuid[]) AS price_id,
        unnest(@position::integer[]) AS position,
        unnest(@min_seats::nbigint[])::bigint AS min_seats,
        unnest(@max_seats::nbigint[])::bigint AS max_seats,
        unnest(@price_per_seat::nbigint[])::bigint AS price_per_seat,
        unnest(@bound::nbigint[])::bigint AS bound,
        unnest(@unit_amount::ntext[])::numeric AS unit_amount
),
deleted AS (
    DELETE FROM price_tiers AS o
    WHERE o.price_id = ANY (@owner_id::uuid[])
        AND (o.price_id, o.position) NOT IN (SELECT s.price_id, s.position FROM seen AS s)
    RETURNING o.price_id AS id
),
written AS (
    INSERT INTO price_tiers AS t (price_id, position, min_seats, max_seats, price_per_seat, bound, unit_amount)
    SELECT s.*
    FROM seen AS s
    LEFT JOIN price_tiers AS o ON o.price_id = s.price_id AND o.position = s.position
    WHERE o.price_id IS NULL OR (
        o.min_seats, o.max_seats, o.price_per_seat, o.bound, o.unit_amount
    ) IS DISTINCT FROM (
        s.min_seats, s.max_seats, s.price_per_seat, s.bound, s.unit_amount
    )
    ORDER BY s.price_id, s.position
    ON CONFLICT (price_id, position) DO UPDATE SET
        min_seats = excluded.min_seats,
        max_seats = excluded.max_seats,
        price_per_seat = excluded.price_per_seat,
        bound = excluded.bound,
        unit_amount = excluded.unit_amount
    RETURNING t.price_id AS id, (t.xmax = 0)::bool AS inserted
)
SELECT
    coalesce((SELECT array_agg(id) FROM written WHERE inserted), '{}')::uuid[] AS inserted,
    coalesce((SELECT array_agg(id) FROM written WHERE NOT inserted), '{}')::uuid[] AS updated,
    coalesce((SELECT array_agg(id) FROM deleted), '{}')::uuid[] AS removed;
