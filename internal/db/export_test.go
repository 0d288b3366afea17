package db

// ColumnName tells the tests which column a field of a batch stands for.
func ColumnName(field string) string { return columnName(field) }

// Classify is for the tests of what Postgres says: they send statements of their own.
var Classify = classify
