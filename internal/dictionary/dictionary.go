// Package dictionary renders what the database's catalogue says of the tables and the
// analysts' views: as a page for people, and as the sources of a dbt project.
//
// It knows what the catalogue does not: which columns tell the rows of a view apart, which
// lead to another view, and which codes a column holds. It asks no database.
package dictionary

import (
	"fmt"
	"slices"
	"strings"

	"syncer/internal/db"
)

// Markdown returns a page about one schema of tables and its views.
func Markdown(d db.Dictionary) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Data dictionary

What the schemas %[1]s (the analysts' views) and %[2]s (the tables) hold, from the COMMENTs of the database itself.
%[3]s prints the page for a database.

- [The views](#views): what analysts read
- [The tables](#tables): what the views are made of

## Views

`, code(d.ViewsSchema), code(d.Schema), code("syncer dictionary"))
	picture(&b, d.Views, viewReferences(d))
	overview(&b, "view", d.ViewsSchema, d.Views)
	for _, r := range d.Views {
		relation(&b, d.ViewsSchema, r)
	}
	b.WriteString("## Tables\n\n")
	picture(&b, d.Tables, d.References)
	overview(&b, "table", d.Schema, d.Tables)
	for _, r := range d.Tables {
		relation(&b, d.Schema, r)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// picture draws how relations refer to each other. Those that stand alone are left out.
func picture(b *strings.Builder, all []db.Relation, references []db.Reference) {
	b.WriteString("```mermaid\nerDiagram\n")
	for _, r := range references {
		one := "||"
		if r.Optional {
			one = "|o"
		}
		fmt.Fprintf(b, "    %s %s--o{ %s : %s\n", r.To, one, r.Table, r.Column)
	}
	for _, r := range all {
		if !slices.ContainsFunc(references, func(f db.Reference) bool { return f.Table == r.Name || f.To == r.Name }) {
			continue
		}
		fmt.Fprintf(b, "    %s {\n", r.Name)
		for _, c := range r.Columns {
			var marks []string
			if c.KeyPosition > 0 || r.IsView && slices.Contains(facts[r.Name].key, c.Name) {
				marks = append(marks, "PK")
			}
			if slices.ContainsFunc(references, func(f db.Reference) bool { return f.Table == r.Name && f.Column == c.Name }) {
				marks = append(marks, "FK")
			}
			if len(marks) > 0 {
				fmt.Fprintf(b, "        %s %s %s\n", c.Type, c.Name, strings.Join(marks, ", "))
			}
		}
		b.WriteString("    }\n")
	}
	b.WriteString("```\n\n")
}

// overview lists relations with links to what is said of each.
func overview(b *strings.Builder, kind, schema string, all []db.Relation) {
	fmt.Fprintf(b, "| %s | what it is |\n|---|---|\n", kind)
	for _, r := range all {
		name := schema + "." + r.Name
		fmt.Fprintf(b, "| [%s](#%s) | %s |\n", cell(r.Name), strings.ReplaceAll(name, ".", ""), cell(r.Description))
	}
	b.WriteString("\n")
}

// relation describes a relation and its columns.
func relation(b *strings.Builder, schema string, r db.Relation) {
	fmt.Fprintf(b, "### %s.%s\n\n%s\n\n", schema, r.Name, plainText(r.Description))
	if key := keyOf(r); len(key) > 0 {
		fmt.Fprintf(b, "Key: %s.\n\n", strings.Join(key, ", "))
	}
	b.WriteString("| column | type | meaning |\n|---|---|---|\n")
	for _, c := range r.Columns {
		kind := c.Type
		if c.NotNull {
			kind += ", not null"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", code(c.Name), cell(kind), cell(c.Description))
	}
	b.WriteString("\n")
}

// keyOf returns the columns that tell rows apart: a table's primary key, in its order, or
// what is known of the view.
func keyOf(r db.Relation) []string {
	var names []string
	if r.IsView {
		for _, name := range facts[r.Name].key {
			names = append(names, code(name))
		}
		return names
	}
	var columns []db.Column
	for _, c := range r.Columns {
		if c.KeyPosition > 0 {
			columns = append(columns, c)
		}
	}
	slices.SortFunc(columns, func(a, b db.Column) int { return a.KeyPosition - b.KeyPosition })
	for _, c := range columns {
		names = append(names, code(c.Name))
	}
	return names
}

// code sets a name as code.
func code(name string) string { return "`" + strings.ReplaceAll(name, "`", "'") + "`" }

// plainText keeps a COMMENT, which is one line here, from being taken for HTML.
func plainText(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "<", "&lt;")
}

// cell is plainText for a cell of a table.
func cell(text string) string { return strings.ReplaceAll(plainText(text), "|", `\|`) }
