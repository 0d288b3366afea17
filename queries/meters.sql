-- name: UpsertMeters :one
-- Writes the given meters that are new or differ from their row. Does not even lock
-- unchanged rows.
-- Meters come first: prices refer to them.
WITH seen AS (
    SELECT
        unnest(@id::uuid[]) AS id,
        unnest(@name::text[]) AS name,
        unnest(@unit::text[]) AS unit,
        unnest(@custom_label::ntext[])::text AS custom_label,
        unnest(@custom_multiplier::nbigint[])::bigint AS custom_multiplier,
        unnest(@extra::jsonb[]) AS extra,
        unnest(@seen_at::timestamptz[]) AS first_seen_at,
        unnest(@seen_at::timestamptz[]) AS changed_at
),
written AS (
    INSERT INTO meters AS t (
        id, name, unit, custom_label, custom_multiplier, extra, first_seen_at, changed_at
    )
    SELECT s.*
    FROM seen AS s
    LEFT JOIN meters AS o ON o.id = s.id
    WHERE o.id IS NULL OR (
        o.name, o.unit, o.custom_label, o.custom_multiplier, o.extra
    ) IS DISTINCT FROM (
        s.name, s.unit, s.custom_label, s.custom_multiplier, s.extra
    )
    ORDER BY s.id
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name,
        unit = excluded.unit,
        custom_label = excluded.custom_label,
        custom_multiplier = excluded.custom_multiplier,
        extra = excluded.extra,
        changed_at = excluded.changed_at
    RETURNING t.id, (t.xmax = 0)::bool AS inserted
)
SELECT
    coalesce(array_agg(id) FILTER (WHERE inserted), '{}')::uuid[] AS inserted,
    coalesce(array_agg(id) FILTER (WHERE NOT inserted), '{}')::uuid[] AS updated,
    '{}'::uuid[] AS removed
FROM written;
