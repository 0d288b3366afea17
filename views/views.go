// Package views holds the analysts' views: SQL files, one view each, made in the order
// of their names by every migration of a database, after the numbered migrations.
//
// The files name the schemas polar, of the tables, and polar_bi, of what analysts see.
// For another schema of tables both are replaced: polar_sandbox, polar_sandbox_bi; where
// a name has a dot behind it, and where it is a text by itself, 'polar_bi'.
package views

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed *.sql
var files embed.FS

// View is one view of a schema.
type View struct {
	Schema string // where it lives: that of the tables, or the analysts'
	Name   string
	SQL    string // CREATE OR REPLACE VIEW and its COMMENTs
}

// Analysts returns the schema of the views that belong to a schema of tables.
func Analysts(schema string) string { return schema + "_bi" }

// For returns the views of a schema of tables, in the order in which they are made.
func For(schema string) ([]View, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("read views: %w", err)
	}
	var all []View
	for _, name := range names { // sorted
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read views: %w", err)
		}
		created := creates.FindSubmatch(text)
		if created == nil {
			return nil, fmt.Errorf("read views: %s creates none", name)
		}
		v := View{Schema: schema, Name: string(created[2]), SQL: in(schema, string(text))}
		if string(created[1]) == "polar_bi" {
			v.Schema = Analysts(schema)
		}
		all = append(all, v)
	}
	return all, nil
}

var (
	creates = regexp.MustCompile(`(?m)^CREATE OR REPLACE VIEW (polar|polar_bi)\.([a-z_]+)`)
	// named matches a schema, in a text or remark whole, and alone as a text of its own.
	named = regexp.MustCompile(`'(?:[^']|'')*'|--.*|\bpolar(?:_bi)?\.`)
	told  = regexp.MustCompile(`^'polar(?:_bi)?'$|\bpolar(?:_bi)?\.`)
)

// in puts a schema into SQL that names polar. In texts it needs no quotes: COMMENTs are
// read by people, and names in them are looked up as they are.
func in(schema, sql string) string {
	as := func(name string) string { return schema + strings.TrimPrefix(name, "polar") }
	return named.ReplaceAllStringFunc(sql, func(found string) string {
		if strings.HasPrefix(found, "polar") {
			return pgx.Identifier{strings.TrimSuffix(as(found), ".")}.Sanitize() + "."
		}
		return told.ReplaceAllStringFunc(found, func(name string) string {
			if strings.HasPrefix(name, "'") {
				return "'" + as(name[1:])
			}
			return as(name)
		})
	})
}
