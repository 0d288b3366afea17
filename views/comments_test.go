package views_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"syncer/internal/db/dbtest"
	"syncer/views"
)

func TestEveryViewAndColumnHasAComment(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	all, err := views.For(d.Schema())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		rows, err := d.Pool().Query(t.Context(), `
			SELECT 'view', obj_description(to_regclass($1), 'pg_class')
			UNION ALL
			SELECT a.attname::text, col_description(a.attrelid, a.attnum)
			FROM pg_attribute AS a
			WHERE a.attrelid = to_regclass($1) AND a.attnum > 0`, pgx.Identifier{v.Schema, v.Name}.Sanitize())
		if err != nil {
			t.Fatal(err)
		}
		var what string
		var comment *string
		count := 0
		if _, err := pgx.ForEachRow(rows, []any{&what, &comment}, func() error {
			if count++; comment == nil || strings.TrimSpace(*comment) == "" {
				t.Errorf("%s.%s: the %s has no comment", v.Schema, v.Name, what)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if count < 2 {
			t.Errorf("%s.%s has no columns", v.Schema, v.Name)
		}
	}
}
