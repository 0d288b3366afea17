package dictionary_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/dictionary"
)

var update = flag.Bool("update", false, "write the files instead of comparing them")

// migrated returns the dictionary of a migrated database.
func migrated(tb testing.TB) db.Dictionary {
	tb.Helper()
	d, err := dbtest.New(tb).Dictionary(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// TestTheFilesSayWhatTheCatalogueSays fails when a file is older than a view or table.
func TestTheFilesSayWhatTheCatalogueSays(t *testing.T) {
	t.Parallel()
	d := migrated(t)
	for path, want := range map[string]string{
		"../../docs/data-dictionary.md":      dictionary.Markdown(d) + "\n",
		"../../integrations/dbt/sources.yml": dictionary.DBT(d) + "\n",
	} {
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s is stale; `make generate` makes it:\n%s", path, diff)
		}
	}
}

// TestNothingIsWithoutAComment looks at all that the page shows.
func TestNothingIsWithoutAComment(t *testing.T) {
	t.Parallel()
	d := migrated(t)
	for schema, relations := range map[string][]db.Relation{d.Schema: d.Tables, d.ViewsSchema: d.Views} {
		for _, r := range relations {
			if strings.TrimSpace(r.Description) == "" {
				t.Errorf("%s.%s has no comment", schema, r.Name)
			}
			for _, c := range r.Columns {
				if strings.TrimSpace(c.Description) == "" {
					t.Errorf("%s.%s.%s has no comment", schema, r.Name, c.Name)
				}
			}
		}
	}
}
