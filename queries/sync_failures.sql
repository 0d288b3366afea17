-- name: RecordFailures :exec
-- Notes links that could not be synced, and counts again those that failed before. The
-- nil id is nobody's: such a link is known by its place in LIST, which is else 0.
INSERT INTO sync_failures AS t (
    source, checkout_link_id, place, since, last_at, kind, message, path, body, run_id
)
SELECT
    @source::text, f.checkout_link_id, f.place, f.at, f.at, f.kind, f.message, f.path, f.body,
    @run_id::uuid
FROM (
    SELECT
        nullif(unnest(@checkout_link_id::uuid[]), '00000000-0000-0000-0000-000000000000') AS checkout_link_id,
        nullif(unnest(@place::bigint[]), 0) AS place,
        unnest(@at::timestamptz[]) AS at,
        unnest(@kind::text[]) AS kind,
        unnest(@message::text[]) AS message,
        unnest(@path::ntext[])::text AS path,
        unnest(@body::ntext[])::text AS body
) AS f
ORDER BY f.checkout_link_id, f.place
ON CONFLICT (source, link) DO UPDATE SET
    last_at = excluded.last_at,
    -- A run counts once, even if it tries a link twice.
    attempts = t.attempts + (t.run_id <> excluded.run_id)::int,
    kind = excluded.kind,
    message = excluded.message,
    path = excluded.path,
    body = excluded.body,
    run_id = excluded.run_id;

-- name: ClearFailures :exec
-- Deletes the failures of links that landed. Touches nothing if there are none.
DELETE FROM sync_failures
WHERE source = @source AND checkout_link_id = ANY (@checkout_link_id::uuid[]);

-- name: ClearStaleFailures :exec
-- Deletes what a run that tried all links of its source, or the given ones, did not
-- find failing: such links have landed, are gone, or are wanted no more. Touches
-- nothing if there are none, nor when the run has lost its source.
DELETE FROM sync_failures AS f
WHERE f.source = @source
    AND f.run_id <> @run_id
    AND (@every::boolean OR f.checkout_link_id = ANY (@checkout_link_id::uuid[]))
    AND EXISTS (SELECT FROM sync_runs AS r WHERE r.id = @run_id AND r.status = 'running');

-- name: ListFailuresSince :many
-- A source's links that have failed since a moment, as far as their ids are known.
SELECT checkout_link_id::uuid AS checkout_link_id
FROM sync_failures
WHERE source = @source AND checkout_link_id IS NOT NULL AND last_at >= @since::timestamptz;

-- name: ListFailures :many
-- Failing links, the longest-failing first.
SELECT
    f.source, f.link, f.since, f.last_at, f.attempts, f.kind, f.message, f.path,
    l.label
FROM sync_failures AS f
LEFT JOIN checkout_links AS l ON l.id = f.checkout_link_id
WHERE f.source = @source
ORDER BY f.since, f.checkout_link_id, f.place
LIMIT @most;

-- name: GetFailure :many
-- One link's failures, by source.
SELECT source, since, last_at, attempts, kind, message, path
FROM sync_failures
WHERE checkout_link_id = @checkout_link_id::uuid
ORDER BY source;
