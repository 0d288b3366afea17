-- A link that LIST holds and cannot show has a place there and no id: each such place is a row of its own.

-- +goose Up
DELETE FROM sync_failures WHERE checkout_link_id = '00000000-0000-0000-0000-000000000000'; -- stood for all of them; the next run names each
ALTER TABLE sync_failures DROP CONSTRAINT sync_failures_pkey; -- on its own, since it makes the column NOT NULL
ALTER TABLE sync_failures
    ALTER COLUMN checkout_link_id DROP NOT NULL,
    ADD COLUMN place bigint,
    ADD COLUMN link text NOT NULL
        GENERATED ALWAYS AS (coalesce(checkout_link_id::text, 'link ' || place::text || ' of the organization''s list')) STORED,
    ADD PRIMARY KEY (source, link);

COMMENT ON COLUMN sync_failures.checkout_link_id IS 'The link; null when nobody knows its id';
COMMENT ON COLUMN sync_failures.place IS 'Place in the organization''s list, oldest link first, counted from 1, of a link whose id nobody knows; else null';
COMMENT ON COLUMN sync_failures.link IS 'The link in words: its id, or its place';

-- +goose Down
DELETE FROM sync_failures WHERE checkout_link_id IS NULL;
ALTER TABLE sync_failures
    DROP CONSTRAINT sync_failures_pkey,
    DROP COLUMN link,
    DROP COLUMN place,
    ADD PRIMARY KEY (source, checkout_link_id);
COMMENT ON COLUMN sync_failures.checkout_link_id IS 'The link';
