-- name: LockClaims :exec
-- Lets only one transaction at a time begin a run, claim, or end a run. It is short,
-- and at READ COMMITTED, so that every later statement sees what others did.
SELECT pg_advisory_xact_lock(hashtextextended('syncer claims ' || current_schema(), 0));

-- name: ListHolders :many
-- The other running runs that hold the source or one of the organizations, and the
-- time since each one's last sign of life.
SELECT
    id, source, holder, trigger, started_at,
    extract(EPOCH FROM clock_timestamp() - heartbeat_at)::float8 AS silent_seconds
FROM sync_runs
WHERE status = 'running'
    AND id <> @id
    AND (source = @source OR organization_ids && @organization_ids::uuid[])
ORDER BY number;

-- name: StartRun :one
-- Begins a run with its claims.
INSERT INTO sync_runs (
    id, source, trigger, holder, scope, organization_ids, started_at, observing_since, checkpoint
)
SELECT
    @id, @source, @trigger, @holder, @scope, @organization_ids::uuid[], c.now,
    coalesce(sqlc.narg(observing_since)::timestamptz, c.now), sqlc.narg(checkpoint)::jsonb
FROM (SELECT clock_timestamp() AS now) AS c
RETURNING number, started_at, observing_since;

-- name: ClaimOrganizations :execrows
-- Sets a run's claims: all it needs, or none. No row: it was taken over.
UPDATE sync_runs SET
    organization_ids = @organization_ids::uuid[]
WHERE id = @id AND status = 'running';

-- name: IsOvertaken :one
-- Whether another run of one of the organizations has ended since this one began:
-- what this one has observed so far may be older than what that one wrote.
SELECT EXISTS (
    SELECT FROM sync_runs
    WHERE ended_after >= @number::bigint AND organization_ids && @organization_ids::uuid[]
)::bool AS overtaken;

-- name: AbandonRun :execrows
-- Ends a run whose process is dead or silent.
UPDATE sync_runs AS r SET
    status = 'abandoned',
    finished_at = clock_timestamp(),
    ended_after = (SELECT max(o.number) FROM sync_runs AS o),
    error = @error::text
WHERE r.id = @id AND r.status = 'running';

-- name: BeatRun :execrows
-- A sign of life, and how far the run is. No row: the run was taken over.
UPDATE sync_runs SET
    heartbeat_at = clock_timestamp(),
    requests = greatest(requests, @requests),
    checkpoint = coalesce(sqlc.narg(checkpoint), checkpoint)
WHERE id = @id AND status = 'running';

-- name: NoteRequests :execrows
-- Notes how many requests the run may have sent, before it sends them, so that
-- whoever comes after a killed run knows. No row: the run was taken over.
UPDATE sync_runs SET
    heartbeat_at = clock_timestamp(),
    requests = @requests
WHERE id = @id AND status = 'running';

-- name: ListRecentUse :many
-- The ended runs of a source and of organizations that may have sent requests within
-- the last so many seconds, how many at most, and how long ago the last of them was
-- at least. A run that was taken over lived on for the given time after its last
-- sign of life at most; one that ended in order gave that at its end.
SELECT
    id, requests,
    extract(EPOCH FROM clock_timestamp() - least(
        finished_at, heartbeat_at + make_interval(secs => @lived_on_seconds::float8)
    ))::float8 AS ago_seconds
FROM sync_runs
WHERE (source = @source OR organization_ids && @organization_ids::uuid[])
    AND finished_at > clock_timestamp() - make_interval(secs => @within_seconds::float8)
ORDER BY number;

-- name: FinishRun :execrows
-- Ends a run with its result. No row: the run was taken over.
UPDATE sync_runs AS r SET
    status = @status,
    finished_at = clock_timestamp(),
    heartbeat_at = clock_timestamp(),
    ended_after = (SELECT max(o.number) FROM sync_runs AS o),
    links_total = @links_total,
    links_changed = @links_changed,
    links_unchanged = @links_unchanged,
    links_removed = @links_removed,
    links_failed = @links_failed,
    rows_inserted = @rows_inserted,
    rows_updated = @rows_updated,
    rows_removed = @rows_removed,
    requests = @requests,
    seen_organization_ids = @seen_organization_ids::uuid[],
    api_version = sqlc.narg(api_version),
    checkpoint = coalesce(sqlc.narg(checkpoint), r.checkpoint),
    error = sqlc.narg(error)
WHERE r.id = @id AND r.status = 'running';

-- name: BeginBatch :exec
-- First statement of every batch. The settings end with its transaction, so they
-- work behind a pooler too.
--
-- Leaves the planner only the key's index, row by row, which is right for every
-- statement of a batch. By itself it chooses by a table's size at planning time,
-- and keeps the plan: one made while the tables were empty scans them for ever, and
-- a first load takes quadratic time. (The cost of ways ruled out would make it
-- compile the statement, too.)
--
-- Also tells the triggers that write history about the run.
SELECT
    set_config('enable_seqscan', 'off', true),
    set_config('enable_bitmapscan', 'off', true),
    set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true),
    set_config('random_page_cost', '1.1', true),
    set_config('jit', 'off', true),
    set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('syncer.run_id', (@id::uuid)::text, true),
    set_config('syncer.not_before', @not_before::text, true),
    set_config('syncer.not_after', @not_after::text, true);

-- name: EndBatch :exec
-- Last statement of every batch: an error, and with it no write, unless the run
-- still holds its source and the organizations.
SELECT end_batch(@id::uuid, @organization_ids::uuid[], sqlc.narg(checkpoint)::jsonb);

-- name: GetPreviousStart :one
-- When the last completed run of the same scope began that saw an organization: it
-- saw nothing of that earlier. One whose time is yet to come bounds nothing.
SELECT observing_since
FROM sync_runs
WHERE source = @source
    AND scope = @scope
    AND status IN ('succeeded', 'partial')
    AND observing_since <= clock_timestamp()
    AND seen_organization_ids @> ARRAY[@organization_id::uuid]
ORDER BY number DESC
LIMIT 1;

-- name: GetLastRun :one
-- The last run of a scope, where a backfill may resume, unless it is too old, or its
-- time is yet to come: a restored dump, or a clock that was wrong.
SELECT status, checkpoint, observing_since
FROM (
    SELECT r.status, r.checkpoint, r.observing_since
    FROM sync_runs AS r
    WHERE r.source = @source AND r.scope = @scope
    ORDER BY r.number DESC
    LIMIT 1
) AS last
WHERE observing_since > clock_timestamp() - make_interval(secs => @within_seconds::float8)
    AND observing_since <= clock_timestamp();

-- name: ListRuns :many
-- A source's last runs, newest first.
SELECT
    id, trigger, status, holder, started_at, heartbeat_at, finished_at, links_total, links_changed,
    links_unchanged, links_removed, links_failed, rows_inserted, rows_updated, rows_removed, requests, api_version, error
FROM sync_runs
WHERE source = @source
ORDER BY number DESC
LIMIT @most;

-- name: GetLastSight :one
-- When the last finished run of any source began that saw an organization; one whose
-- time is yet to come tells nothing.
SELECT max(observing_since)::timestamptz AS seen_at
FROM sync_runs
WHERE status IN ('succeeded', 'partial')
    AND observing_since <= clock_timestamp()
    AND seen_organization_ids @> ARRAY[@organization_id::uuid]
HAVING max(observing_since) IS NOT NULL;

-- name: PruneRuns :one
-- Deletes runs past their time, at most so many, but for those that later ones go by:
-- doctor by the last one that completed, not_before and "last seen" by the last one that
-- saw an organization, a running run by what has ended since it began, and whoever reads
-- of a failure by the run that tried last. A scope's links go with its last run.
WITH gone AS (
    DELETE FROM sync_runs
    WHERE id IN (
        SELECT r.id
        FROM sync_runs AS r
        WHERE r.finished_at < @ended_before::timestamptz
            AND r.status <> 'running'
            AND r.number NOT IN (
                SELECT max(o.number)
                FROM sync_runs AS o
                WHERE o.status IN ('succeeded', 'partial')
                GROUP BY o.source, o.scope
            )
            AND r.number NOT IN (
                SELECT max(o.number)
                FROM sync_runs AS o
                CROSS JOIN unnest(o.seen_organization_ids) AS s (organization_id)
                WHERE o.status IN ('succeeded', 'partial')
                GROUP BY o.source, o.scope, s.organization_id
            )
            AND r.ended_after < coalesce((SELECT min(o.number) FROM sync_runs AS o WHERE o.status = 'running'), r.ended_after + 1)
            AND NOT EXISTS (
                SELECT FROM sync_failures AS f
                WHERE f.run_id = r.id
            )
        LIMIT @most
    )
    RETURNING id, scope
), forgotten AS (
    DELETE FROM sync_scopes
    WHERE scope IN (SELECT g.scope FROM gone AS g)
        AND scope NOT IN (SELECT r.scope FROM sync_runs AS r WHERE r.id NOT IN (SELECT g.id FROM gone AS g))
)
SELECT count(*) AS runs FROM gone;
