-- History: what changed, the earliest and latest time it can have, from what to
-- what. Triggers write it, so that it covers edits by hand, and only when something
-- changed.

-- +goose Up
CREATE TABLE changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity text NOT NULL,
    entity_id uuid NOT NULL,
    op text NOT NULL CHECK (op IN ('insert', 'update', 'remove', 'restore')),
    before jsonb,
    after jsonb,
    not_before timestamptz,
    not_after timestamptz NOT NULL,
    run_id uuid
);

CREATE INDEX changes_entity_id_idx ON changes (entity_id, id);
-- For pruning old history by time: whole ranges of the table, which is in order of time.
CREATE INDEX changes_not_after_idx ON changes USING brin (not_after);

COMMENT ON TABLE changes IS 'One row for every change of a row of the catalogue. The first load is a change too: from nothing.';
COMMENT ON COLUMN changes.id IS 'Order of the changes';
COMMENT ON COLUMN changes.entity IS 'Table of the row that changed';
COMMENT ON COLUMN changes.entity_id IS 'Id of that row; for tiers, amounts and join tables the id of their owner: price, discount, product, link';
COMMENT ON COLUMN changes.op IS 'insert; update; remove: marked as gone, or deleted from a join table; restore: back after being gone';
COMMENT ON COLUMN changes.before IS 'The changed columns as they were; a removed join row whole; null for an insert';
COMMENT ON COLUMN changes.after IS 'The changed columns as they are now; an inserted row whole; null for a deleted join row';
COMMENT ON COLUMN changes.not_before IS 'Start of the last request that showed the old state: it changed later; null if none did';
COMMENT ON COLUMN changes.not_after IS 'End of the request that first showed the new state, or of the last one in its batch: it had changed by then';
COMMENT ON COLUMN changes.run_id IS 'The run that saw it; null for an edit by hand';

-- Whether the run before this one saw the thing, through a live link that does not
-- fail. Called before the change is written, and only for changed rows.
-- +goose StatementBegin
CREATE FUNCTION seen_before(entity text, id uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    CASE entity
        WHEN 'checkout_links' THEN
            RETURN NOT EXISTS (SELECT FROM sync_failures AS f WHERE f.checkout_link_id = seen_before.id);
        WHEN 'products' THEN
            RETURN EXISTS (
                SELECT FROM checkout_link_products AS j
                JOIN checkout_links AS l ON l.id = j.checkout_link_id
                WHERE j.product_id = seen_before.id
                    AND l.removed_at IS NULL
                    AND NOT EXISTS (SELECT FROM sync_failures AS f WHERE f.checkout_link_id = l.id)
            );
        WHEN 'prices' THEN
            RETURN EXISTS (
                SELECT FROM prices AS p
                WHERE p.id = seen_before.id AND seen_before('products', p.product_id)
            );
        WHEN 'meters' THEN
            RETURN EXISTS (
                SELECT FROM prices AS p
                WHERE p.meter_id = seen_before.id AND p.removed_at IS NULL AND seen_before('products', p.product_id)
            );
        WHEN 'benefits' THEN
            RETURN EXISTS (
                SELECT FROM product_benefits AS j
                WHERE j.benefit_id = seen_before.id AND seen_before('products', j.product_id)
            );
        WHEN 'medias' THEN
            RETURN EXISTS (
                SELECT FROM product_medias AS j
                WHERE j.media_id = seen_before.id AND seen_before('products', j.product_id)
            );
        WHEN 'discounts' THEN
            RETURN EXISTS (
                SELECT FROM checkout_links AS l
                WHERE l.discount_id = seen_before.id AND l.removed_at IS NULL AND seen_before('checkout_links', l.id)
            );
        ELSE
            RETURN false;
    END CASE;
END
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION seen_before IS 'Whether the previous run of the same scope saw the thing';

-- Records one statement's changes of one table. Arguments: the column that
-- identifies the row or its owner, the rest of its key or '', and the table which
-- that column refers to. The run describes itself in settings of its transaction:
--   syncer.run_id      the run
--   syncer.not_before  when the run before it, of the same scope, began
--   syncer.not_after   when the batch's last request had been answered
-- +goose StatementBegin
CREATE FUNCTION record_changes() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    run uuid;
    previous timestamptz;
    seen_by timestamptz;
    path text;
    own text[] := ARRAY['first_seen_at', 'changed_at'];
    id_column text := TG_ARGV[0];
    key_column text := TG_ARGV[1];
    owner text := TG_ARGV[2];
BEGIN
    -- Most statements change nothing, yet each of them calls this.
    IF TG_OP = 'DELETE' THEN
        PERFORM FROM old_rows LIMIT 1;
    ELSE
        PERFORM FROM new_rows LIMIT 1;
    END IF;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    -- The names below must resolve in this schema, whatever the editor's search_path;
    -- until that is set, every name is qualified.
    path := pg_catalog.current_setting('search_path');
    PERFORM pg_catalog.set_config(
        'search_path', pg_catalog.quote_ident(TG_TABLE_SCHEMA::pg_catalog.text) OPERATOR (pg_catalog.||) ', pg_temp', true
    );
    run := nullif(current_setting('syncer.run_id', true), '')::uuid;
    previous := nullif(current_setting('syncer.not_before', true), '')::timestamptz;
    seen_by := coalesce(nullif(current_setting('syncer.not_after', true), '')::timestamptz, clock_timestamp());
    IF previous > seen_by THEN -- a restored dump, or a server's clock set back
        previous := NULL;
    END IF;

    IF TG_OP = 'INSERT' THEN
        INSERT INTO changes (entity, entity_id, op, after, not_before, not_after, run_id)
        SELECT
            TG_TABLE_NAME, (n.j ->> id_column)::uuid, 'insert', n.j - own,
            -- A new row was seen missing only if its owner was seen.
            CASE
                WHEN previous IS NULL THEN NULL
                WHEN TG_TABLE_NAME = 'prices' AND seen_before('products', (n.j ->> 'product_id')::uuid) THEN previous
                WHEN owner <> TG_TABLE_NAME AND seen_before(owner, (n.j ->> id_column)::uuid) THEN previous
            END,
            seen_by, run
        FROM (SELECT to_jsonb(r) AS j FROM new_rows AS r OFFSET 0) AS n; -- OFFSET: evaluated once per row
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO changes (entity, entity_id, op, before, after, not_before, not_after, run_id)
        SELECT
            TG_TABLE_NAME, (c.new ->> id_column)::uuid,
            CASE
                WHEN c.before ? 'removed_at' AND c.new ->> 'removed_at' IS NOT NULL AND c.old ->> 'removed_at' IS NULL THEN 'remove'
                WHEN c.before ? 'removed_at' AND c.new ->> 'removed_at' IS NULL THEN 'restore'
                ELSE 'update'
            END,
            c.before, c.after,
            greatest(
                CASE WHEN (c.old ->> 'changed_at')::timestamptz <= seen_by THEN (c.old ->> 'changed_at')::timestamptz END,
                CASE WHEN previous IS NOT NULL AND seen_before(owner, (c.new ->> id_column)::uuid) THEN previous END
            ),
            seen_by, run
        FROM (
            SELECT o.j AS old, n.j AS new, d.before, d.after
            FROM (SELECT to_jsonb(r) AS j, to_jsonb(r) -> id_column AS id, to_jsonb(r) -> key_column AS key FROM old_rows AS r OFFSET 0) AS o
            JOIN (SELECT to_jsonb(r) AS j, to_jsonb(r) -> id_column AS id, to_jsonb(r) -> key_column AS key FROM new_rows AS r OFFSET 0) AS n
                ON n.id = o.id AND coalesce(n.key, 'null') = coalesce(o.key, 'null')
            CROSS JOIN LATERAL (
                SELECT jsonb_object_agg(e.key, e.value) AS before, jsonb_object_agg(e.key, n.j -> e.key) AS after
                FROM jsonb_each(o.j) AS e
                WHERE e.key <> ALL (own) AND e.value IS DISTINCT FROM n.j -> e.key
            ) AS d
            WHERE d.before IS NOT NULL
            OFFSET 0
        ) AS c
        ORDER BY c.new ->> id_column, c.new -> key_column;
    ELSE
        INSERT INTO changes (entity, entity_id, op, before, not_before, not_after, run_id)
        SELECT
            TG_TABLE_NAME, (o.j ->> id_column)::uuid, 'remove', o.j - own,
            CASE WHEN previous IS NOT NULL AND seen_before(owner, (o.j ->> id_column)::uuid) THEN previous END,
            seen_by, run
        FROM (SELECT to_jsonb(r) AS j FROM old_rows AS r OFFSET 0) AS o
        ORDER BY o.j ->> id_column, o.j -> key_column;
    END IF;
    PERFORM set_config('search_path', path, true);
    RETURN NULL;
END
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION record_changes IS 'Trigger: notes in changes what one statement did to one table';

-- +goose StatementBegin
DO $$
DECLARE
    t text[];
BEGIN
    FOREACH t SLICE 1 IN ARRAY ARRAY[
        -- table, id, rest of the key, whose id that is
        ['checkout_links', 'id', '', 'checkout_links'],
        ['checkout_link_products', 'checkout_link_id', 'product_id', 'checkout_links'],
        ['products', 'id', '', 'products'],
        ['prices', 'id', '', 'prices'],
        ['price_tiers', 'price_id', 'position', 'prices'],
        ['meters', 'id', '', 'meters'],
        ['benefits', 'id', '', 'benefits'],
        ['product_benefits', 'product_id', 'position', 'products'],
        ['medias', 'id', '', 'medias'],
        ['product_medias', 'product_id', 'position', 'products'],
        ['discounts', 'id', '', 'discounts'],
        ['discount_amounts', 'discount_id', 'currency', 'discounts']
    ] LOOP
        EXECUTE format('CREATE TRIGGER record_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION record_changes(%L, %L, %L)', t[1], t[2], t[3], t[4]);
        EXECUTE format('CREATE TRIGGER record_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION record_changes(%L, %L, %L)', t[1], t[2], t[3], t[4]);
        EXECUTE format('CREATE TRIGGER record_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows
            FOR EACH STATEMENT EXECUTE FUNCTION record_changes(%L, %L, %L)', t[1], t[2], t[3], t[4]);
    END LOOP;
END
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
DO $$
DECLARE
    t record;
BEGIN
    FOR t IN
        SELECT tgrelid::regclass AS relation, tgname
        FROM pg_trigger
        WHERE tgfoid = 'record_changes'::regproc
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.relation);
    END LOOP;
END
$$;
-- +goose StatementEnd
DROP FUNCTION record_changes;
DROP FUNCTION seen_before;
DROP TABLE changes;
