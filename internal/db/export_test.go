package db

// ColumnName tells the tests which column a field of a batch stands for.
func ColumnName(field string) string { return columnName(field) }

// Classify is for the tests of what Postgres says: they send statements of their own.
var Classify = classify

// Table is what the tests see of a table of the catalogue.
type Table struct{ Name, ID, Key, Owner string }

// Tables lists the catalogue in the order in which a batch writes it.
func Tables() []Table {
	var all []Table
	for _, t := range catalogue {
		all = append(all, Table{t.name, t.id, t.key, t.owner})
	}
	return all
}
