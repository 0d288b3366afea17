package main

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"syncer/internal/db/dbtest"
	"syncer/internal/fetch/fetchtest"
)

// TestOneRoleMigratesAndAnotherRuns gives the one that runs what doctor prints, and no more.
func TestOneRoleMigratesAndAnotherRuns(t *testing.T) {
	t.Parallel()
	p := placeFor(t, dbtest.Empty(t), fetchtest.StartServer(t, fetchtest.NewServer(recording(t, "seed-ads"))))
	owner, asOwner := p.role(t)
	writer, env := p.role(t)
	reader, _ := p.role(t)
	asOwner, env = asOwner.with("SYNCER_READER_ROLE", reader), env.with("SYNCER_READER_ROLE", reader)
	do(t, p.database, "CREATE SCHEMA polar AUTHORIZATION "+owner+"; CREATE SCHEMA polar_bi AUTHORIZATION "+owner)
	once(t, asOwner, exitDone, "migrate")

	advice := diagnosed(t, env, exitDatabase).lines["schema"].Advice
	if strings.Contains(advice, "ALL TABLES") || !strings.Contains(advice, "\nGRANT SELECT ON polar.syncer_migrations, polar.syncer_views TO ") {
		t.Errorf("not the narrowest:\n%s", advice)
	}
	for line := range strings.Lines(advice) {
		if strings.HasPrefix(line, "GRANT ") || strings.HasPrefix(line, "ALTER ") {
			do(t, asOwner["DATABASE_URL"], line) // its owner may
		}
	}
	d := diagnosed(t, env, exitDone)
	d.wantsRest("ok")
	once(t, env, exitDone, "backfill")
	once(t, env, exitDone, "migrate", "status")
	once(t, env, exitDone, "migrate").printing("is up to date")

	do(t, asOwner["DATABASE_URL"], "CREATE TABLE polar.of_tomorrow (); CREATE FUNCTION polar.of_tomorrow() RETURNS void LANGUAGE sql AS ''")
	for privilege, on := range map[string]string{
		"INSERT, UPDATE, DELETE, TRUNCATE": "syncer_migrations", "INSERT, UPDATE, DELETE": "syncer_migrations_lock",
		"INSERT, UPDATE, DELETE, REFERENCES": "syncer_views",
		"TRUNCATE, REFERENCES":               "checkout_links", "DELETE": "checkout_links", "UPDATE, DELETE, TRUNCATE": "changes",
	} {
		if ask[bool](t, p.database, "SELECT has_table_privilege($1, $2, $3)", writer, on, privilege) {
			t.Errorf("it may do one of %s on %s", privilege, on)
		}
	}
	for _, privilege := range []string{"SELECT", "INSERT", "UPDATE", "DELETE"} {
		if !ask[bool](t, p.database, "SELECT has_table_privilege($1, 'of_tomorrow', $2)", writer, privilege) {
			t.Errorf("it may not %s in the next migration's table", privilege)
		}
	}
}

// TestTheComposeFilesRolesAreEnoughAndNoMore grants first and migrates then. Default
// privileges do not reach the tables that say what was migrated.
func TestTheComposeFilesRolesAreEnoughAndNoMore(t *testing.T) {
	t.Parallel()
	p := placeFor(t, dbtest.Empty(t), fetchtest.StartServer(t, fetchtest.NewServer(recording(t, "seed-ads"))))
	script, err := os.ReadFile("../../scripts/roles.sql")
	if err != nil {
		t.Fatal(err)
	}
	sql := regexp.MustCompile(`(?m)^\\set .*$`).ReplaceAllString(string(script), "") // psql's
	reader := "reader_of_" + ask[string](t, p.database, "SELECT current_database()") // the server may have the other
	do(t, p.database, strings.NewReplacer(":'owner_password'", "'a'", ":'password'", "'b'", "polar_reader", reader).Replace(sql))
	admin := dbtest.Open(t, p.database)
	t.Cleanup(func() {
		if _, err := admin.Pool().Exec(context.WithoutCancel(t.Context()), "DROP OWNED BY syncer_writer, syncer_owner; DROP ROLE syncer_writer, syncer_owner, "+reader); err != nil {
			t.Error(err)
		}
	})
	as := func(role string) variables {
		return p.env.with("DATABASE_URL", strings.Replace(p.database, "syncer:", role+":", 1), "SYNCER_READER_ROLE", reader)
	}
	if q := once(t, as("syncer_owner"), exitDone, "migrate"); q.stderr.String() != "" {
		t.Errorf("warns:\n%s", q)
	}
	diagnosed(t, as("syncer_writer"), exitDone).wantsRest("ok")
	once(t, as("syncer_writer"), exitDone, "backfill")
	for _, table := range []string{"syncer_migrations", "syncer_migrations_lock", "syncer_views"} {
		if ask[bool](t, p.database, "SELECT has_table_privilege('syncer_writer', $1, 'INSERT, UPDATE, DELETE, TRUNCATE')", table) {
			t.Errorf("the role that runs may write %s", table)
		}
	}
}

// TestRowsThatAPolicyHidesAreNotTakenForMissing turns on row level security for one table.
func TestRowsThatAPolicyHidesAreNotTakenForMissing(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	backfilled(t, p.env, exitDone)
	writer, env := p.role(t)
	do(t, p.database, "GRANT USAGE ON SCHEMA polar TO "+writer+"; GRANT ALL ON ALL TABLES IN SCHEMA polar TO "+writer)
	do(t, p.database, "ALTER TABLE polar.products ENABLE ROW LEVEL SECURITY; CREATE POLICY none ON polar.products USING (false) WITH CHECK (true)")
	d := diagnosed(t, env, exitDatabase)
	d.wants("rights", "problem", "row level security hides rows of products from role "+writer, `ALTER ROLE "`+writer+`" BYPASSRLS;`)
	changes := ask[int](t, p.database, "SELECT count(*) FROM changes")
	once(t, env, exitUnexpected, "backfill").saying("row-level security", "products")
	once(t, env, exitUnexpected, "backfill", "--dry-run").saying("row-level security")
	if n := ask[int](t, p.database, "SELECT count(*) FROM changes"); n != changes {
		t.Errorf("%d changes for nothing", n-changes)
	}
	do(t, p.database, "ALTER ROLE "+writer+" BYPASSRLS")
	diagnosed(t, env, exitDone).wants("rights", "ok", "may do what a run needs", "")
	once(t, env, exitDone, "backfill")
}
