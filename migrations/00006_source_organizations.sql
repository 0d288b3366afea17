-- Whose links a source keeps, so that a token of another organization, or another
-- server, is noticed before anything is written; and which organizations a run saw.

-- +goose Up
CREATE TABLE source_organizations (
    source text NOT NULL,
    organization_id uuid NOT NULL,
    server text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    PRIMARY KEY (source, organization_id)
);

COMMENT ON TABLE source_organizations IS 'Organizations whose links a source keeps: those it was ever shown, since it last went over to another one. Written with the first batch that shows an organization.';
COMMENT ON COLUMN source_organizations.source IS 'Name of the source in the configuration';
COMMENT ON COLUMN source_organizations.organization_id IS 'Polar''s id of the merchant''s organization';
COMMENT ON COLUMN source_organizations.server IS 'Base URL of the Polar server that showed it';
COMMENT ON COLUMN source_organizations.first_seen_at IS 'When the run began that was first shown a link of it';

ALTER TABLE sync_runs ADD COLUMN seen_organization_ids uuid[] NOT NULL DEFAULT '{}';

COMMENT ON COLUMN sync_runs.seen_organization_ids IS 'Organizations of which Polar showed links in this run, or in the killed one it resumed';

COMMENT ON TABLE sync_failures IS 'Links that could not be synced in the last run that tried. Their rows are as last seen. A link leaves this table when it lands, is gone, or is wanted no more.';

-- +goose Down
COMMENT ON TABLE sync_failures IS 'Links that could not be synced in the last run that tried. Their rows are as last seen. A link leaves this table when it lands or is gone.';
ALTER TABLE sync_runs DROP COLUMN seen_organization_ids;
DROP TABLE source_organizations;
