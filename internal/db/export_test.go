package db

// ColumnName returns the column that a field of a batch stands for.
func ColumnName(field string) string { return columnName(field) }

// Classify lets tests with statements of their own classify Postgres' errors.
var Classify = classify

// WrongEncoding lets tests have servers of other locales than theirs.
var WrongEncoding = wrongEncoding

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
