package main

import (
	"os"
	"strings"
	"testing"

	"syncer/internal/db/dbtest"
)

// TestTheDictionaryIsTheOneInTheRepository prints it for a role without any right, and
// compares.
func TestTheDictionaryIsTheOneInTheRepository(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	_, stranger := p.role(t)
	for path, args := range map[string][]string{
		"../../docs/data-dictionary.md":      {"dictionary"},
		"../../integrations/dbt/sources.yml": {"dictionary", "--dbt"},
	} {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := once(t, stranger, exitDone, args...).stdout.String(); got != string(want) {
			t.Errorf("syncer %s prints something else than %s; `make generate` makes it", strings.Join(args, " "), path)
		}
	}
}

func TestTheDictionaryHoldsEveryColumnOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	entries := decode[[]dictionaryEntry](t, once(t, p.env, exitDone, "dictionary", "--json").stdout.String())
	if n := ask[int](t, p.database, `
		SELECT count(*) FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'v')
		WHERE c.relnamespace::regnamespace::text IN ('polar', 'polar_bi') AND a.attnum > 0`); n != len(entries) {
		t.Errorf("%d columns, there are %d", len(entries), n)
	}
	var seen int
	for _, e := range entries {
		switch e.Schema + "." + e.Relation + "." + e.Column {
		case "polar_bi.discounts.discount_id":
			seen++
			if !e.IsView || e.Position != 1 || e.Type != "uuid" || e.NotNull || e.Description == "" || e.RelationDescription == "" {
				t.Errorf("%+v", e)
			}
		case "polar.discounts.created_at":
			seen++
			if e.IsView || e.Type != "timestamptz" || !e.NotNull {
				t.Errorf("%+v", e)
			}
		}
	}
	if seen != 2 {
		t.Errorf("%d of 2 columns", seen)
	}
}

func TestTheDictionaryOfSeveralSchemas(t *testing.T) {
	t.Parallel()
	env := variables{"DATABASE_URL": withPassword(t, dbtest.Empty(t))}
	once(t, env, exitSchema, "dictionary").saying(`schema "polar" holds no tables yet; run ` + "`syncer migrate`")
	env["SYNCER_CONFIG"] = writeFile(t, "syncer.yaml", "sources: [{name: a}, {name: b, schema: polar_sandbox}]")
	once(t, env, exitDone, "migrate")
	once(t, env, exitDone, "dictionary").printing("`polar_bi` (the analysts' views)", "`polar_sandbox_bi` (the analysts' views)", "\n### polar_sandbox_bi.discounts\n")
	once(t, env, exitDone, "dictionary", "--dbt").printing("  - name: polar_bi\n    schema: polar_bi\n", "  - name: polar_sandbox_bi\n    schema: polar_sandbox_bi\n")
	do(t, env["DATABASE_URL"], "DROP SCHEMA polar_sandbox_bi CASCADE")
	once(t, env, exitSchema, "dictionary").saying(`schema "polar_sandbox_bi" holds no views yet; run ` + "`syncer migrate`")
}
