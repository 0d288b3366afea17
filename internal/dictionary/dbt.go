package dictionary

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"syncer/internal/db"
)

// DBT returns the views of schemas as the sources of a dbt project, in the form of
// dbt 1.8 and newer: descriptions, tests, and how fresh the links are.
//
// Codes only warn: they may gain values. What newer versions of dbt would rather have
// elsewhere (arguments, config) is where 1.8 finds it.
func DBT(schemas ...db.Dictionary) string {
	var b strings.Builder
	b.WriteString("# Made by `syncer dictionary --dbt` from the database's catalogue, for dbt 1.8 and newer.\nversion: 2\n\nsources:\n")
	for _, d := range schemas {
		fmt.Fprintf(&b, "  - name: %[1]s\n    schema: %[1]s\n    description: %[2]s\n    tables:\n",
			d.ViewsSchema, scalar("Polar's checkout links and what they sell, for analysts. Made by syncer."))
		for _, v := range d.Views {
			source(&b, d, v)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// freshest says when dbt finds the source stale: a run every quarter of an hour is the
// default, and the youngest row counts. How old each link is, the view tells itself.
const freshest = `        loaded_at_field: seen_at
        freshness:
          warn_after: {count: 1, period: hour}
          error_after: {count: 1, period: day}
`

func source(b *strings.Builder, d db.Dictionary, v db.Relation) {
	f := facts[v.Name]
	fmt.Fprintf(b, "      - name: %s\n        description: %s\n", v.Name, scalar(v.Description))
	if v.Name == "freshness" {
		b.WriteString(freshest)
	}
	b.WriteString("        columns:\n")
	for _, c := range v.Columns {
		fmt.Fprintf(b, "          - name: %s\n            description: %s\n            data_type: %s\n", c.Name, scalar(c.Description), c.Type)
		if checks := tests(d, v.Name, f, c.Name); checks != "" {
			b.WriteString("            data_tests:\n" + checks)
		}
	}
}

// tests are what dbt is to test of a column. It has no test of its own for a key of
// several columns.
func tests(d db.Dictionary, view string, f fact, column string) string {
	var b strings.Builder
	test := func(name string, lines ...string) {
		if len(lines) == 0 {
			fmt.Fprintf(&b, "              - %s\n", name)
			return
		}
		fmt.Fprintf(&b, "              - %s:\n", name)
		for _, line := range lines {
			fmt.Fprintf(&b, "                  %s\n", line)
		}
	}
	var where []string
	if f.only != "" {
		where = []string{"config:", "  where: " + scalar(f.only)}
	}
	required := slices.Contains(f.key, column) && !slices.Contains(f.nullable, column)
	if required || slices.ContainsFunc(f.refs, func(r reference) bool { return r.column == column && !r.optional }) {
		test("not_null")
	}
	if required && len(f.key) == 1 {
		test("unique", where...)
	}
	for _, r := range viewReferences(d) {
		if r.Table == view && r.Column == column {
			to := fmt.Sprintf("source('%s', '%s')", d.ViewsSchema, r.To)
			test("relationships", append([]string{"to: " + to, "field: " + facts[r.To].key[0]}, where...)...)
		}
	}
	if values := f.codesOf(column); values != nil {
		test("accepted_values", "values: ["+strings.Join(values, ", ")+"]", "config:", "  severity: warn")
	}
	return b.String()
}

// scalar quotes a text for YAML, of which JSON's strings are a part. dbt renders
// descriptions, so that braces of its language are taken apart.
func scalar(text string) string {
	text = strings.NewReplacer("{{", "{ {", "{%", "{ %", "{#", "{ #").Replace(text)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string cannot fail
	return strings.TrimSpace(b.String())
}
