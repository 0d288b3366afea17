-- name: UpsertBenefits :one
-- Writes the given benefits that are new or differ from their row. Does not even lock
-- unchanged rows.
WITH seen AS (
    SELECT
        unnest(@id::uuid[]) AS id,
        unnest(@created_at::timestamptz[]) AS created_at,
        unnest(@modified_at::ntimestamptz[])::timestamptz AS modified_at,
        unnest(@organization_id::uuid[]) AS organization_id,
        unnest(@type::text[]) AS type,
        unnest(@description::text[]) AS description,
        unnest(@selectable::boolean[]) AS selectable,
        unnest(@deletable::boolean[]) AS deletable,
        unnest(@is_deleted::nbool[])::boolean AS is_deleted,
        unnest(@credit_units::nbigint[])::bigint AS credit_units,
        unnest(@credit_meter_id::nuuid[])::uuid AS credit_meter_id,
        unnest(@extra::jsonb[]) AS extra,
        unnest(@seen_at::timestamptz[]) AS first_seen_at,
        unnest(@seen_at::timestamptz[]) AS changed_at
),
written AS (
    INSERT INTO benefits AS t (
        id, created_at, modified_at, organization_id, type, description, selectable,
        deletable, is_deleted, credit_units, credit_meter_id, extra, first_seen_at, changed_at
    )
    SELECT s.*
    FROM seen AS s
    LEFT JOIN benefits AS o ON o.id = s.id
    WHERE o.id IS NULL OR (
        o.created_at, o.modified_at, o.organization_id, o.type, o.description, o.selectable,
        o.deletable, o.is_deleted, o.credit_units, o.credit_meter_id, o.extra
    ) IS DISTINCT FROM (
        s.created_at, s.modified_at, s.organization_id, s.type, s.description, s.selectable,
        s.deletable, s.is_deleted, s.credit_units, s.credit_meter_id, s.extra
    )
    ORDER BY s.id
    ON CONFLICT (id) DO UPDATE SET
        created_at = excluded.created_at,
        modified_at = excluded.modified_at,
        organization_id = excluded.organization_id,
        type = excluded.type,
        description = excluded.description,
        selectable = excluded.selectable,
        deletable = excluded.deletable,
        is_deleted = excluded.is_deleted,
        credit_units = excluded.credit_units,
        credit_meter_id = excluded.credit_meter_id,
        extra = excluded.extra,
        changed_at = excluded.changed_at
    RETURNING t.id, (t.xmax = 0)::bool AS inserted
)
SELECT
    coalesce(array_agg(id) FILTER (WHERE inserted), '{}')::uuid[] AS inserted,
    coalesce(array_agg(id) FILTER (WHERE NOT inserted), '{}')::uuid[] AS updated,
    '{}'::uuid[] AS removed
FROM written;
