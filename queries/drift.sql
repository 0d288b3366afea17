-- name: RecordDrift :exec
-- Notes what Polar sent but this program does not know, each thing once.
INSERT INTO drift AS t (kind, path, value, sample, first_seen_at, last_seen_at, count)
SELECT d.kind, d.path, d.value, d.sample, d.seen_at, d.seen_at, d.count
FROM (
    SELECT
        unnest(@kind::text[]) AS kind,
        unnest(@path::text[]) AS path,
        unnest(@value::text[]) AS value,
        unnest(@sample::text[]) AS sample,
        unnest(@seen_at::timestamptz[]) AS seen_at,
        unnest(@count::bigint[]) AS count
) AS d
ORDER BY d.kind, d.path, d.value
ON CONFLICT (kind, path, value) DO UPDATE SET
    last_seen_at = greatest(t.last_seen_at, excluded.last_seen_at),
    count = t.count + excluded.count;

-- name: ListDrift :many
-- What Polar sends but this program does not know, newest first.
SELECT kind, path, value, sample, first_seen_at, last_seen_at, count
FROM drift
ORDER BY last_seen_at DESC, kind, path, value;
