-- docker compose runs this once, in a new database: a role that owns the schema and migrates it, and one that owns nothing and
-- runs. "Databases" in docs/operating.md says why.
\set owner_password `cat /run/secrets/db_owner_password`
\set password `cat /run/secrets/db_password`

CREATE ROLE syncer_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE syncer_writer LOGIN PASSWORD :'password';
CREATE SCHEMA polar AUTHORIZATION syncer_owner;
GRANT USAGE ON SCHEMA polar TO syncer_writer;

-- For the tables of later migrations, too. Tables that say what was migrated are not among them: `syncer migrate` sees to that.
ALTER DEFAULT PRIVILEGES FOR ROLE syncer_owner IN SCHEMA polar GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO syncer_writer;
