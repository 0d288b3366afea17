package db

import "syncer/internal/db/query"

// TODO: both go as soon as runs.go, save.go and compare.go call queries and classify.

// Queries is queries under its old name.
func (d *DB) Queries() *query.Queries { return d.queries() }

// Explain is classify under its old name.
func (d *DB) Explain(err error) error { return classify(err) }
