package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// migrationLine is one line of `migrate --json`.
type migrationLine struct {
	Schema    string     `json:"schema"`
	Version   int64      `json:"version"`
	Name      string     `json:"name"`
	AppliedAt *time.Time `json:"applied_at"`
}

func TestMigrateBringsAnEmptyDatabaseUpToDate(t *testing.T) {
	t.Parallel()
	env := variables{"DATABASE_URL": withPassword(t, dbtest.Empty(t))}
	reader := "reader_of_" + ask[string](t, env["DATABASE_URL"], "SELECT current_database()") // roles belong to the server
	env["SYNCER_READER_ROLE"] = reader

	before := decode[[]migrationLine](t, once(t, env, exitDone, "migrate", "status", "--json").stdout.String())
	for i, m := range before {
		if m.Schema != "polar" || m.Version != int64(i+1) || m.Name == "" || m.AppliedAt != nil {
			t.Errorf("before: %+v", m)
		}
	}
	lines := strings.Split(strings.TrimSpace(once(t, env, exitDone, "migrate", "status").stdout.String()), "\n")
	if len(lines) != 1+len(before) || lines[0] != "schema polar" || !strings.HasSuffix(lines[1], "pending") {
		t.Errorf("before, for people: %q", lines)
	}

	first := strings.Split(strings.TrimSpace(once(t, env, exitDone, "migrate").stdout.String()), "\n")
	if len(first) != len(before)+3 || !strings.HasPrefix(first[0], "applied 0") || !strings.HasPrefix(first[len(before)-1], "applied 0") ||
		!strings.HasPrefix(first[len(before)], "made ") || !strings.HasSuffix(first[len(before)], " views in polar_bi") ||
		first[len(before)+1] != "made role "+reader || first[len(before)+2] != "let role "+reader+" read polar_bi" {
		t.Errorf("first: %q", first)
	}
	if got := once(t, env, exitDone, "migrate", "up").stdout.String(); got != "schema polar is up to date\n" {
		t.Errorf("second: %q", got)
	}
	if got := once(t, env, exitDone, "migrate", "--json").stdout.String(); got != "[]\n" {
		t.Errorf("third, JSON: %q", got)
	}

	after := decode[[]migrationLine](t, once(t, env, exitDone, "migrate", "--json", "status").stdout.String())
	if len(after) != len(before) {
		t.Errorf("after: %d migrations, before %d", len(after), len(before))
	}
	for _, m := range after {
		if m.AppliedAt == nil || m.AppliedAt.IsZero() {
			t.Errorf("after: %+v", m)
		}
	}
}

func TestSixMigratorsAtOnceAgree(t *testing.T) {
	t.Parallel()
	env := variables{"DATABASE_URL": withPassword(t, dbtest.Empty(t))}
	all := make([]*process, 6)
	for i := range all {
		all[i] = start(t, env, "migrate", "--json")
	}
	times := map[int64]int{}
	for _, p := range all {
		for _, m := range decode[[]migrationLine](t, p.exits(exitDone).stdout.String()) {
			times[m.Version]++ // 0: about views
		}
	}
	for _, m := range decode[[]migrationLine](t, once(t, env, exitDone, "migrate", "status", "--json").stdout.String()) {
		if times[m.Version] != 1 || m.AppliedAt == nil {
			t.Errorf("%s was applied %d times: %+v", m.Name, times[m.Version], m)
		}
	}
	place := newPlace(t, "seed-ads") // the schema works
	once(t, place.env.with("DATABASE_URL", env["DATABASE_URL"]), exitDone, "backfill")
}

func TestEverySchemaOfTheSourcesIsMigratedOnce(t *testing.T) {
	t.Parallel()
	env := variables{"DATABASE_URL": withPassword(t, dbtest.Empty(t)), "SYNCER_CONFIG": writeFile(t, "syncer.yaml",
		"schema: shop\nsources: [{name: a}, {name: b, schema: sandbox}, {name: c, schema: shop}]")}
	versions := map[string]int{}
	for _, m := range decode[[]migrationLine](t, once(t, env, exitDone, "migrate", "--json").stdout.String()) {
		if m.Version > 0 { // the others are about views
			versions[m.Schema]++
		}
	}
	if len(versions) != 2 || versions["shop"] == 0 || versions["shop"] != versions["sandbox"] {
		t.Errorf("migrations by schema: %v", versions)
	}
	if got := ask[int](t, env["DATABASE_URL"], "SELECT count(*) FROM pg_tables WHERE tablename = 'checkout_links' AND schemaname IN ('shop', 'sandbox')"); got != 2 {
		t.Errorf("%d tables checkout_links", got)
	}
}

func TestASchemaThatDoesNotFitExits8(t *testing.T) {
	t.Parallel()
	place := newPlace(t, "seed-ads")
	newer := place.env.with("DATABASE_URL", withPassword(t, dbtest.URL(t)))
	do(t, newer["DATABASE_URL"], "INSERT INTO syncer_migrations (version_id, is_applied) VALUES (99999, true)")
	older := place.env.with("DATABASE_URL", withPassword(t, dbtest.URL(t)))
	do(t, older["DATABASE_URL"], "DELETE FROM syncer_migrations WHERE version_id = (SELECT max(version_id) FROM syncer_migrations)")
	for _, command := range []string{"backfill", "run"} {
		once(t, place.env.with("DATABASE_URL", withPassword(t, dbtest.Empty(t))), exitSchema, command).
			saying("schema does not fit: schema \"polar\" holds no tables yet; run `syncer migrate`")
		once(t, older, exitSchema, command).saying("schema does not fit: schema \"polar\" is at version", "run `syncer migrate`")
		once(t, newer, exitSchema, command).saying("is at version 99999, this program knows", "use the newer syncer")
	}
	if n := place.polar.Requests().Total; n != 0 {
		t.Errorf("%d requests for nothing", n)
	}
}

func TestMigrateLeavesANewerSchemaAlone(t *testing.T) {
	t.Parallel()
	env := variables{"DATABASE_URL": withPassword(t, dbtest.URL(t))}
	do(t, env["DATABASE_URL"], "INSERT INTO syncer_migrations (version_id, is_applied) VALUES (99999, true)")
	once(t, env, exitSchema, "migrate").saying("is at version 99999", "use the newer syncer")
}

// TestViewsHoldUpNothingButTheExitCode has a table where a view belongs.
func TestViewsHoldUpNothingButTheExitCode(t *testing.T) {
	t.Parallel()
	place := newPlace(t, "seed-ads")
	do(t, place.database, "DROP VIEW polar_bi.data_dictionary; CREATE TABLE polar_bi.data_dictionary ()")
	once(t, place.env, exitUnexpected, "migrate").saying("schema polar: the tables are up to date, the views are not: polar_bi.data_dictionary is not a view that syncer has made",
		"rename it", "Then run `syncer migrate` again.")
	d := diagnosed(t, place.env, exitDone)
	d.wants("views", "warning", "polar_bi.data_dictionary is not a view that syncer has made", "Rename it")
	d.wantsRest("ok", "views")
	once(t, place.env, exitDone, "backfill")

	env := variables{"DATABASE_URL": place.database, "SYNCER_CONFIG": writeFile(t, "syncer.yaml",
		"reader_role: ''\nsources: [{name: a}, {name: b, schema: sandbox}]")}
	lines := decode[[]migrationLine](t, once(t, env, exitUnexpected, "migrate", "--json").saying("schema polar: the tables").stdout.String())
	if last := lines[len(lines)-1]; last.Schema != "sandbox" || last.Version != 0 || !strings.HasPrefix(last.Name, "made ") || last.AppliedAt == nil {
		t.Errorf("the other schema: %+v", lines)
	}
	if ask[bool](t, place.database, "SELECT has_schema_privilege('polar_reader', 'sandbox_bi', 'USAGE')") {
		t.Error("nobody was to get a right")
	}
	diagnosed(t, place.env.with("SYNCER_READER_ROLE", ""), exitDone).wants("reader", "ok", "no role is configured", "")
}

// TestWhateverKeepsViewsFromBeingMadeExits1 has reasons that alone have other codes.
func TestWhateverKeepsViewsFromBeingMadeExits1(t *testing.T) {
	t.Parallel()
	for _, reason := range []error{db.ErrLocked, db.ErrUnreachable, db.ErrSchema, db.ErrDenied} {
		err := fmt.Errorf("schema polar: %w: %w", db.ErrViews, reason)
		if code, text := exitCode(t.Context(), err), hint(err); code != exitUnexpected || !strings.HasPrefix(text, "Then run `syncer migrate` again.") {
			t.Errorf("%v: exit %d, %s", err, code, text)
		}
	}
}

func TestMigrateSaysWhatAnAdministratorHasToDo(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	reader := "reader_of_" + ask[string](t, p.database, "SELECT current_database()")
	owner, env := p.role(t)
	do(t, p.database, "CREATE SCHEMA mine AUTHORIZATION "+owner+"; CREATE SCHEMA mine_bi AUTHORIZATION "+owner)
	env = env.with("SYNCER_READER_ROLE", reader).with("SYNCER_CONFIG", writeFile(t, "syncer.yaml", "schema: mine"))
	once(t, env, exitDone, "migrate").saying("Warning: there is no role "+reader+" to read the views, and role "+owner+" may not make it; have an administrator run:", `CREATE ROLE "`+reader+`" NOLOGIN;`)
	diagnosed(t, env, exitDone).wants("reader", "warning", "role "+reader+" is missing", `CREATE ROLE "`+reader+`" NOLOGIN;`)
}
