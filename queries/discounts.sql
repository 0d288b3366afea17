-- name: UpsertDiscounts :one
-- Writes the given discounts that are new or differ from their row. Does not even lock
-- unchanged rows.
WITH seen AS (
    SELECT
        unnest(@id::uuid[]) AS id,
        unnest(@created_at::timestamptz[]) AS created_at,
        unnest(@modified_at::ntimestamptz[])::timestamptz AS modified_at,
        unnest(@organization_id::uuid[]) AS organization_id,
        unnest(@name::text[]) AS name,
        unnest(@code::ntext[])::text AS code,
        unnest(@type::text[]) AS type,
        unnest(@duration::text[]) AS duration,
        unnest(@duration_in_months::nbigint[])::bigint AS duration_in_months,
        unnest(@amount::nbigint[])::bigint AS amount,
        unnest(@currency::ntext[])::text AS currency,
        unnest(@basis_points::nbigint[])::bigint AS basis_points,
        unnest(@starts_at::ntimestamptz[])::timestamptz AS starts_at,
        unnest(@ends_at::ntimestamptz[])::timestamptz AS ends_at,
        unnest(@max_redemptions::nbigint[])::bigint AS max_redemptions,
        unnest(@max_redemptions_per_customer::nbigint[])::bigint AS max_redemptions_per_customer,
        unnest(@redemptions_count::bigint[]) AS redemptions_count,
        unnest(@metadata::jsonb[]) AS metadata,
        unnest(@extra::jsonb[]) AS extra,
        unnest(@seen_at::timestamptz[]) AS first_seen_at,
        unnest(@seen_at::timestamptz[]) AS changed_at
),
written AS (
    INSERT INTO discounts AS t (
        id, created_at, modified_at, organization_id, name, code, type, duration,
        duration_in_months, amount, currency, basis_points, starts_at, ends_at,
        max_redemptions, max_redemptions_per_customer, redemptions_count, metadata, extra,
        first_seen_at, changed_at
    )
    SELECT s.*
    FROM seen AS s
    LEFT JOIN discounts AS o ON o.id = s.id
    WHERE o.id IS NULL OR (
        o.created_at, o.modified_at, o.organization_id, o.name, o.code, o.type, o.duration,
        o.duration_in_months, o.amount, o.currency, o.basis_points, o.starts_at, o.ends_at,
        o.max_redemptions, o.max_redemptions_per_customer, o.redemptions_count, o.metadata,
        o.extra
    ) IS DISTINCT FROM (
        s.created_at, s.modified_at, s.organization_id, s.name, s.code, s.type, s.duration,
        s.duration_in_months, s.amount, s.currency, s.basis_points, s.starts_at, s.ends_at,
        s.max_redemptions, s.max_redemptions_per_customer, s.redemptions_count, s.metadata,
        s.extra
    )
    ORDER BY s.id
    ON CONFLICT (id) DO UPDATE SET
        created_at = excluded.created_at,
        modified_at = excluded.modified_at,
        organization_id = excluded.organization_id,
        name = excluded.name,
        code = excluded.code,
        type = excluded.type,
        duration = excluded.duration,
        duration_in_months = excluded.duration_in_months,
        amount = excluded.amount,
        currency = excluded.currency,
        basis_points = excluded.basis_points,
        starts_at = excluded.starts_at,
        ends_at = excluded.ends_at,
        max_redemptions = excluded.max_redemptions,
        max_redemptions_per_customer = excluded.max_redemptions_per_customer,
        redemptions_count = excluded.redemptions_count,
        metadata = excluded.metadata,
        extra = excluded.extra,
        changed_at = excluded.changed_at
    RETURNING t.id, (t.xmax = 0)::bool AS inserted
)
SELECT
    coalesce(array_agg(id) FILTER (WHERE inserted), '{}')::uuid[] AS inserted,
    coalesce(array_agg(id) FILTER (WHERE NOT inserted), '{}')::uuid[] AS updated,
    '{}'::uuid[] AS removed
FROM written;

-- name: ReplaceDiscountAmounts :one
-- Makes the amounts of the given discounts exactly the given rows: deletes the rest, writes what is
-- new or differs, touches nothing else.
WITH seen AS (
    SELECT
        unnest(@discount_id::uuid[]) AS discount_id,
        unnest(@currency::text[]) AS currency,
        unnest(@amount::bigint[]) AS amount
),
deleted AS (
    DELETE FROM discount_amounts AS o
    WHERE o.discount_id = ANY (@owner_id::uuid[])
        AND (o.discount_id, o.currency) NOT IN (SELECT s.discount_id, s.currency FROM seen AS s)
    RETURNING o.discount_id AS id
),
written AS (
    INSERT INTO discount_amounts AS t (discount_id, currency, amount)
    SELECT s.*
    FROM seen AS s
    LEFT JOIN discount_amounts AS o ON o.discount_id = s.discount_id AND o.currency = s.currency
    WHERE o.discount_id IS NULL OR o.amount IS DISTINCT FROM s.amount
    ORDER BY s.discount_id, s.currency
    ON CONFLICT (discount_id, currency) DO UPDATE SET
        amount = excluded.amount
    RETURNING t.discount_id AS id, (t.xmax = 0)::bool AS inserted
)
SELECT
    coalesce((SELECT array_agg(id) FROM written WHERE inserted), '{}')::uuid[] AS inserted,
    coalesce((SELECT array_agg(id) FROM written WHERE NOT inserted), '{}')::uuid[] AS updated,
    coalesce((SELECT array_agg(id) FROM deleted), '{}')::uuid[] AS removed;
