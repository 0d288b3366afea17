package syncer_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db/dbtest"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer"
)

// entityTables are the catalogue's tables.
func entityTables() []string {
	return []string{
		"benefits", "checkout_link_products", "checkout_links", "discount_amounts", "discounts", "medias", "meters",
		"price_tiers", "prices", "product_benefits", "product_medias", "products",
	}
}

// written are the row versions that were ever inserted, updated and deleted in a
// table, by Postgres' own count.
type written struct{ Inserted, Updated, Deleted int64 }

// statistics reads Postgres' counts once they hold everything that was written:
// a session hands its counts over when it ends, and sync_runs tells whether they
// have arrived.
func statistics(tb testing.TB, url string, runs int64) map[string]written {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(tb.Context())
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		rows, err := conn.Query(tb.Context(), `
			SELECT relname, n_tup_ins, n_tup_upd, n_tup_del, pg_stat_clear_snapshot()::text
			FROM pg_stat_user_tables WHERE schemaname = 'polar'`)
		if err != nil {
			tb.Fatal(err)
		}
		all := map[string]written{}
		for rows.Next() {
			var name, cleared string
			var w written
			if err := rows.Scan(&name, &w.Inserted, &w.Updated, &w.Deleted, &cleared); err != nil {
				tb.Fatal(err)
			}
			all[name] = w
		}
		if err := rows.Err(); err != nil {
			tb.Fatal(err)
		}
		if all["sync_runs"].Inserted >= runs && all["sync_runs"].Updated >= runs {
			maps.DeleteFunc(all, func(name string, _ written) bool { return !slices.Contains(entityTables(), name) })
			return all
		}
		select {
		case <-ticker.C:
		case <-tb.Context().Done():
			tb.Fatal("the statistics never arrived")
		}
	}
}

// TestUnchangedWritesNothing runs twice over each recorded catalogue and finds
// no row version in any table of it after the second run.
func TestUnchangedWritesNothing(t *testing.T) {
	t.Parallel()
	for _, scenario := range fetchtest.Scenarios() {
		for _, all := range []bool{false, true} {
			t.Run(scenario+map[bool]string{true: " all", false: " by id"}[all], func(t *testing.T) {
				t.Parallel()
				url := dbtest.URL(t)
				polar := fetchtest.Start(t, scenario)
				sync := func() syncer.Report {
					d := dbtest.Open(t, url)
					defer d.Close()
					b := benchOn(t, polar, d)
					if all {
						return b.run(b.all())
					}
					return b.run(b.links())
				}
				first := sync()
				before := statistics(t, url, 1)
				report := sync()
				if diff := cmp.Diff(before, statistics(t, url, 2)); diff != "" {
					t.Errorf("row versions were written though nothing changed:\n%s", diff)
				}
				if report.Links.Changed != 0 || report.Rows != (syncer.Report{}).Rows || report.Links.Unchanged != first.Links.Total {
					t.Errorf("the report says something changed: %+v", report)
				}
				sum := 0
				for _, w := range before {
					sum += int(w.Inserted)
				}
				if first.Rows.Inserted != sum || first.Links.Changed != first.Links.Total {
					t.Errorf("the first report says %+v, Postgres counts %d rows", first, sum)
				}
			})
		}
	}
}

// TestAHandEditIsHealed changes rows behind the sync's back; the next run puts
// back what Polar answers.
func TestAHandEditIsHealed(t *testing.T) {
	t.Parallel()
	b := newBench(t, "alpha")
	b.run(b.links())
	for _, edit := range []string{
		`UPDATE products SET name = 'edited'`,
		`DELETE FROM checkout_link_products`,
		`DELETE FROM product_benefits WHERE position = 0`,
		`UPDATE price_tiers SET unit_amount = 7`,
		`UPDATE prices SET removed_at = now()`,
		`UPDATE discounts SET metadata = '{"edited": true}'`,
	} {
		before := b.dump()
		b.exec(edit)
		report := b.run(b.links())
		if report.Links.Changed == 0 {
			t.Errorf("%s: the report says nothing changed", edit)
		}
		if diff := cmp.Diff(before, b.dump()); diff != "" {
			t.Errorf("%s: not healed:\n%.2000s", edit, diff)
		}
	}
}

// dump is every row of the catalogue as text, without our own times.
func (b *bench) dump() string {
	b.tb.Helper()
	var out strings.Builder
	for _, table := range entityTables() {
		rows, err := b.db.Pool().Query(b.tb.Context(), `SELECT (to_jsonb(t) - 'changed_at')::text FROM `+table+` AS t ORDER BY 1`)
		if err != nil {
			b.tb.Fatal(err)
		}
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			b.tb.Fatal(err)
		}
		out.WriteString(table + "\n" + strings.Join(texts, "\n") + "\n")
	}
	return out.String()
}
