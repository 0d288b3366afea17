-- What the sync itself did: its runs, what it could not sync, and what Polar
-- sent but this program does not know yet.

-- +goose Up
CREATE TABLE sync_runs (
    id uuid PRIMARY KEY,
    number bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    source text NOT NULL,
    trigger text NOT NULL,
    status text NOT NULL DEFAULT 'running'
        CHECK (status IN ('running', 'succeeded', 'partial', 'failed', 'abandoned')),
    organization_ids uuid[] NOT NULL DEFAULT '{}',
    started_at timestamptz NOT NULL,
    observing_since timestamptz NOT NULL,
    heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    ended_after bigint,
    holder text NOT NULL,
    scope text NOT NULL,
    checkpoint jsonb,
    links_total bigint NOT NULL DEFAULT 0,
    links_changed bigint NOT NULL DEFAULT 0,
    links_unchanged bigint NOT NULL DEFAULT 0,
    links_removed bigint NOT NULL DEFAULT 0,
    links_failed bigint NOT NULL DEFAULT 0,
    rows_inserted bigint NOT NULL DEFAULT 0,
    rows_updated bigint NOT NULL DEFAULT 0,
    rows_removed bigint NOT NULL DEFAULT 0,
    requests bigint NOT NULL DEFAULT 0,
    error text
);

CREATE UNIQUE INDEX sync_runs_running_key ON sync_runs (source) WHERE status = 'running';
CREATE INDEX sync_runs_source_number_idx ON sync_runs (source, number DESC);
CREATE INDEX sync_runs_ended_after_idx ON sync_runs (ended_after);

COMMENT ON TABLE sync_runs IS 'One row for every pass over a source. A running row is also the lock: a source, and an organization, has one running run at a time.';
COMMENT ON COLUMN sync_runs.id IS 'Id of the run, a UUIDv7: ordered by time';
COMMENT ON COLUMN sync_runs.number IS 'Order in which runs began';
COMMENT ON COLUMN sync_runs.source IS 'Name of the source in the configuration';
COMMENT ON COLUMN sync_runs.trigger IS 'What started the run: start, schedule, backfill';
COMMENT ON COLUMN sync_runs.status IS 'running; succeeded: all links in place; partial: some failed, the rest is in place; failed: stopped early; abandoned: its process died or was stopped';
COMMENT ON COLUMN sync_runs.organization_ids IS 'Organizations the run has claimed: while it is running, no other run writes their rows';
COMMENT ON COLUMN sync_runs.started_at IS 'When the run began';
COMMENT ON COLUMN sync_runs.observing_since IS 'When the run began, or the killed one it resumed: it saw everything later than that';
COMMENT ON COLUMN sync_runs.heartbeat_at IS 'Last sign of life of a running run; a silent run is taken over';
COMMENT ON COLUMN sync_runs.finished_at IS 'When the run ended; null while it runs';
COMMENT ON COLUMN sync_runs.ended_after IS 'Number of the youngest run that had begun when this one ended; null while it runs. A run whose number is not greater may hold older answers than this one wrote.';
COMMENT ON COLUMN sync_runs.holder IS 'Process that runs it: where, and its process id';
COMMENT ON COLUMN sync_runs.scope IS 'What the run had to sync: all, or a fingerprint of the list of links. Runs of one scope ask for the same links.';
COMMENT ON COLUMN sync_runs.checkpoint IS 'How far a backfill got; if it was killed, the next one resumes there';
COMMENT ON COLUMN sync_runs.links_total IS 'Links the run had to sync';
COMMENT ON COLUMN sync_runs.links_changed IS 'Links that changed, in themselves or in anything nested in them';
COMMENT ON COLUMN sync_runs.links_unchanged IS 'Links that were seen but had not changed';
COMMENT ON COLUMN sync_runs.links_removed IS 'Links that Polar said are gone, whose rows got removed_at in this run';
COMMENT ON COLUMN sync_runs.links_failed IS 'Links that could not be synced; see sync_failures';
COMMENT ON COLUMN sync_runs.rows_inserted IS 'New rows, in all tables of the catalogue';
COMMENT ON COLUMN sync_runs.rows_updated IS 'Changed rows, in all tables of the catalogue';
COMMENT ON COLUMN sync_runs.rows_removed IS 'Rows that got removed_at, and join rows and tiers that were deleted';
COMMENT ON COLUMN sync_runs.requests IS 'Requests sent to Polar, retries included';
COMMENT ON COLUMN sync_runs.error IS 'Why the run stopped early; null when it did not';

-- Last statement of every batch: the fence. A run that was taken over, or that
-- writes rows of an organization it has not claimed, fails here, and its batch with it.
--
-- A batch that wrote something locks the run's row until it commits, so that it
-- either sees a takeover or makes it wait. One that wrote nothing only reads.
-- +goose StatementBegin
CREATE FUNCTION end_batch(run_id uuid, organizations uuid[], progress jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF pg_current_xact_id_if_assigned() IS NULL THEN
        PERFORM FROM sync_runs AS r
        WHERE r.id = run_id AND r.status = 'running' AND r.organization_ids @> organizations;
    ELSE
        UPDATE sync_runs AS r SET
            heartbeat_at = clock_timestamp(),
            checkpoint = coalesce(progress, r.checkpoint)
        WHERE r.id = run_id AND r.status = 'running' AND r.organization_ids @> organizations;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'run % does not hold its source and organizations any more', run_id USING ERRCODE = 'SYN01';
    END IF;
END
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION end_batch IS 'Raises SYN01 unless the run is running and has claimed the organizations; notes how far it got if the batch wrote something';

CREATE TABLE sync_failures (
    source text NOT NULL,
    checkout_link_id uuid NOT NULL,
    since timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    attempts bigint NOT NULL DEFAULT 1,
    kind text NOT NULL,
    message text NOT NULL,
    path text,
    body text,
    run_id uuid NOT NULL,
    PRIMARY KEY (source, checkout_link_id)
);

COMMENT ON TABLE sync_failures IS 'Links that could not be synced in the last run that tried. Their rows are as last seen. A link leaves this table when it lands or is gone.';
COMMENT ON COLUMN sync_failures.source IS 'Name of the source in the configuration';
COMMENT ON COLUMN sync_failures.checkout_link_id IS 'The link';
COMMENT ON COLUMN sync_failures.since IS 'Start of the first failed request without a success since';
COMMENT ON COLUMN sync_failures.last_at IS 'Start of the last failed request';
COMMENT ON COLUMN sync_failures.attempts IS 'Runs that tried and failed since then';
COMMENT ON COLUMN sync_failures.kind IS 'rate_limited, unavailable, bad_answer, or rejected (Postgres refused the rows)';
COMMENT ON COLUMN sync_failures.message IS 'What went wrong, for a person';
COMMENT ON COLUMN sync_failures.path IS 'Where in the body, as a JSON path; null without one place';
COMMENT ON COLUMN sync_failures.body IS 'Polar''s answer as text; characters Postgres cannot hold are replaced, error answers are cut at 64 KiB';
COMMENT ON COLUMN sync_failures.run_id IS 'The run that tried last';

CREATE TABLE drift (
    kind text NOT NULL,
    path text NOT NULL,
    value text NOT NULL DEFAULT '',
    sample text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    count bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (kind, path, value)
);

COMMENT ON TABLE drift IS 'What Polar sends but this program does not know: kept in extra or as sent, and recorded here once.';
COMMENT ON COLUMN drift.kind IS 'key: a key without a column; value: an unknown value of an enum; shape: a known key of unexpected shape; text: characters Postgres cannot hold were replaced';
COMMENT ON COLUMN drift.path IS 'Where, as a JSON path without indices, such as products[].prices[].tax_behavior';
COMMENT ON COLUMN drift.value IS 'kind value: the unknown value; else empty';
COMMENT ON COLUMN drift.sample IS 'The first value found there, cut short, secrets masked';
COMMENT ON COLUMN drift.first_seen_at IS 'Start of the request that showed it first';
COMMENT ON COLUMN drift.last_seen_at IS 'Start of the request that showed it last';
COMMENT ON COLUMN drift.count IS 'Links it was seen in, summed over all runs';

-- +goose Down
DROP TABLE drift;
DROP TABLE sync_failures;
DROP FUNCTION end_batch;
DROP TABLE sync_runs;
