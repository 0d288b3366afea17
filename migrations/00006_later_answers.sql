-- When another run's answers matter to a batch: only when it changes something, or
-- leaves something out because its rows are in place, and only those of the same
-- organization. Sources of different organizations share no row, and runs that
-- find nothing changed do not disturb each other.

-- +goose Up
ALTER TABLE sync_runs
    ADD COLUMN organization_id uuid[],
    ADD COLUMN wrote_until timestamptz;

COMMENT ON COLUMN sync_runs.wrote_until IS 'When the last request began whose answer changed something; null: nothing did';
COMMENT ON COLUMN sync_runs.organization_id IS 'The organizations whose links the run has seen, noted with observed_until; null: unknown';

DROP FUNCTION begin_batch;
DROP FUNCTION end_batch;

-- Called first in every batch of a run. Lets one batch at a time write to the
-- schema. The lock ends with the transaction, whatever becomes of its session.
-- +goose StatementBegin
CREATE FUNCTION begin_batch() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('syncer ' || current_schema(), 0));
END
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION begin_batch IS 'Locks the schema''s rows against other batches';

-- Called last in every batch of a run.
--
-- Refuses observations that are older than what another run has seen since: the
-- caller fetches them again. That goes for a batch that wrote something, which
-- began to be observed at oldest, and for one that leaves things out whose rows are
-- in place since a moment, when another run has changed something since.
--
-- A batch that wrote something, or notes how far it came, locks the run's row until
-- it commits: a run that was taken over meanwhile cannot write any more. A batch
-- that changed nothing only reads, unless other runs must know what it has seen.
-- +goose StatementBegin
CREATE FUNCTION end_batch(
    run_id uuid, progress jsonb, oldest timestamptz, newest timestamptz, left_out_since timestamptz, organizations uuid[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    wrote boolean := pg_current_xact_id_if_assigned() IS NOT NULL;
BEGIN
    IF wrote AND EXISTS (
        SELECT FROM sync_runs AS r
        WHERE r.observed_until > oldest AND r.id <> run_id
            AND (r.organization_id && organizations OR r.organization_id IS NULL OR organizations = '{}')
    ) THEN
        RAISE EXCEPTION 'another run has seen later answers' USING ERRCODE = 'SYN02';
    END IF;
    IF EXISTS (
        SELECT FROM sync_runs AS r
        WHERE r.observed_until > left_out_since AND r.wrote_until > left_out_since AND r.id <> run_id
            AND (r.organization_id && organizations OR r.organization_id IS NULL)
    ) THEN
        RAISE EXCEPTION 'another run has written since' USING ERRCODE = 'SYN02';
    END IF;
    IF progress IS NULL AND NOT wrote
        AND NOT EXISTS (SELECT FROM sync_runs AS r WHERE r.id <> run_id AND r.status = 'running')
    THEN
        PERFORM FROM sync_runs AS r WHERE r.id = run_id AND r.status = 'running';
    ELSE
        UPDATE sync_runs AS r SET
            heartbeat_at = clock_timestamp(),
            checkpoint = coalesce(progress, r.checkpoint),
            observed_until = greatest(r.observed_until, newest),
            wrote_until = CASE WHEN wrote THEN greatest(r.wrote_until, newest) ELSE r.wrote_until END,
            organization_id = CASE
                WHEN r.organization_id @> organizations THEN r.organization_id
                ELSE nullif(r.organization_id || organizations, '{}')
            END
        WHERE r.id = run_id AND r.status = 'running';
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'run % does not hold its source any more', run_id USING ERRCODE = 'SYN01';
    END IF;
END
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION end_batch IS 'Raises SYN01 unless the run is running, SYN02 when another run has seen later answers, and notes how far the run came';

-- +goose Down
DROP FUNCTION end_batch;
DROP FUNCTION begin_batch;

-- +goose StatementBegin
CREATE FUNCTION begin_batch(run_id uuid, oldest timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('syncer ' || current_schema(), 0));
    PERFORM FROM sync_runs AS r WHERE r.id <> run_id AND r.observed_until > oldest;
    IF FOUND THEN
        RAISE EXCEPTION 'another run has seen later answers' USING ERRCODE = 'SYN02';
    END IF;
END
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION begin_batch IS 'Locks the schema''s rows against other batches; raises SYN02 when another run has seen later answers';

-- +goose StatementBegin
CREATE FUNCTION end_batch(run_id uuid, progress jsonb, newest timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF progress IS NULL
        AND pg_current_xact_id_if_assigned() IS NULL
        AND NOT EXISTS (SELECT FROM sync_runs AS r WHERE r.id <> run_id AND r.status = 'running')
    THEN
        PERFORM FROM sync_runs WHERE id = run_id AND status = 'running';
    ELSE
        UPDATE sync_runs SET
            heartbeat_at = clock_timestamp(),
            checkpoint = coalesce(progress, checkpoint),
            observed_until = greatest(observed_until, newest)
        WHERE id = run_id AND status = 'running';
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'run % does not hold its source any more', run_id USING ERRCODE = 'SYN01';
    END IF;
END
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION end_batch IS 'Raises SYN01 unless the run is running, and notes how far it came';

ALTER TABLE sync_runs
    DROP COLUMN wrote_until,
    DROP COLUMN organization_id;
