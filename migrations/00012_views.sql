-- Which of the analysts' views `syncer migrate` has made, and how they are taken away.

-- +goose Up
CREATE TABLE syncer_views (
    schema_name text NOT NULL,
    view_name text NOT NULL,
    checksum text NOT NULL,
    columns text[] NOT NULL,
    grants jsonb,
    PRIMARY KEY (schema_name, view_name)
);

COMMENT ON TABLE syncer_views IS 'The views that syncer migrate has made, and makes anew when they change. What is not here is not syncer''s.';
COMMENT ON COLUMN syncer_views.schema_name IS 'Schema of the view';
COMMENT ON COLUMN syncer_views.view_name IS 'Its name';
COMMENT ON COLUMN syncer_views.checksum IS 'Of the text that it was made with';
COMMENT ON COLUMN syncer_views.columns IS 'Its columns in order, each with its type';
COMMENT ON COLUMN syncer_views.grants IS 'Who may do what with a view that was dropped: given again when it is made anew. Null while it is there.';

-- Its owner's migrations trust it, so nobody else writes it, whomever default privileges let write all tables of that owner.
-- +goose StatementBegin
DO $$
DECLARE
    other text;
BEGIN
    FOR other IN
        SELECT DISTINCT quote_ident(r.rolname)
        FROM pg_class AS c
        CROSS JOIN aclexplode(c.relacl) AS a
        JOIN pg_roles AS r ON r.oid = a.grantee
        WHERE c.oid = 'syncer_views'::regclass AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON syncer_views FROM %s', other);
    END LOOP;
END $$;
-- +goose StatementEnd

-- A migration that takes away or retypes what a view reads calls this first, and so does every way down; `syncer migrate`
-- makes the views anew at its end. Rules, triggers and defaults on a view would go with it without a word, so they count as
-- depending on it, too. A procedure: no run calls it, and rights on functions are for runs.
-- +goose StatementBegin
CREATE PROCEDURE drop_views(which regclass[] DEFAULT NULL)
LANGUAGE plpgsql AS $$
DECLARE
    gone oid[];
    names text;
    others text;
BEGIN
    LOCK TABLE syncer_views IN SHARE ROW EXCLUSIVE MODE;
    WITH RECURSIVE ours AS (
        SELECT c.oid
        FROM syncer_views AS v
        JOIN pg_namespace AS n ON n.nspname = v.schema_name
        JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = v.view_name AND c.relkind = 'v'
    ),
    dropped AS (
        SELECT o.oid FROM ours AS o WHERE which IS NULL OR o.oid = ANY (which)
        UNION
        SELECT o.oid
        FROM dropped AS p
        JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = p.oid AND d.classid = 'pg_rewrite'::regclass
        JOIN pg_rewrite AS w ON w.oid = d.objid
        JOIN ours AS o ON o.oid = w.ev_class
    )
    SELECT array_agg(p.oid), string_agg(format('%I.%I', n.nspname, c.relname), ', ' ORDER BY c.relname)
    INTO gone, names
    FROM dropped AS p
    JOIN pg_class AS c ON c.oid = p.oid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace;
    IF gone IS NULL THEN
        RETURN;
    END IF;

    SELECT string_agg(DISTINCT
        pg_describe_object(o.class, o.id, 0) || coalesce(' of role ' || quote_ident(pg_get_userbyid(coalesce(c.relowner, p.proowner))), ''), ', ')
    INTO others
    FROM (
        SELECT -- a view depends by its rule
            CASE WHEN w.rulename = '_RETURN' THEN 'pg_class'::regclass ELSE d.classid END AS class,
            CASE WHEN w.rulename = '_RETURN' THEN w.ev_class ELSE d.objid END AS id
        FROM pg_depend AS d
        LEFT JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
        WHERE d.deptype <> 'i'
            AND (
                d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (gone)
                OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN ( -- of a row, and of an array of rows
                    SELECT unnest(ARRAY[t.oid, t.typarray]) FROM pg_type AS t WHERE t.typrelid = ANY (gone)
                )
            )
    ) AS o
    LEFT JOIN pg_class AS c ON o.class = 'pg_class'::regclass AND c.oid = o.id
    LEFT JOIN pg_proc AS p ON o.class = 'pg_proc'::regclass AND p.oid = o.id
    WHERE NOT (o.class = 'pg_class'::regclass AND o.id = ANY (gone));
    IF others IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'SYN02',
            MESSAGE = format('%s must go to be made anew, but %s depends on it; drop that, run `syncer migrate`, and make it again', names, others);
    END IF;

    UPDATE syncer_views AS v
    SET grants = (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'attribute', g.attname, 'grantee', r.rolname, 'privilege', g.privilege_type, 'grantable', g.is_grantable
        )), '[]')
        FROM (
            SELECT NULL AS attname, a.grantee, a.privilege_type, a.is_grantable
            FROM aclexplode(c.relacl) AS a
            UNION ALL
            SELECT t.attname, a.grantee, a.privilege_type, a.is_grantable
            FROM pg_attribute AS t
            CROSS JOIN aclexplode(t.attacl) AS a
            WHERE t.attrelid = c.oid
        ) AS g
        LEFT JOIN pg_roles AS r ON r.oid = g.grantee
        WHERE g.grantee <> c.relowner
    )
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = ANY (gone) AND n.nspname = v.schema_name AND c.relname = v.view_name;
    EXECUTE 'DROP VIEW ' || names;
END $$;
-- +goose StatementEnd

COMMENT ON PROCEDURE drop_views IS 'Drops views that syncer migrate has made, and those of them that read these; all, unless told which. An error names what else depends on them.';

-- +goose Down
CALL drop_views();
DROP PROCEDURE drop_views;
DROP TABLE syncer_views;
