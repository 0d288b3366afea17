-- Which links a run over listed ids stood for, so that it makes these fresher and no others.

-- +goose Up
CREATE TABLE sync_scopes (
    scope text NOT NULL,
    checkout_link_id uuid NOT NULL,
    PRIMARY KEY (scope, checkout_link_id)
);

CREATE INDEX sync_scopes_checkout_link_id_idx ON sync_scopes (checkout_link_id);

COMMENT ON TABLE sync_scopes IS 'Which links the runs of a scope ask for, where that is a list of ids: written when a run first has the scope, and deleted with its last run. A scope whose runs are all older than this table has no rows, and its runs stand for nothing.';
COMMENT ON COLUMN sync_scopes.scope IS 'As in sync_runs; never all';
COMMENT ON COLUMN sync_scopes.checkout_link_id IS 'A link of the list, whether or not Polar knows it';

COMMENT ON COLUMN sync_runs.scope IS 'What the run had to sync: all, or a fingerprint of the list of links, which is in sync_scopes. Runs of one scope ask for the same links.';

-- +goose Down
CALL drop_views();
COMMENT ON COLUMN sync_runs.scope IS 'What the run had to sync: all, or a fingerprint of the list of links. Runs of one scope ask for the same links.';
DROP TABLE sync_scopes;
