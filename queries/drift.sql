-- name: RecordDrift :exec
-- Notes what Polar sent but this program does not know, each thing once: at most
-- 100 new ones in a run, and 1000 in all. What is left out is counted in one row.
WITH seen AS (
    SELECT
        unnest(@kind::text[]) AS kind,
        unnest(@path::text[]) AS path,
        unnest(@value::text[]) AS value,
        unnest(@sample::text[]) AS sample,
        unnest(@seen_at::timestamptz[]) AS seen_at,
        unnest(@count::bigint[]) AS count
),
numbered AS (
    SELECT
        s.kind, s.path, s.value, s.sample, s.seen_at, s.count,
        k.kind IS NULL AS is_new,
        row_number() OVER (PARTITION BY k.kind IS NULL ORDER BY s.kind, s.path, s.value) AS place
    FROM seen AS s
    LEFT JOIN drift AS k ON k.kind = s.kind AND k.path = s.path AND k.value = s.value
),
room AS (
    SELECT
        1000 - count(*) AS in_all,
        100 - count(*) FILTER (WHERE d.first_seen_at >= @run_began::timestamptz) AS in_run
    FROM drift AS d
    WHERE d.kind <> 'more'
),
kept AS (
    SELECT n.kind, n.path, n.value, n.sample, n.seen_at, n.count
    FROM numbered AS n
    CROSS JOIN room AS r
    WHERE NOT n.is_new OR (n.place <= r.in_all AND n.place <= r.in_run)
    UNION ALL
    SELECT 'more', '', '', 'more than 100 new in a run, or 1000 in all', max(n.seen_at), count(*)
    FROM numbered AS n
    CROSS JOIN room AS r
    WHERE n.is_new AND (n.place > r.in_all OR n.place > r.in_run)
    HAVING count(*) > 0
)
INSERT INTO drift AS t (kind, path, value, sample, first_seen_at, last_seen_at, count)
SELECT d.kind, d.path, d.value, d.sample, d.seen_at, d.seen_at, d.count
FROM kept AS d
ORDER BY d.kind, d.path, d.value
ON CONFLICT (kind, path, value) DO UPDATE SET
    last_seen_at = greatest(t.last_seen_at, excluded.last_seen_at),
    count = t.count + excluded.count;

-- name: ListDrift :many
-- What Polar sends but this program does not know, newest first.
SELECT kind, path, value, sample, first_seen_at, last_seen_at, count
FROM drift
ORDER BY last_seen_at DESC, kind, path, value;
