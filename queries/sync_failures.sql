-- name: RecordFailures :exec
-- Notes links that could not be synced, and that it happened again for those
-- that failed before.
INSERT INTO sync_failures AS t (
    source, checkout_link_id, since, last_at, kind, message, path, body, run_id
)
SELECT
    @source::text, f.checkout_link_id, f.at, f.at, f.kind, f.message, f.path, f.body,
    @run_id::uuid
FROM (
    SELECT
        unnest(@checkout_link_id::uuid[]) AS checkout_link_id,
        unnest(@at::timestamptz[]) AS at,
        unnest(@kind::text[]) AS kind,
        unnest(@message::text[]) AS message,
        unnest(@path::ntext[])::text AS path,
        unnest(@body::ntext[])::text AS body
) AS f
ORDER BY f.checkout_link_id
ON CONFLICT (source, checkout_link_id) DO UPDATE SET
    last_at = excluded.last_at,
    -- A run counts once, also when it tries a link twice.
    attempts = t.attempts + (t.run_id <> excluded.run_id)::int,
    kind = excluded.kind,
    message = excluded.message,
    path = excluded.path,
    body = excluded.body,
    run_id = excluded.run_id;

-- name: ClearFailures :exec
-- Forgets the failures of links that landed. Touches nothing when there are none.
DELETE FROM sync_failures
WHERE source = @source AND checkout_link_id = ANY (@checkout_link_id::uuid[]);
