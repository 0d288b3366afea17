// Package oracle says what the tables must hold, for tests to compare with.
//
// An Oracle is shown the same raw answers of Polar as the code under test, pass
// by pass, and computes from them, and from nothing else, every row the
// contract promises. Read fetches the real rows from Postgres in the same
// canonical text, and Diff tells the two apart.
//
// It shares no code with what it judges: JSON is read into plain maps, numbers
// are compared as fractions, every pass copies everything. It is slow on
// purpose, so that it can be checked by reading it.
package oracle
