-- name: UpsertProducts :one
-- Writes the given products that are new or differ from their row. Does not even lock
-- unchanged rows.
WITH seen AS (
    SELECT
        unnest(@id::uuid[]) AS id,
        unnest(@created_at::timestamptz[]) AS created_at,
        unnest(@modified_at::ntimestamptz[])::timestamptz AS modified_at,
        unnest(@organization_id::uuid[]) AS organization_id,
        unnest(@name::text[]) AS name,
        unnest(@description::ntext[])::text AS description,
        unnest(@visibility::ntext[])::text AS visibility,
        unnest(@is_recurring::boolean[]) AS is_recurring,
        unnest(@is_archived::boolean[]) AS is_archived,
        unnest(@recurring_interval::ntext[])::text AS recurring_interval,
        unnest(@recurring_interval_count::nbigint[])::bigint AS recurring_interval_count,
        unnest(@meter_interval::ntext[])::text AS meter_interval,
        unnest(@meter_interval_count::nbigint[])::bigint AS meter_interval_count,
        unnest(@trial_interval::ntext[])::text AS trial_interval,
        unnest(@trial_interval_count::nbigint[])::bigint AS trial_interval_count,
        unnest(@metadata::jsonb[]) AS metadata,
        unnest(@extra::jsonb[]) AS extra,
        unnest(@seen_at::timestamptz[]) AS first_seen_at,
        unnest(@seen_at::timestamptz[]) AS changed_at
),
written AS (
    INSERT INTO products AS t (
        id, created_at, modified_at, organization_id, name, description, visibility,
        is_recurring, is_archived, recurring_interval, recurring_interval_count,
        meter_interval, meter_interval_count, trial_interval, trial_interval_count,
        metadata, extra, first_seen_at, changed_at
    )
    SELECT s.*
    FROM seen AS s
    LEFT JOIN products AS o ON o.id = s.id
    WHERE o.id IS NULL OR (
        o.created_at, o.modified_at, o.organization_id, o.name, o.description, o.visibility,
        o.is_recurring, o.is_archived, o.recurring_interval, o.recurring_interval_count,
        o.meter_interval, o.meter_interval_count, o.trial_interval, o.trial_interval_count,
        o.metadata, o.extra
    ) IS DISTINCT FROM (
        s.created_at, s.modified_at, s.organization_id, s.name, s.description, s.visibility,
        s.is_recurring, s.is_archived, s.recurring_interval, s.recurring_interval_count,
        s.meter_interval, s.meter_interval_count, s.trial_interval, s.trial_interval_count,
        s.metadata, s.extra
    )
    ORDER BY s.id
    ON CONFLICT (id) DO UPDATE SET
        created_at = excluded.created_at,
        modified_at = excluded.modified_at,
        organization_id = excluded.organization_id,
        name = excluded.name,
        description = excluded.description,
        visibility = excluded.visibility,
        is_recurring = excluded.is_recurring,
        is_archived = excluded.is_archived,
        recurring_interval = excluded.recurring_interval,
        recurring_interval_count = excluded.recurring_interval_count,
        meter_interval = excluded.meter_interval,
        meter_interval_count = excluded.meter_interval_count,
        trial_interval = excluded.trial_interval,
        trial_interval_count = excluded.trial_interval_count,
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

-- name: ReplaceProductBenefits :one
-- Makes the benefits of the given products exactly the given rows: deletes the rest, writes what is
-- new or differs, touches nothing else.
WITH seen AS (
    SELECT
        unnest(@product_id::uuid[]) AS product_id,
        unnest(@position::integer[]) AS position,
        unnest(@benefit_id::uuid[]) AS benefit_id
),
deleted AS (
    DELETE FROM product_benefits AS o
    WHERE o.product_id = ANY (@owner_id::uuid[])
        AND (o.product_id, o.position) NOT IN (SELECT s.product_id, s.position FROM seen AS s)
    RETURNING o.product_id AS id
),
written AS (
    INSERT INTO product_benefits AS t (product_id, position, benefit_id)
    SELECT s.*
    FROM seen AS s
    LEFT JOIN product_benefits AS o ON o.product_id = s.product_id AND o.position = s.position
    WHERE o.product_id IS NULL OR o.benefit_id IS DISTINCT FROM s.benefit_id
    ORDER BY s.product_id, s.position
    ON CONFLICT (product_id, position) DO UPDATE SET
        benefit_id = excluded.benefit_id
    RETURNING t.product_id AS id, (t.xmax = 0)::bool AS inserted
)
SELECT
    coalesce((SELECT array_agg(id) FROM written WHERE inserted), '{}')::uuid[] AS inserted,
    coalesce((SELECT array_agg(id) FROM written WHERE NOT inserted), '{}')::uuid[] AS updated,
    coalesce((SELECT array_agg(id) FROM deleted), '{}')::uuid[] AS removed;

-- name: ReplaceProductMedias :one
-- Makes the medias of the given products exactly the given rows: deletes the rest, writes what is
-- new or differs, touches nothing else.
WITH seen AS (
    SELECT
        unnest(@product_id::uuid[]) AS product_id,
        unnest(@position::integer[]) AS position,
        unnest(@media_id::uuid[]) AS media_id
),
deleted AS (
    DELETE FROM product_medias AS o
    WHERE o.product_id = ANY (@owner_id::uuid[])
        AND (o.product_id, o.position) NOT IN (SELECT s.product_id, s.position FROM seen AS s)
    RETURNING o.product_id AS id
),
written AS (
    INSERT INTO product_medias AS t (product_id, position, media_id)
    SELECT s.*
    FROM seen AS s
    LEFT JOIN product_medias AS o ON o.product_id = s.product_id AND o.position = s.position
    WHERE o.product_id IS NULL OR o.media_id IS DISTINCT FROM s.media_id
    ORDER BY s.product_id, s.position
    ON CONFLICT (product_id, position) DO UPDATE SET
        media_id = excluded.media_id
    RETURNING t.product_id AS id, (t.xmax = 0)::bool AS inserted
)
SELECT
    coalesce((SELECT array_agg(id) FROM written WHERE inserted), '{}')::uuid[] AS inserted,
    coalesce((SELECT array_agg(id) FROM written WHERE NOT inserted), '{}')::uuid[] AS updated,
    coalesce((SELECT array_agg(id) FROM deleted), '{}')::uuid[] AS removed;
