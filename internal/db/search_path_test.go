package db_test

import (
	"strings"
	"testing"

	"syncer/internal/db/dbtest"
)

// TestNoStrangersFunctionRunsInATrigger edits a row by hand with someone else's
// functions on the search_path, named like Postgres' own. A trigger that called
// one would lend it the editor's rights.
func TestNoStrangersFunctionRunsInATrigger(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	exec(t, d, `INSERT INTO meters (id, name, unit, first_seen_at, changed_at) VALUES (gen_random_uuid(), 'old', 'scalar', now(), now())`)
	for _, signature := range []string{
		"quote_ident(name)", "nullif(text, text)", "current_setting(name, boolean)", "set_config(name, text, boolean)",
		"to_jsonb(polar.meters)", "seen_before(text, uuid)", "jsonb_object_agg(text, jsonb)",
	} {
		exec(t, d, `CREATE FUNCTION public.`+signature+` RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'a stranger ran'; END $$`)
	}
	for _, edit := range []string{
		`UPDATE polar.meters SET name = 'new'`,
		`INSERT INTO polar.meters (id, name, unit, first_seen_at, changed_at) VALUES (gen_random_uuid(), 'other', 'scalar', now(), now())`,
		`DELETE FROM polar.meters`,
	} {
		// One statement after the other in one transaction, whose end resets the settings.
		exec(t, d, `DO $$ BEGIN PERFORM set_config('search_path', 'public', true); EXECUTE '`+quoted(edit)+`'; END $$`)
	}
	if n := ask[int](t, d, "SELECT count(*) FROM changes WHERE entity = 'meters' AND run_id IS NULL"); n != 5 {
		t.Errorf("%d changes on record, want 5", n)
	}
}

// quoted escapes text inside a literal.
func quoted(sql string) string { return strings.ReplaceAll(sql, "'", "''") }
