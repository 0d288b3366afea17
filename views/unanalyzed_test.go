package views_test

import (
	"maps"
	"slices"
	"testing"

	"syncer/internal/fetch/fetchtest"
	"syncer/views/oracle"
)

// TestViewsCanBeReadBeforePostgresKnowsTheTables reads every view right after the first
// run, when there are no statistics yet and the planner takes the tables for small.
func TestViewsCanBeReadBeforePostgresKnowsTheTables(t *testing.T) {
	t.Parallel()
	sales := map[string]sale{}
	m := newMaker(t)
	setCases(sales, m)
	tierCases(sales, m)
	var links []fetchtest.Answer
	for _, s := range slices.Collect(maps.Values(sales)) {
		links = append(links, s.link)
	}
	b := made(t, links...)
	if _, err := b.sync(b.all()); err != nil {
		t.Fatal(err)
	}
	tx, err := b.db.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	if _, err := tx.Exec(t.Context(), `SET LOCAL statement_timeout = '10s'`); err != nil {
		t.Fatal(err)
	}
	for _, v := range oracle.Views() {
		if _, err := v.Read(t.Context(), tx); err != nil {
			t.Fatalf("of %d links: %v", len(links), err)
		}
	}
}
