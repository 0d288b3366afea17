// Package oracle computes what the tables must hold, for tests to compare with.
//
// An Oracle gets the same raw answers of Polar as the code under test, pass by
// pass, and computes from them, and from nothing else, every row the contract
// promises. Read fetches the real rows from Postgres in the same canonical
// text, and Diff compares the two.
//
// It shares no code with what it judges: it reads JSON into plain maps,
// compares numbers as fractions, and copies everything in every pass. It is
// slow on purpose, so that reading it is enough to check it.
package oracle
