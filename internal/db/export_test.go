package db

import (
	"context"

	"syncer/views"
)

// ColumnName returns the column that a field of a batch stands for.
func ColumnName(field string) string { return columnName(field) }

// Classify lets tests with statements of their own classify Postgres' errors.
var Classify = classify

// WrongEncoding lets tests have servers of other locales than theirs.
var WrongEncoding = wrongEncoding

// MakeViews is the step of Migrate that makes views, with those of another version.
func (d *DB) MakeViews(ctx context.Context, all []views.View) ([]string, error) {
	return d.makeViews(ctx, all)
}

// AdmitReader is the step of Migrate that lets the reader read them.
func (d *DB) AdmitReader(ctx context.Context) (did, warnings []string, err error) {
	return d.admitReader(ctx)
}

// Table is the tests' view of a table of the catalogue.
type Table struct{ Name, ID, Key, Owner string }

// Tables lists the catalogue in the order a batch writes it.
func Tables() []Table {
	var all []Table
	for _, t := range catalogue {
		all = append(all, Table{t.name, t.id, t.key, t.owner})
	}
	return all
}
