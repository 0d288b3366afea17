// Package oracle computes what the analysts' views must show, for tests to compare with.
//
// It starts from Polar's raw answers: the oracle of the tables (internal/syncer/oracle)
// makes rows of them, and this package applies the rules of how Polar sells to those rows.
// The rules are written a second time here, in Go and with fractions that lose nothing,
// and share nothing with the SQL that they judge.
//
// It is slow on purpose, so that reading it is enough to check it.
package oracle
