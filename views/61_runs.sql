-- What the sync itself did.
CREATE OR REPLACE VIEW polar_bi.runs AS
SELECT
    r.id AS run_id,
    r.source,
    r.trigger,
    r.status,
    r.started_at,
    r.finished_at,
    r.links_total,
    r.links_changed,
    r.links_unchanged,
    r.links_removed,
    r.links_failed,
    r.rows_inserted,
    r.rows_updated,
    r.rows_removed,
    r.requests,
    r.error
FROM polar.sync_runs AS r;

COMMENT ON VIEW polar_bi.runs IS 'One row for every pass over a source that is still on record, the one under way included.';
COMMENT ON COLUMN polar_bi.runs.run_id IS 'Id of the run, as in changes';
COMMENT ON COLUMN polar_bi.runs.source IS 'Name of the source in the configuration';
COMMENT ON COLUMN polar_bi.runs.trigger IS 'What started the run: start, schedule, backfill';
COMMENT ON COLUMN polar_bi.runs.status IS 'running; succeeded: all links in place; partial: some failed, the rest is in place; failed: stopped early; abandoned: its process died or was stopped';
COMMENT ON COLUMN polar_bi.runs.started_at IS 'When the run began';
COMMENT ON COLUMN polar_bi.runs.finished_at IS 'When the run ended; null while it runs';
COMMENT ON COLUMN polar_bi.runs.links_total IS 'Links the run had to sync; this and the other counts of links and rows are 0 until it ends';
COMMENT ON COLUMN polar_bi.runs.links_changed IS 'Links that changed, in themselves or in anything nested in them';
COMMENT ON COLUMN polar_bi.runs.links_unchanged IS 'Links that were seen but had not changed';
COMMENT ON COLUMN polar_bi.runs.links_removed IS 'Links that Polar said are gone';
COMMENT ON COLUMN polar_bi.runs.links_failed IS 'Links that could not be synced; those that still fail are in freshness';
COMMENT ON COLUMN polar_bi.runs.rows_inserted IS 'New rows, in all tables of the catalogue';
COMMENT ON COLUMN polar_bi.runs.rows_updated IS 'Changed rows, in all tables of the catalogue';
COMMENT ON COLUMN polar_bi.runs.rows_removed IS 'Rows that were marked as removed, and join rows and tiers that were deleted';
COMMENT ON COLUMN polar_bi.runs.requests IS 'Requests sent to Polar, retries included; a little more while it runs, and for ever if it was killed';
COMMENT ON COLUMN polar_bi.runs.error IS 'Why the run stopped early, secrets masked; null when it did not';
