package main

import (
	"strings"
	"testing"
	"time"

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

	first := strings.TrimSpace(once(t, env, exitDone, "migrate").stdout.String())
	if n := strings.Count("\n"+first, "\napplied 0"); n != len(before) || n != strings.Count(first, "\n")+1 {
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
			times[m.Version]++
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
		versions[m.Schema]++
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
