-- Says where secrets lie beside checkout_links, for those who grant rights.

-- +goose Up
COMMENT ON TABLE changes IS 'One row for every change of a row of the catalogue. The first load is a change too: from nothing. Holds client secrets: before and after of checkout_links have url and client_secret as they were, which open the checkout.';
COMMENT ON COLUMN sync_failures.body IS 'Polar''s answer as text; characters Postgres cannot hold are replaced, error answers are cut at 64 KiB. Secret: may hold client secrets, which open the checkout.';
COMMENT ON COLUMN sync_failures.message IS 'What went wrong, for a person; secrets masked';
COMMENT ON COLUMN sync_runs.error IS 'Why the run stopped early, secrets masked; null when it did not';

-- +goose Down
COMMENT ON COLUMN sync_runs.error IS 'Why the run stopped early; null when it did not';
COMMENT ON COLUMN sync_failures.message IS 'What went wrong, for a person';
COMMENT ON COLUMN sync_failures.body IS 'Polar''s answer as text; characters Postgres cannot hold are replaced, error answers are cut at 64 KiB';
COMMENT ON TABLE changes IS 'One row for every change of a row of the catalogue. The first load is a change too: from nothing.';
