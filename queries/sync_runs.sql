-- name: StartRun :exec
-- Begins a run, which is the lock of its source: the insert fails with a unique
-- violation while another run of the source is running.
INSERT INTO sync_runs (id, source, trigger, holder, scope, started_at, observing_since, checkpoint)
VALUES (@id, @source, @trigger, @holder, @scope, @started_at, @observing_since, sqlc.narg(checkpoint));

-- name: AbandonStaleRun :execrows
-- Ends the running run of a source whose process gives no sign of life any more.
UPDATE sync_runs SET
    status = 'abandoned',
    finished_at = clock_timestamp(),
    error = 'no heartbeat since ' || heartbeat_at || ', taken over'
WHERE source = @source
    AND status = 'running'
    AND heartbeat_at < clock_timestamp() - make_interval(secs => @stale_seconds::float8);

-- name: GetRunningRun :one
-- The run that holds a source.
SELECT id, holder, trigger, started_at
FROM sync_runs
WHERE source = @source AND status = 'running';

-- name: BeatRun :execrows
-- A sign of life. No row: the run has been taken over.
UPDATE sync_runs SET
    heartbeat_at = clock_timestamp(),
    requests = @requests
WHERE id = @id AND status = 'running';

-- name: FinishRun :execrows
-- Ends a run with its result. No row: the run has been taken over.
UPDATE sync_runs SET
    status = @status,
    finished_at = clock_timestamp(),
    heartbeat_at = clock_timestamp(),
    links_total = @links_total,
    links_changed = @links_changed,
    links_unchanged = @links_unchanged,
    links_removed = @links_removed,
    links_failed = @links_failed,
    rows_inserted = @rows_inserted,
    rows_updated = @rows_updated,
    rows_removed = @rows_removed,
    requests = @requests,
    observed_until = greatest(observed_until, sqlc.narg(observed_until)),
    organization_id = coalesce(@organization_id::uuid[], organization_id),
    error = sqlc.narg(error)
WHERE id = @id AND status = 'running';

-- name: BeginBatch :exec
-- First statement of every batch. The settings end with its transaction, so that
-- they also work behind a pooler.
--
-- Leaves the planner one way, the index of the key, row by row: that is right for
-- every statement of a batch. Left to itself it chooses by the size that a table
-- has when it plans, and keeps the plan: one that was made while the tables were
-- empty scans them for ever, which makes a first load take quadratic time. (Ways
-- that are ruled out have a cost that would make it compile the statement, too.)
--
-- And tells the triggers that write history about the run.
SELECT
    begin_batch(),
    set_config('enable_seqscan', 'off', true),
    set_config('enable_bitmapscan', 'off', true),
    set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true),
    set_config('random_page_cost', '1.1', true),
    set_config('jit', 'off', true),
    set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('syncer.run_id', (@id::uuid)::text, true),
    set_config('syncer.seen_at', @seen_at::text, true),
    set_config('syncer.previous', @previous::text, true);

-- name: LockRows :exec
-- Keeps other batches waiting until the transaction ends, as BeginBatch does.
SELECT begin_batch();

-- name: EndBatch :exec
-- Last statement of every batch: an error, and with it no write, unless the run
-- still holds its source and no other has seen later answers.
SELECT end_batch(
    @id::uuid, sqlc.narg(checkpoint)::jsonb, @oldest::timestamptz, @newest::timestamptz,
    sqlc.narg(left_out_since)::timestamptz, @organization_id::uuid[]
);

-- name: GetPreviousStart :one
-- When the last run of the same scope began that came to its end: what it saw,
-- it saw not before.
SELECT observing_since
FROM sync_runs
WHERE source = @source AND scope = @scope AND status IN ('succeeded', 'partial')
ORDER BY started_at DESC
LIMIT 1;

-- name: GetLastRun :one
-- The last run of a scope: where a backfill may go on.
SELECT status, checkpoint, observing_since, finished_at
FROM sync_runs
WHERE source = @source AND scope = @scope
ORDER BY started_at DESC, id DESC
LIMIT 1;

-- name: AbandonRun :execrows
-- Ends a run whose process is known to be dead.
UPDATE sync_runs SET
    status = 'abandoned',
    finished_at = clock_timestamp(),
    error = 'its process died, taken over'
WHERE id = @id AND status = 'running';

-- name: ListRuns :many
-- A source's last runs, newest first.
SELECT
    id, trigger, status, holder, started_at, heartbeat_at, finished_at, links_total, links_changed,
    links_unchanged, links_removed, links_failed, rows_inserted, rows_updated, rows_removed, requests, error
FROM sync_runs
WHERE source = @source
ORDER BY started_at DESC, id DESC
LIMIT @most;

-- name: GetLastSight :one
-- When the last finished run of any source began.
SELECT max(observing_since)::timestamptz AS seen_at
FROM sync_runs
WHERE status IN ('succeeded', 'partial')
HAVING max(observing_since) IS NOT NULL;
