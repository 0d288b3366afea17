package db_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// TestAFirstSaveStoresEveryColumn reads back what was inserted.
func TestAFirstSaveStoresEveryColumn(t *testing.T) {
	t.Parallel()
	x := newBench(t)
	if would := x.compare(t, x.whole); len(would) != 0 {
		t.Errorf("Compare sees differences: %v", would)
	}
	for _, c := range x.columns {
		t.Run(c.Table+"/"+c.Name, func(t *testing.T) {
			t.Parallel()
			x.mustKnow(t, c)
			for _, row := range x.whole[c.Table] {
				x.wantStored(t, c, row)
			}
		})
	}
}

// TestEveryColumnChangesAlone changes every column of every entity alone, and
// expects exactly one write, none on repeat, and one back. It reads the columns
// from the database, so it covers new ones too.
func TestEveryColumnChangesAlone(t *testing.T) {
	t.Parallel()
	for table, columns := range byTable(t) {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			x := newBench(t)
			for _, c := range columns {
				if c.Key > 0 {
					continue // another key means another row
				}
				t.Run(c.Name, func(t *testing.T) {
					x.mustKnow(t, c)
					x.do(t, x.whole) // clears what the previous column left behind
					x.changes(t, c, c.value(0), c.value(1))
					x.changes(t, c, c.value(1), c.value(0))
					if c.Nullable {
						x.changes(t, c, c.value(0), nil)
						x.changes(t, c, nil, c.value(0))
					}
				})
			}
		})
	}
}

// TestRowsOfAListComeAndGo removes rows from the tables whose rows belong to
// another table's, and puts them back.
func TestRowsOfAListComeAndGo(t *testing.T) {
	t.Parallel()
	for table, columns := range byTable(t) {
		for _, c := range columns {
			if c.Key < 2 {
				continue
			}
			t.Run(table+"/"+c.Name, func(t *testing.T) {
				t.Parallel()
				x := newBench(t)
				rows := x.whole[table]
				x.becomes(t, x.whole, x.whole.withRows(table, rows[0]))
				x.becomes(t, x.whole.withRows(table, rows[0]), x.whole)
				x.becomes(t, x.whole, x.whole.withRows(table))
				x.becomes(t, x.whole.withRows(table), x.whole.withRows(table, rows[0]))
				if c.Type != "integer" { // places in a list have no gaps
					x.becomes(t, x.whole.withRows(table, rows[0]), x.whole.withRows(table, rows[1]))
				}
			})
		}
	}
}

func TestAPriceThatIsNotOfferedIsMarkedAndComesBack(t *testing.T) {
	t.Parallel()
	x := newBench(t)
	product, price := id("products", 0), id("prices", 1)
	one := x.whole.withRows("prices", x.whole["prices"][0])
	if would := ops(x.compare(t, one)); would != "prices remove" {
		t.Errorf("Compare says %s", would)
	}
	x.wants(t, one, effect{
		Reported: db.Changes{"prices": {Removed: []uuid.UUID{product}}},
		Recorded: []event{{"prices", price, "remove", `{"removed_at": null}`, x.removedNow(t)}},
		Written:  []string{"prices " + price.String()},
	})
	x.wants(t, one, effect{})

	restored := []event{{"prices", price, "restore", x.removed(t), `{"removed_at": null}`}}
	if diff := cmp.Diff(restored, x.compare(t, x.whole)); diff != "" {
		t.Errorf("Compare:\n%s", diff)
	}
	x.wants(t, x.whole, effect{
		Reported: db.Changes{"prices": {Updated: []uuid.UUID{product}}},
		Recorded: restored,
		Written:  []string{"prices " + price.String()},
	})
	x.wants(t, x.whole, effect{})
}

func TestALinkThatIsGoneIsMarkedAndComesBack(t *testing.T) {
	t.Parallel()
	x := newBench(t)
	link := id("checkout_links", 0)
	x.gone = []uuid.UUID{link}
	rest := x.whole.withRows("checkout_links", x.whole["checkout_links"][1]).withRows("checkout_link_products")
	x.wants(t, rest, effect{
		Reported: db.Changes{"checkout_links": {Removed: []uuid.UUID{link}}},
		Recorded: []event{{"checkout_links", link, "remove", `{"removed_at": null}`, x.removedNow(t)}},
		Written:  []string{"checkout_links " + link.String()},
	})
	x.wants(t, rest, effect{})

	x.gone = nil
	restored := []event{{"checkout_links", link, "restore", x.removed(t), `{"removed_at": null}`}}
	if diff := cmp.Diff(restored, x.compare(t, x.whole)); diff != "" {
		t.Errorf("Compare:\n%s", diff)
	}
	x.wants(t, x.whole, effect{
		Reported: db.Changes{"checkout_links": {Updated: []uuid.UUID{link}}},
		Recorded: restored,
		Written:  []string{"checkout_links " + link.String()},
	})
	x.wants(t, x.whole, effect{})
}

// byTable groups the catalogue's columns by table.
func byTable(tb testing.TB) map[string][]polarColumn {
	tb.Helper()
	tables := map[string][]polarColumn{}
	for _, c := range catalogue(tb, dbtest.New(tb)) {
		tables[c.Table] = append(tables[c.Table], c)
	}
	return tables
}
