// Package migrations holds the schema: goose SQL files, applied in the order of
// their names. A file on main is never edited: the next change is a new file.
package migrations

import "embed"

// FS holds the migration files, at its root.
//
//go:embed *.sql
var FS embed.FS
