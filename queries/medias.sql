-- name: UpsertMedias :one
-- Writes the given medias that are new or differ from their row. Does not even lock
-- unchanged rows.
WITH seen AS (
    SELECT
        unnest(@id::uuid[]) AS id,
        unnest(@created_at::timestamptz[]) AS created_at,
        unnest(@organization_id::uuid[]) AS organization_id,
        unnest(@name::text[]) AS name,
        unnest(@path::text[]) AS path,
        unnest(@mime_type::text[]) AS mime_type,
        unnest(@size::bigint[]) AS size,
        unnest(@storage_version::ntext[])::text AS storage_version,
        unnest(@checksum_etag::ntext[])::text AS checksum_etag,
        unnest(@checksum_sha256_base64::ntext[])::text AS checksum_sha256_base64,
        unnest(@checksum_sha256_hex::ntext[])::text AS checksum_sha256_hex,
        unnest(@last_modified_at::ntimestamptz[])::timestamptz AS last_modified_at,
        unnest(@version::ntext[])::text AS version,
        unnest(@service::text[]) AS service,
        unnest(@is_uploaded::boolean[]) AS is_uploaded,
        unnest(@size_readable::text[]) AS size_readable,
        unnest(@public_url::text[]) AS public_url,
        unnest(@extra::jsonb[]) AS extra,
        unnest(@seen_at::timestamptz[]) AS first_seen_at,
        unnest(@seen_at::timestamptz[]) AS changed_at
),
written AS (
    INSERT INTO medias AS t (
        id, created_at, organization_id, name, path, mime_type, size, storage_version,
        checksum_etag, checksum_sha256_base64, checksum_sha256_hex, last_modified_at,
        version, service, is_uploaded, size_readable, public_url, extra, first_seen_at,
        changed_at
    )
    SELECT s.*
    FROM seen AS s
    LEFT JOIN medias AS o ON o.id = s.id
    WHERE o.id IS NULL OR (
        o.created_at, o.organization_id, o.name, o.path, o.mime_type, o.size,
        o.storage_version, o.checksum_etag, o.checksum_sha256_base64, o.checksum_sha256_hex,
        o.last_modified_at, o.version, o.service, o.is_uploaded, o.size_readable,
        o.public_url, o.extra
    ) IS DISTINCT FROM (
        s.created_at, s.organization_id, s.name, s.path, s.mime_type, s.size,
        s.storage_version, s.checksum_etag, s.checksum_sha256_base64, s.checksum_sha256_hex,
        s.last_modified_at, s.version, s.service, s.is_uploaded, s.size_readable,
        s.public_url, s.extra
    )
    ORDER BY s.id
    ON CONFLICT (id) DO UPDATE SET
        created_at = excluded.created_at,
        organization_id = excluded.organization_id,
        name = excluded.name,
        path = excluded.path,
        mime_type = excluded.mime_type,
        size = excluded.size,
        storage_version = excluded.storage_version,
        checksum_etag = excluded.checksum_etag,
        checksum_sha256_base64 = excluded.checksum_sha256_base64,
        checksum_sha256_hex = excluded.checksum_sha256_hex,
        last_modified_at = excluded.last_modified_at,
        version = excluded.version,
        service = excluded.service,
        is_uploaded = excluded.is_uploaded,
        size_readable = excluded.size_readable,
        public_url = excluded.public_url,
        extra = excluded.extra,
        changed_at = excluded.changed_at
    RETURNING t.id, (t.xmax = 0)::bool AS inserted
)
SELECT
    coalesce(array_agg(id) FILTER (WHERE inserted), '{}')::uuid[] AS inserted,
    coalesce(array_agg(id) FILTER (WHERE NOT inserted), '{}')::uuid[] AS updated,
    '{}'::uuid[] AS removed
FROM written;
