package syncer_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer"
	"syncer/internal/syncer/oracle"
)

// keys are the tables' keys: whose id a change carries, and the rest.
func keys() map[string][2]string {
	return map[string][2]string{
		"checkout_links": {"id"}, "products": {"id"}, "prices": {"id"}, "meters": {"id"}, "benefits": {"id"}, "medias": {"id"}, "discounts": {"id"},
		"checkout_link_products": {"checkout_link_id", "product_id"}, "product_benefits": {"product_id", "position"},
		"product_medias": {"product_id", "position"}, "price_tiers": {"price_id", "position"}, "discount_amounts": {"discount_id", "currency"},
	}
}

// expected lists the changes between two states of the tables, one line each:
// table, id, op, and for an update each column with its values.
func expected(before, after oracle.Tables) []string {
	var all []string
	for table, key := range keys() {
		index := func(rows []oracle.Row) map[string]oracle.Row {
			byKey := map[string]oracle.Row{}
			for _, r := range rows {
				k := *r[key[0]]
				if key[1] != "" {
					k += "/" + *r[key[1]]
				}
				byKey[k] = r
			}
			return byKey
		}
		old, now := index(before[table]), index(after[table])
		for k, r := range now {
			line := fmt.Sprintf("%s %s ", table, *r[key[0]])
			o, there := old[k]
			if !there {
				all = append(all, line+"insert")
				continue
			}
			var columns []string
			op := "update"
			for column, v := range r {
				if column == "first_seen_at" || column == "changed_at" || cmp.Equal(o[column], v) {
					continue
				}
				columns = append(columns, column+": "+show(column, o[column])+" -> "+show(column, v))
				if column == "removed_at" {
					op = map[bool]string{true: "restore", false: "remove"}[v == nil]
				}
			}
			if columns != nil {
				slices.Sort(columns)
				all = append(all, line+op+" "+strings.Join(columns, ", "))
			}
		}
		for k, r := range old {
			if now[k] == nil {
				all = append(all, fmt.Sprintf("%s %s remove", table, *r[key[0]]))
			}
		}
	}
	slices.Sort(all)
	return all
}

// show writes a value so that the oracle's text and jsonb's agree.
func show(column string, v *string) string {
	switch {
	case v == nil:
		return "null"
	case column == "removed_at": // ours, see checkBounds
		return "then"
	case column == "metadata" || column == "extra" || column == "unit_label":
		return "{…}"
	case strings.HasSuffix(column, "_at"):
		t, err := time.Parse(time.RFC3339Nano, *v)
		if err != nil {
			return err.Error()
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	return *v
}

// recorded lists the rows of changes of one run in the same way.
func (b *bench) recorded(run string) []string {
	b.tb.Helper()
	rows, err := b.db.Pool().Query(b.tb.Context(),
		`SELECT entity, entity_id::text, op, before, after FROM changes WHERE run_id = $1::uuid`, run)
	if err != nil {
		b.tb.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var entity, id, op string
		var before, after map[string]json.RawMessage
		if err := rows.Scan(&entity, &id, &op, &before, &after); err != nil {
			b.tb.Fatal(err)
		}
		line := fmt.Sprintf("%s %s %s", entity, id, op)
		if before != nil && after != nil {
			var columns []string
			for column := range before {
				columns = append(columns, column+": "+show(column, plain(before[column]))+" -> "+show(column, plain(after[column])))
			}
			slices.Sort(columns)
			line += " " + strings.Join(columns, ", ")
		}
		all = append(all, line)
	}
	if err := rows.Err(); err != nil {
		b.tb.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// plain is a JSON scalar's text, nil for null.
func plain(raw json.RawMessage) *string {
	var text string
	switch {
	case string(raw) == "null":
		return nil
	case json.Unmarshal(raw, &text) == nil:
		return &text
	}
	return new(string(raw))
}

// TestHistoryHoldsExactlyWhatChanged replays the catalogues and finds in changes
// what differs between the oracle's tables before and after each step: nothing
// missing, nothing extra.
func TestHistoryHoldsExactlyWhatChanged(t *testing.T) {
	t.Parallel()
	for _, scenario := range fetchtest.Scenarios() {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			rec, err := fetchtest.Load(scenario)
			if err != nil {
				t.Fatal(err)
			}
			b, o := newBench(t, scenario), oracle.New()
			before := o.Tables()
			previous := time.Time{}
			for step := range rec.Len() {
				b.polar.Goto(step)
				report := b.run(b.all())
				if err := o.Observe(b.at(), b.answers(rec)); err != nil {
					t.Fatal(err)
				}
				after := o.Tables()
				if diff := cmp.Diff(expected(before, after), b.recorded(report.RunID)); diff != "" {
					t.Fatalf("step %d:\n%.3000s", step, diff)
				}
				b.checkBounds(report.RunID, previous)
				before, previous = after, b.at()
			}
		})
	}
}

// checkBounds looks at when the changes of a run are said to have happened: by the
// end of one of its requests, and not before the previous run, which saw the old
// state. Nothing else is known of what was not there before.
func (b *bench) checkBounds(run string, previous time.Time) {
	b.tb.Helper()
	wrong := b.column(`
		SELECT entity || ' ' || op || ' ' || entity_id || ': ' || coalesce(not_before::text, 'null') || ' to ' || not_after
		FROM changes AS c
		JOIN sync_runs AS r ON r.id = c.run_id
		LEFT JOIN sync_runs AS p ON p.started_at = $2
		WHERE run_id = $1::uuid AND (
			-- an upper bound: it errs by as long as the database took to tell the time
			not_after <= r.started_at OR not_after > r.finished_at + interval '1 minute'
			OR op <> 'insert' AND (not_before >= p.started_at AND not_before <= p.finished_at) IS NOT TRUE
				-- what no live link showed in the previous run may have changed long ago
				AND NOT (not_before < p.started_at AND entity IN ('products', 'prices', 'benefits', 'medias', 'discounts', 'checkout_links'))
			OR op = 'insert' AND not_before IS NOT NULL AND not_before <> p.started_at)`, run, previous)
	if wrong != nil {
		b.tb.Errorf("changes with wrong bounds (the run before was at %v): %.3000q", previous, wrong)
	}
}

// TestBoundsAreThoseOfTheLastSight changes a product after a run in which its
// links could not be read: when it changed is known no better than that.
func TestBoundsAreThoseOfTheLastSight(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	source := b.links()
	b.run(source)
	broken := b.polar.Inject(fetchtest.Fault{Match: fetchtest.OnLink(source.IDs[0].String()), Play: fetchtest.Status(500, "Internal Server Error")})
	if report := b.run(source); report.Links.Failed != 1 {
		t.Fatalf("failed links: %+v", report)
	}
	broken.Stop()
	for _, id := range source.IDs[:2] {
		b.polar.Overlay(id.String() + ` label "relabelled"`)
	}
	b.run(source)
	for i, want := range []string{"1", "2"} {
		got := b.column(`
			SELECT number::text FROM changes JOIN sync_runs ON not_before BETWEEN started_at AND finished_at
			WHERE entity = 'checkout_links' AND op = 'update' AND entity_id = $1`, source.IDs[i])
		if diff := cmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("link %d: not_before is not of run %s:\n%s", i, want, diff)
		}
	}
}

// TestAChangeHappenedBeforeTheAnswerEnds changes a link while Polar is answering: the
// request had begun before, and what it shows had changed by its end.
func TestAChangeHappenedBeforeTheAnswerEnds(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]func(*bench) syncer.Source{"by id": (*bench).links, "all": (*bench).all} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "seed-ads")
			b.run(source(b))
			id := b.links().IDs[0]
			var changed time.Time
			match := fetchtest.OnLink(id.String())
			if name == "all" {
				match = fetchtest.OnList(1)
			}
			b.polar.Inject(fetchtest.Fault{Match: match, Times: 1, Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
				if err := b.db.Pool().QueryRow(r.Context(), `SELECT clock_timestamp()`).Scan(&changed); err != nil {
					t.Error(err)
				}
				b.polar.Overlay(id.String() + ` label "relabelled"`)
				normal.ServeHTTP(w, r)
			}})
			b.run(source(b))
			got := b.column(`SELECT (not_before < $2 AND not_after > $2)::text || ' ' || (l.changed_at < $2)
				FROM changes JOIN checkout_links AS l ON l.id = entity_id
				WHERE entity = 'checkout_links' AND op = 'update' AND entity_id = $1`, id, changed)
			if diff := cmp.Diff([]string{"true true"}, got); diff != "" {
				t.Errorf("the bounds hold the change, and the request began before it:\n%s", diff)
			}
		})
	}
}

// TestAChangeAfterPolarReadIsLaterThanTheRequest changes a link when Polar has read it and
// not answered yet: the next run sees it, and it was no earlier than this request's start.
func TestAChangeAfterPolarReadIsLaterThanTheRequest(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]func(*bench) syncer.Source{"by id": (*bench).links, "all": (*bench).all} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "seed-ads")
			b.run(source(b))
			id := b.links().IDs[0]
			var changed time.Time
			match := fetchtest.OnLink(id.String())
			if name == "all" {
				match = fetchtest.OnList(1)
			}
			b.polar.Inject(fetchtest.Fault{Match: match, Times: 1, Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
				read := httptest.NewRecorder()
				normal.ServeHTTP(read, r)
				if err := b.db.Pool().QueryRow(r.Context(), `SELECT clock_timestamp()`).Scan(&changed); err != nil {
					t.Error(err)
				}
				b.polar.Overlay(id.String() + ` label "relabelled"`)
				maps.Copy(w.Header(), read.Header())
				_, _ = w.Write(read.Body.Bytes())
			}})
			if report := b.run(source(b)); report.Links.Changed != 0 {
				t.Fatalf("it had been read before: %+v", report.Links)
			}
			b.run(source(b))
			got := b.column(`SELECT (not_before < $2 AND not_after > $2)::text FROM changes
				WHERE entity = 'checkout_links' AND op = 'update' AND entity_id = $1`, id, changed)
			if diff := cmp.Diff([]string{"true"}, got); diff != "" {
				t.Errorf("the bounds hold the change:\n%s", diff)
			}
		})
	}
}

// TestABoundBehindTheOtherIsDropped has rows that bear times of a database whose
// clock was ahead, as a restored dump may.
func TestABoundBehindTheOtherIsDropped(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	b.run(b.links())
	for _, edit := range []string{
		`UPDATE sync_runs SET observing_since = observing_since + interval '1 year'`,
		`UPDATE checkout_links SET changed_at = changed_at + interval '1 year', label = 'by hand'`,
	} {
		b.exec(edit)
	}
	report := b.run(b.links())
	if got := b.column(`SELECT DISTINCT (not_before IS NULL)::text FROM changes WHERE run_id = $1::uuid`, report.RunID); !slices.Equal(got, []string{"true"}) {
		t.Errorf("not_before is null: %q", got)
	}
}

// TestAHandEditIsHistoryToo finds an edit behind the sync's back in changes, and
// the healing of it.
func TestAHandEditIsHistoryToo(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	b.run(b.links())
	// From another search_path, as an analyst would.
	for _, sql := range []string{`SET search_path = public`, `UPDATE polar.products SET name = 'by hand' WHERE id = (SELECT min(id::text)::uuid FROM polar.products)`, `RESET search_path`} {
		b.exec(sql)
	}
	report := b.run(b.links())
	got := b.column(`SELECT op || ' ' || (run_id IS NULL) || ' ' || (after ->> 'name' = 'by hand') FROM changes
		WHERE entity = 'products' AND op <> 'insert' ORDER BY id`)
	if diff := cmp.Diff([]string{"update true true", "update false false"}, got); diff != "" {
		t.Error(diff)
	}
	if report.Rows.Updated != 1 {
		t.Errorf("healing updated %d rows", report.Rows.Updated)
	}
}
