-- Which of Polar's API versions a run was answered in: Polar removes old ones.

-- +goose Up
ALTER TABLE sync_runs ADD COLUMN api_version text;

COMMENT ON COLUMN sync_runs.api_version IS 'Version of Polar''s API that answered, such as 2026-10; empty: none was asked for, Polar chose its default; null: none has answered, the run has not ended in order, or an older program ran it';
COMMENT ON COLUMN sync_runs.requests IS 'Requests sent to Polar, retries included; while it runs, and for ever if it is killed, the number that it had noted before sending them, which is a little higher';

-- +goose Down
COMMENT ON COLUMN sync_runs.requests IS 'Requests sent to Polar, retries included';
ALTER TABLE sync_runs DROP COLUMN api_version;
