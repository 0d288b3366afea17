package views_test

import (
	"regexp"
	"strings"
	"testing"

	"syncer/views"
)

// TestAnotherSchemaIsNamedWhereverPolarIs looks for what is left of the schemas in the
// files, and at each place that takes a name in another way.
func TestAnotherSchemaIsNamedWhereverPolarIs(t *testing.T) {
	t.Parallel()
	all, err := views.For("user") // which SQL takes in quotes only
	if err != nil || len(all) == 0 {
		t.Fatalf("%d views, %v", len(all), err)
	}
	left := regexp.MustCompile(`\bpolar(_bi)?(\.|')`)
	quotes := regexp.MustCompile(`(?s)'[^']*"user`) // within a text they would show
	for _, v := range all {
		if v.Schema != "user" && v.Schema != "user_bi" || v.Name == "" {
			t.Errorf("%+v", v)
		}
		if place := left.FindString(v.SQL); place != "" {
			t.Errorf("%s: %s is left", v.Name, place)
		}
		for line := range strings.Lines(v.SQL) {
			if text := quotes.FindString(line); text != "" && strings.HasPrefix(line, "COMMENT") {
				t.Errorf("%s: a comment says %s", v.Name, text)
			}
		}
		if v.Name != "data_dictionary" {
			continue
		}
		for _, says := range []string{`CREATE OR REPLACE VIEW "user_bi".data_dictionary AS`, `FROM "user".syncer_views AS v`, `v.schema_name = 'user_bi'`, `COMMENT ON COLUMN "user_bi".data_dictionary.type IS`} {
			if !strings.Contains(v.SQL, says) {
				t.Errorf("lacks %s:\n%s", says, v.SQL)
			}
		}
	}
}
