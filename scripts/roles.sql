-- docker compose runs this once, in a new database: a role that owns the schemas and migrates them, one that owns nothing and
-- runs, and one for analysts that only reads the views. "Databases" and "Views" in docs/operating.md say why.
\set owner_password `cat /run/secrets/db_owner_password`
\set password `cat /run/secrets/db_password`

CREATE ROLE syncer_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE syncer_writer LOGIN PASSWORD :'password';
CREATE ROLE polar_reader NOLOGIN; -- for people: CREATE ROLE metabase LOGIN IN ROLE polar_reader
CREATE SCHEMA polar AUTHORIZATION syncer_owner;
CREATE SCHEMA polar_bi AUTHORIZATION syncer_owner;
GRANT USAGE ON SCHEMA polar TO syncer_writer;

-- For the tables of later migrations, too. Tables that say what was migrated are not among them: `syncer migrate` sees to that.
ALTER DEFAULT PRIVILEGES FOR ROLE syncer_owner IN SCHEMA polar GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO syncer_writer;
