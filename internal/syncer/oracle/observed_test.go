package oracle

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// observed holds the changes that the recorder saw in the bodies from one step
// to the next. An entity that no link nests any more counts as vanished, though
// its row stays.
type observed struct {
	Links, Products, Prices, Benefits, Medias, Discounts, Meters difference
}

type difference struct {
	Appeared, Vanished []string
	Changed            []struct {
		ID     string
		Fields map[string][2]any // before and after; lists of nested things as "prices[].id"
	}
}

// checkObserved compares what the recorder saw with the tables' changes.
func checkObserved(t *testing.T, s step, before, after Tables) {
	t.Helper()
	checkRows(t, s, "checkout_links", s.seen.Links, before, after)
	checkRows(t, s, "products", s.seen.Products, before, after)
	checkRows(t, s, "prices", s.seen.Prices, before, after)
	checkRows(t, s, "benefits", s.seen.Benefits, before, after)
	checkRows(t, s, "medias", s.seen.Medias, before, after)
	checkRows(t, s, "discounts", s.seen.Discounts, before, after)
	checkRows(t, s, "meters", s.seen.Meters, before, after)
	checkLists(t, s, before, after)
}

// checkRows wants new rows exactly for what appeared, changed rows exactly for
// what the recorder saw change, vanish or come back, and the values it saw.
func checkRows(t *testing.T, s step, name string, seen difference, before, after Tables) {
	t.Helper()
	now := at(s.number)
	changed := map[string]map[string][2]any{}
	for _, c := range seen.Changed {
		changed[c.ID] = c.Fields
	}
	for _, row := range after[name] {
		id := *row["id"]
		old := find(before, name, id)
		isNew, isRemoved := old == nil, row["removed_at"] != nil
		moved := *row["changed_at"] == *now
		appeared, vanished := slices.Contains(seen.Appeared, id), slices.Contains(seen.Vanished, id)
		columns := checkValues(t, s, name, changed[id], old, row)

		switch {
		case isNew:
			if !appeared || *row["first_seen_at"] != *now || !moved || isRemoved {
				t.Errorf("step %d: %s %s is new, appeared %t: %s", s.number, name, id, appeared, dates(row))
			}
		case vanished && isRemoved:
			if !moved || *row["removed_at"] != *now || old["removed_at"] != nil || differ(old, row, "removed_at", "changed_at") || hidden(s, name, row) {
				t.Errorf("step %d: %s %s vanished: %s", s.number, name, id, dates(row))
			}
		case vanished:
			if moved || differ(old, row) || !hidden(s, name, row) {
				t.Errorf("step %d: %s %s vanished: %s", s.number, name, id, dates(row))
			}
		case appeared: // again, after an error, a removal or out of sight: maybe unchanged
			if moved != differ(old, row) || isRemoved {
				t.Errorf("step %d: %s %s is back: %s", s.number, name, id, dates(row))
			}
		default:
			if moved != (columns > 0) || differ(old, row) != moved {
				t.Errorf("step %d: %s %s: %d columns seen to change: %s", s.number, name, id, columns, dates(row))
			}
		}
		if old != nil && *old["first_seen_at"] != *row["first_seen_at"] {
			t.Errorf("step %d: %s %s: first_seen_at moved", s.number, name, id)
		}
	}
	for _, id := range slices.Concat(seen.Appeared, seen.Vanished, slices.Collect(maps.Keys(changed))) {
		if find(after, name, id) == nil {
			t.Errorf("step %d: %s %s has no row", s.number, name, id)
		}
	}
}

// hidden reports whether a row may stay as it is although nothing shows it:
// always, except for a link that is gone, and for a price whose product is still shown.
func hidden(s step, name string, row Row) bool {
	switch name {
	case "checkout_links":
		return slices.ContainsFunc(s.answers, func(a Answer) bool { return a.ID == *row["id"] && a.Status == 500 })
	case "prices":
		return !slices.ContainsFunc(s.answers, func(a Answer) bool {
			return a.Status == 200 && strings.Contains(string(a.Body), `"id":"`+*row["product_id"]+`"`)
		})
	default:
		return true
	}
}

// checkValues compares the values before and after in all columns seen to
// change, and counts those columns.
func checkValues(t *testing.T, s step, name string, fields map[string][2]any, old, row Row) int {
	t.Helper()
	columns := 0
	for field, values := range fields {
		col, known := newContract()[name].column(field)
		if !known {
			continue // something nested: a list of ids, a price's meter
		}
		columns++
		for i, stored := range []Row{old, row} {
			if text, long := values[i].(string); long && strings.Contains(text, "… (") {
				continue // the recorder cut it
			}
			value, err := fromJSON(col.kind, values[i])
			if err != nil {
				t.Fatal(err)
			}
			if !sameText(value, stored[field]) {
				t.Errorf("step %d: %s %s: %s: want %s, got %s", s.number, name, *row["id"], field, show(value), show(stored[field]))
			}
		}
	}
	return columns
}

// checkLists compares the members of links and products, and wants every list
// not seen to change to be as before.
func checkLists(t *testing.T, s step, before, after Tables) {
	t.Helper()
	lists := []struct {
		table, parent, member, field string
		seen                         difference
	}{
		{"checkout_link_products", "checkout_link_id", "product_id", "products[].id", s.seen.Links},
		{"product_benefits", "product_id", "benefit_id", "benefits[].id", s.seen.Products},
		{"product_medias", "product_id", "media_id", "medias[].id", s.seen.Products},
		{"prices", "product_id", "id", "prices[].id", s.seen.Products},
	}
	for _, list := range lists {
		was, is := members(before[list.table], list.parent, list.member), members(after[list.table], list.parent, list.member)
		for _, c := range list.seen.Changed {
			values, changed := c.Fields[list.field]
			if !changed {
				continue
			}
			for i, stored := range [][]string{was[c.ID], is[c.ID]} {
				recorded, whole := values[i].([]any)
				if !whole {
					continue // the recorder cut it
				}
				if diff := cmp.Diff(ids(recorded, list.table == "prices"), stored, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("step %d: %s of %s, [before, after][%d]: -want +got:\n%s", s.number, list.table, c.ID, i, diff)
				}
			}
			delete(was, c.ID)
			delete(is, c.ID)
		}
		for _, id := range list.seen.Appeared { // new, or back and maybe changed
			delete(was, id)
			delete(is, id)
		}
		if diff := cmp.Diff(was, is); diff != "" {
			t.Errorf("step %d: %s changed unseen: -before +after:\n%s", s.number, list.table, diff)
		}
	}
}

// members lists the live members of every parent, by position.
func members(rows []Row, parent, member string) map[string][]string {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Row) int { // prices have no position and stay sorted by id
		return strings.Compare(fmt.Sprintf("%4s", show(a["position"])), fmt.Sprintf("%4s", show(b["position"])))
	})
	all := map[string][]string{}
	for _, row := range rows {
		if row["removed_at"] == nil {
			all[*row[parent]] = append(all[*row[parent]], *row[member])
		}
	}
	return all
}

// ids reads what the recorder wrote; the order of prices means nothing.
func ids(recorded []any, sorted bool) []string {
	var all []string
	for _, id := range recorded {
		all = append(all, id.(string))
	}
	if sorted {
		slices.Sort(all)
	}
	return all
}

// dates shows which row a failure is about.
func dates(row Row) string {
	return "first_seen_at " + show(row["first_seen_at"]) + ", changed_at " + show(row["changed_at"]) + ", removed_at " + show(row["removed_at"])
}

// differ compares two rows apart from some columns.
func differ(a, b Row, but ...string) bool {
	return !maps.EqualFunc(without(a, but), without(b, but), sameText)
}

func without(row Row, columns []string) Row {
	rest := maps.Clone(row)
	maps.DeleteFunc(rest, func(column string, _ *string) bool { return slices.Contains(columns, column) })
	return rest
}
