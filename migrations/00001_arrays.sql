-- Arrays whose elements may be null: a batch travels as one array per column,
-- and generated code needs a type of its own for nullable elements.
-- No column has these types; they exist for the casts in queries/.

-- +goose Up
CREATE DOMAIN ntext AS text;
CREATE DOMAIN nbigint AS bigint;
CREATE DOMAIN nbool AS boolean;
CREATE DOMAIN ntimestamptz AS timestamptz;
CREATE DOMAIN nuuid AS uuid;

COMMENT ON DOMAIN ntext IS 'text that may be null as an array element';
COMMENT ON DOMAIN nbigint IS 'bigint that may be null as an array element';
COMMENT ON DOMAIN nbool IS 'boolean that may be null as an array element';
COMMENT ON DOMAIN ntimestamptz IS 'timestamptz that may be null as an array element';
COMMENT ON DOMAIN nuuid IS 'uuid that may be null as an array element';

-- +goose Down
DROP DOMAIN nuuid;
DROP DOMAIN ntimestamptz;
DROP DOMAIN nbool;
DROP DOMAIN nbigint;
DROP DOMAIN ntext;
