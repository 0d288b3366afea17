-- name: ListRelations :many
-- Every table and view of the given schemas, column by column, with its comments. It
-- asks the catalogue alone, which every role may read.
SELECT
    n.nspname::text AS schema,
    c.relname::text AS relation,
    (c.relkind IN ('v', 'm'))::boolean AS is_view,
    coalesce(obj_description(c.oid, 'pg_class'), '')::text AS relation_description,
    a.attname::text AS name,
    format_type(a.atttypid, a.atttypmod)::text AS type,
    a.attnotnull AS not_null,
    coalesce(array_position(k.conkey, a.attnum), 0)::integer AS key_position,
    coalesce(col_description(c.oid, a.attnum), '')::text AS description
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'p'
WHERE n.nspname = ANY (@schemas::text[]) AND c.relkind IN ('r', 'p', 'v', 'm')
ORDER BY n.nspname, c.relname, a.attnum;

-- name: ListReferences :many
-- The foreign keys between tables of a schema, column by column.
SELECT
    c.relname::text AS relation,
    a.attname::text AS name,
    a.attnotnull AS not_null,
    o.relname::text AS refers_to
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class AS o ON o.oid = k.confrelid
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
WHERE n.nspname = @schema::text AND k.contype = 'f'
ORDER BY c.relname, a.attnum;
