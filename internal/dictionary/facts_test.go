package dictionary

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// column returns a column of a view of a migrated database; nil: there is none.
func column(d db.Dictionary, view, name string) *db.Column {
	for _, v := range d.Views {
		for _, c := range v.Columns {
			if v.Name == view && c.Name == name {
				return &c
			}
		}
	}
	return nil
}

func migratedViews(tb testing.TB) db.Dictionary {
	tb.Helper()
	d, err := dbtest.New(tb).Dictionary(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// TestEveryFactIsAboutAColumnThatIsThere, and something is known of every view.
func TestEveryFactIsAboutAColumnThatIsThere(t *testing.T) {
	t.Parallel()
	d := migratedViews(t)
	wants := func(view, name string) {
		t.Helper()
		if column(d, view, name) == nil {
			t.Errorf("no %s.%s", view, name)
		}
	}
	for view, f := range facts {
		for _, name := range f.key {
			wants(view, name)
		}
		for _, r := range f.refs {
			wants(view, r.column)
			if key := facts[r.to].key; len(key) != 1 {
				t.Errorf("%s.%s refers to %s, whose key is %v", view, r.column, r.to, key)
			}
		}
		for _, c := range f.codes {
			wants(view, c.column)
		}
	}
	for _, v := range d.Views {
		if _, known := facts[v.Name]; !known {
			t.Errorf("nothing is known of %s: its key, where it leads to, its codes", v.Name)
		}
	}
}

// TestTheCodesAreThoseOfTheViews reads what the views' SQL can say, the lists of statuses
// that the tables check, and what the COMMENTs tell.
func TestTheCodesAreThoseOfTheViews(t *testing.T) {
	t.Parallel()
	d := migratedViews(t)
	listed := map[string]bool{}
	for view, f := range facts {
		for _, c := range f.codes {
			described := column(d, view, c.column)
			if described == nil {
				t.Errorf("no %s.%s", view, c.column)
				continue
			}
			for _, value := range c.values {
				listed[value] = true
				if !regexp.MustCompile(`\b` + value + `\b`).MatchString(described.Description) {
					t.Errorf("the COMMENT of %s.%s does not tell of %s: %s", view, c.column, value, described.Description)
				}
			}
		}
	}
	said, returned := literals(t, "../../views")
	for value := range returned {
		if !listed[value] && !strings.HasSuffix(value, "_id") { // those are names of columns
			t.Errorf("a view says %q, which is in no list", value)
		}
	}
	tables := statuses(t, "../../migrations")
	for _, value := range slices.Concat(whyNot, quantityKinds, discountUse, reasons, discountStates, freshnessStates, spellEnds) {
		if !said[value] {
			t.Errorf("no view says %q", value)
		}
	}
	if !slices.Equal(tables, runStates) {
		t.Errorf("a run is one of %v, want %v", tables, runStates)
	}
}

// literals are the words that the views' SQL holds, and those of them that a CASE returns.
func literals(tb testing.TB, folder string) (all, returned map[string]bool) {
	tb.Helper()
	all, returned = map[string]bool{}, map[string]bool{}
	comment := regexp.MustCompile(`(?m)^COMMENT ON .*$`)
	word := regexp.MustCompile(`(\b(?:THEN|ELSE)\s+)?'([a-z_]+)'`)
	for _, text := range texts(tb, folder) {
		for _, m := range word.FindAllStringSubmatch(comment.ReplaceAllString(text, ""), -1) {
			all[m[2]] = true
			if m[1] != "" {
				returned[m[2]] = true
			}
		}
	}
	return all, returned
}

// statuses are those of a run that its table takes.
func statuses(tb testing.TB, folder string) []string {
	tb.Helper()
	var all []string
	for _, text := range texts(tb, folder) {
		if m := regexp.MustCompile(`CHECK \(status IN \(([^)]*)\)\)`).FindStringSubmatch(text); m != nil {
			for value := range strings.SplitSeq(m[1], ",") {
				all = append(all, strings.Trim(value, " '"))
			}
		}
	}
	return all
}

// texts are those of the SQL files in a folder.
func texts(tb testing.TB, folder string) []string {
	tb.Helper()
	files := os.DirFS(folder)
	names, err := fs.Glob(files, "*.sql")
	if err != nil || len(names) == 0 {
		tb.Fatalf("%s: %d files, %v", folder, len(names), err)
	}
	var all []string
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, string(text))
	}
	return all
}

// awkward has all that a COMMENT, which anybody may write, can hold.
func awkward() db.Dictionary {
	const text = "a | b <i> \"c\": 'd' # {{ e }} \\n\nf"
	return db.Dictionary{
		Schema: "shop", ViewsSchema: "shop_bi",
		Views: []db.Relation{
			{Name: "freshness", IsView: true, Description: text, Columns: []db.Column{
				{Name: "checkout_link_id", Type: "uuid", Description: text}, {Name: "status", Type: "text"},
			}},
			{Name: "of_their_own", IsView: true, Columns: []db.Column{{Name: "status", Type: "text", Description: text}}},
		},
		Tables: []db.Relation{{Name: "t", Description: text, Columns: []db.Column{
			{Name: "b", Type: "text", NotNull: true, KeyPosition: 2, Description: text}, {Name: "a", Type: "uuid", NotNull: true, KeyPosition: 1},
		}}},
		References: []db.Reference{{Table: "t", Column: "a", To: "t"}},
	}
}

func TestDBTIsYAMLWhateverACommentHolds(t *testing.T) {
	t.Parallel()
	type column struct {
		Name, Description string
		DataType          string `yaml:"data_type"`
		DataTests         []any  `yaml:"data_tests"`
	}
	var file struct {
		Version int
		Sources []struct {
			Name, Schema, Description string
			Tables                    []struct {
				Name, Description string
				LoadedAtField     string `yaml:"loaded_at_field"`
				Freshness         any
				Columns           []column
			}
		}
	}
	if err := yaml.UnmarshalWithOptions([]byte(DBT(awkward(), awkward())), &file, yaml.DisallowUnknownField()); err != nil {
		t.Fatal(err)
	}
	if len(file.Sources) != 2 || file.Sources[1].Schema != "shop_bi" || len(file.Sources[1].Tables) != 2 {
		t.Fatalf("%+v", file)
	}
	const text = "a | b <i> \"c\": 'd' # { { e }} \\n\nf" // dbt would render {{ e }}
	fresh, own := file.Sources[1].Tables[0], file.Sources[1].Tables[1]
	if fresh.LoadedAtField != "seen_at" || fresh.Freshness == nil || fresh.Description != text || fresh.Columns[0].Description != text {
		t.Errorf("%+v", fresh)
	}
	if len(fresh.Columns[0].DataTests) != 2 || len(fresh.Columns[1].DataTests) != 1 { // no checkout_links here to refer to
		t.Errorf("%+v", fresh.Columns)
	}
	if own.LoadedAtField != "" || own.Freshness != nil || own.Columns[0].DataTests != nil {
		t.Errorf("of a view that is not ours nothing is known: %+v", own)
	}
}

func TestMarkdownIsATableWhateverACommentHolds(t *testing.T) {
	t.Parallel()
	page := Markdown(awkward())
	for _, want := range []string{
		"| `checkout_link_id` | uuid | a \\| b &lt;i> \"c\": 'd' # {{ e }} \\n f |\n",
		"### shop.t\n\na | b &lt;i> \"c\": 'd' # {{ e }} \\n f\n\nKey: `a`, `b`.\n",
		"| `b` | text, not null |", "    t ||--o{ t : a\n    t {\n        text b PK\n        uuid a PK, FK\n    }\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}
