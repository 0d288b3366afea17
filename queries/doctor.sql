-- name: GetServer :one
-- The server's view of itself, and of whoever asks. locale is that of a new database.
SELECT
    pg_backend_pid()::integer AS pid,
    current_setting('server_encoding')::text AS encoding,
    coalesce((SELECT datctype FROM pg_catalog.pg_database WHERE datname = 'template0'), '')::text AS locale,
    current_setting('server_version')::text AS version,
    current_setting('server_version_num')::integer AS version_number,
    current_database()::text AS database,
    current_user::text AS role,
    coalesce((SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), false)::boolean AS superuser,
    pg_is_in_recovery()::boolean AS standby,
    current_setting('transaction_read_only')::boolean AS read_only;

-- name: GetClock :one
-- The time by the server's clock.
SELECT clock_timestamp()::timestamptz AS now;

-- name: ListMissingRights :many
-- The given rights on tables of a schema that the role lacks. Tries none of them.
SELECT r.table_name::text AS table_name, r.privilege::text AS privilege
FROM (
    SELECT
        unnest(@table_names::text[]) AS table_name,
        unnest(@privileges::text[]) AS privilege
) AS r
JOIN pg_catalog.pg_class AS c ON c.relname = r.table_name
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = @schema::text
WHERE NOT has_table_privilege(c.oid, r.privilege)
ORDER BY r.privilege, r.table_name;

-- name: ListFilteredTables :many
-- Those of the given tables whose policies (row level security) hold for the role.
SELECT c.relname::text AS name
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = @schema::text
    AND c.relname = ANY (@table_names::text[])
    AND has_schema_privilege(n.oid, 'USAGE')
    AND row_security_active(c.oid)
ORDER BY 1;

-- name: ListMissingTables :many
-- Those of the given tables that a schema does not hold.
SELECT t.name::text AS name
FROM (SELECT unnest(@table_names::text[]) AS name) AS t
WHERE NOT EXISTS (
    SELECT
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = @schema::text AND c.relname = t.name AND c.relkind IN ('r', 'p')
)
ORDER BY 1;

-- name: GetOwner :one
-- The role that owns a table, and the table's schema quoted for SQL where it has to be.
SELECT pg_get_userbyid(c.relowner)::text AS owner, quote_ident(n.nspname)::text AS schema
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = @schema::text AND c.relname = @table_name::text;

-- name: ListForbiddenFunctions :many
-- The functions of a schema that the role may not call. Trigger functions need no right.
SELECT p.proname::text AS name
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = @schema::text
    AND p.prokind = 'f'
    AND p.prorettype <> 'trigger'::regtype
    AND NOT has_function_privilege(p.oid, 'EXECUTE')
ORDER BY 1;

-- name: ListDoubtfulLinks :many
-- Those of the given links that are marked as gone, and those that Polar does not
-- know: they have no row, or one of an organization that the source does not keep,
-- and do not fail either.
SELECT w.id::uuid AS id, (o.organization_id IS NOT NULL)::boolean AS gone
FROM (SELECT unnest(@id::uuid[]) AS id) AS w
LEFT JOIN checkout_links AS l ON l.id = w.id
LEFT JOIN source_organizations AS o ON o.source = @source AND o.organization_id = l.organization_id
WHERE (o.organization_id IS NULL OR l.removed_at IS NOT NULL)
    AND (
        l.removed_at IS NOT NULL
        OR NOT EXISTS (
            SELECT FROM sync_failures AS f
            WHERE f.source = @source AND f.checkout_link_id = w.id
        )
    )
ORDER BY w.id;

-- name: CountFailures :one
-- How many links of a source fail, and when the first of them began to.
SELECT count(*) AS links, coalesce(min(since), clock_timestamp())::timestamptz AS since
FROM sync_failures
WHERE source = @source;

-- name: GetLastFinishedRun :one
-- The last completed run of a scope.
SELECT status, started_at, finished_at, links_total, links_failed, requests
FROM sync_runs
WHERE source = @source AND scope = @scope AND status IN ('succeeded', 'partial')
ORDER BY number DESC
LIMIT 1;

-- name: GetHolder :one
-- The run that holds a source, and the time since its last sign of life.
SELECT
    id, holder, trigger, started_at,
    extract(EPOCH FROM clock_timestamp() - heartbeat_at)::float8 AS silent_seconds
FROM sync_runs
WHERE source = @source AND status = 'running';

-- name: ListStampsAhead :many
-- Stamps that lie ahead of the clock, by column. A minute is left for clocks that are
-- being set.
SELECT s.stamp::text AS stamp, count(*) AS affected, max(s.at)::timestamptz AS latest
FROM (
    SELECT 'sync_runs.started_at' AS stamp, started_at AS at FROM sync_runs
    UNION ALL
    SELECT 'sync_runs.observing_since' AS stamp, observing_since AS at FROM sync_runs
    UNION ALL
    SELECT 'sync_runs.heartbeat_at' AS stamp, heartbeat_at AS at FROM sync_runs
    UNION ALL
    SELECT 'sync_runs.finished_at' AS stamp, finished_at AS at FROM sync_runs
    UNION ALL
    SELECT 'sync_failures.last_at' AS stamp, last_at AS at FROM sync_failures
    UNION ALL
    SELECT 'source_organizations.first_seen_at' AS stamp, first_seen_at AS at FROM source_organizations
    UNION ALL
    SELECT 'checkout_links.first_seen_at' AS stamp, first_seen_at AS at FROM checkout_links
    UNION ALL
    SELECT 'checkout_links.changed_at' AS stamp, changed_at AS at FROM checkout_links
    UNION ALL
    SELECT 'products.first_seen_at' AS stamp, first_seen_at AS at FROM products
    UNION ALL
    SELECT 'products.changed_at' AS stamp, changed_at AS at FROM products
    UNION ALL
    SELECT 'prices.first_seen_at' AS stamp, first_seen_at AS at FROM prices
    UNION ALL
    SELECT 'prices.changed_at' AS stamp, changed_at AS at FROM prices
    UNION ALL
    SELECT 'benefits.first_seen_at' AS stamp, first_seen_at AS at FROM benefits
    UNION ALL
    SELECT 'benefits.changed_at' AS stamp, changed_at AS at FROM benefits
    UNION ALL
    SELECT 'medias.first_seen_at' AS stamp, first_seen_at AS at FROM medias
    UNION ALL
    SELECT 'medias.changed_at' AS stamp, changed_at AS at FROM medias
    UNION ALL
    SELECT 'meters.first_seen_at' AS stamp, first_seen_at AS at FROM meters
    UNION ALL
    SELECT 'meters.changed_at' AS stamp, changed_at AS at FROM meters
    UNION ALL
    SELECT 'discounts.first_seen_at' AS stamp, first_seen_at AS at FROM discounts
    UNION ALL
    SELECT 'discounts.changed_at' AS stamp, changed_at AS at FROM discounts
) AS s
WHERE s.at > clock_timestamp() + interval '1 minute'
GROUP BY s.stamp
ORDER BY s.stamp;
