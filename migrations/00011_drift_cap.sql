-- drift is bounded, and says what it left out.

-- +goose Up
COMMENT ON COLUMN drift.kind IS 'key: a key without a column; value: an unknown value of an enum; shape: a known key of unexpected shape; text: characters Postgres cannot hold were replaced; more: there was more, which is not listed here';

-- +goose Down
COMMENT ON COLUMN drift.kind IS 'key: a key without a column; value: an unknown value of an enum; shape: a known key of unexpected shape; text: characters Postgres cannot hold were replaced';
