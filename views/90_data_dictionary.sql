-- What every view and column means, from the COMMENTs in the catalog.
CREATE OR REPLACE VIEW polar_bi.data_dictionary AS
SELECT
    c.relname::text AS view_name,
    a.attnum::integer AS position,
    a.attname::text AS column_name,
    format_type(a.atttypid, a.atttypmod) AS type,
    col_description(c.oid, a.attnum) AS description,
    obj_description(c.oid, 'pg_class') AS view_description
FROM polar.syncer_views AS v -- not what users have added to the schema
JOIN pg_catalog.pg_namespace AS n ON n.nspname = v.schema_name
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = v.view_name AND c.relkind = 'v'
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
WHERE v.schema_name = 'polar_bi';

COMMENT ON VIEW polar_bi.data_dictionary IS 'One row for every column of the views in this schema, this one included.';
COMMENT ON COLUMN polar_bi.data_dictionary.view_name IS 'Name of the view';
COMMENT ON COLUMN polar_bi.data_dictionary.position IS 'Place of the column in its view, from 1';
COMMENT ON COLUMN polar_bi.data_dictionary.column_name IS 'Name of the column';
COMMENT ON COLUMN polar_bi.data_dictionary.type IS 'Type of the column, as Postgres names it';
COMMENT ON COLUMN polar_bi.data_dictionary.description IS 'Meaning of the column, its unit, and what null says';
COMMENT ON COLUMN polar_bi.data_dictionary.view_description IS 'What one row of the view is';
