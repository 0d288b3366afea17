package oracle

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// checkEverythingIsThere walks the bodies without knowing their shape: it tells
// every object, at any depth, by a key that only its kind has, and wants a row
// that holds the object's strings letter by letter.
func checkEverythingIsThere(t *testing.T, steps []step, after []Tables) {
	t.Helper()
	contract := newContract()
	ever := map[string]map[string]bool{} // table, ids met so far
	bodies := map[string]any{}           // most stay the same from step to step
	for i, s := range steps {
		met := map[string]map[string]object{} // table, id, object
		for _, answer := range s.answers {
			if answer.Status == 200 {
				body, known := bodies[string(answer.Body)]
				if !known {
					unmarshal(t, answer.Body, &body)
					bodies[string(answer.Body)] = body
				}
				collect(body, met)
			}
		}
		for name, objects := range met {
			if ever[name] == nil {
				ever[name] = map[string]bool{}
			}
			for id, sent := range objects {
				ever[name][id] = true
				checkObject(t, i, contract[name], sent, find(after[i], name, id))
			}
			if len(ever[name]) != len(after[i][name]) {
				t.Errorf("step %d: %s: met %d so far, got %d rows", i, name, len(ever[name]), len(after[i][name]))
			}
		}
		checkTiers(t, i, met["prices"], after[i])
		checkLivePrices(t, i, met, after[i])
	}
}

// collect sorts every object inside value by table and id.
func collect(value any, met map[string]map[string]object) {
	signs := map[string]string{
		"client_secret": "checkout_links", "prices": "products", "amount_type": "prices", "custom_multiplier": "meters",
		"selectable": "benefits", "size_readable": "medias", "redemptions_count": "discounts",
	}
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			collect(element, met)
		}
	case object:
		for key, element := range v {
			collect(element, met)
			if name, is := signs[key]; is {
				if met[name] == nil {
					met[name] = map[string]object{}
				}
				met[name][v["id"].(string)] = v
			}
		}
	}
}

// checkObject wants every key in its column, but for what is stored apart; the
// recordings have no others.
func checkObject(t *testing.T, step int, table table, sent object, row Row) {
	t.Helper()
	if row == nil || row["removed_at"] != nil || *row["extra"] != "{}" {
		t.Errorf("step %d: %s %s: got %v", step, table.name, sent["id"], row)
		return
	}
	for key, value := range sent {
		stored, there := row[key]
		if !there && !slices.Contains(table.apart, key) {
			t.Errorf("step %d: %s %s: no column for %s", step, table.name, sent["id"], key)
		}
		same := true
		switch v := value.(type) {
		case nil:
			same = stored == nil
		case bool:
			same = (*stored == "true") == v
		case string:
			col, known := table.column(key)
			same = !known || col.kind != kindText && col.kind != kindUUID || *stored == v
		case json.Number:
			same = *stored == v.String()
		}
		if !same {
			t.Errorf("step %d: %s %s: %s: want %v, got %s", step, table.name, sent["id"], key, value, show(stored))
		}
	}
	for column, stored := range row {
		_, known := sent[column]
		col, _ := table.column(column)
		if stored != nil && !known && !col.computed && column != "legacy" {
			t.Errorf("step %d: %s %s: %s came from nowhere: %s", step, table.name, sent["id"], column, *stored)
		}
	}
}

// checkTiers compares the tiers of all prices in sight with their rows, number by number.
func checkTiers(t *testing.T, step int, prices map[string]object, tables Tables) {
	t.Helper()
	rows := map[string][]Row{}
	for _, row := range tables["price_tiers"] {
		rows[*row["price_id"]] = append(rows[*row["price_id"]], row)
	}
	for id, price := range prices {
		row := find(tables, "prices", id)
		var tiers []any
		if seats, is := price["seat_tiers"].(object); is {
			tiers = seats["tiers"].([]any)
			if *row["tier_type"] != seats["seat_tier_type"] || *row["minimum_seats"] != seats["minimum_seats"].(json.Number).String() {
				t.Errorf("step %d: price %s: got %v", step, id, row)
			}
		}
		if units, is := price["tiers"].(object); is {
			tiers = units["tiers"].([]any)
			if *row["tier_type"] != units["type"] || row["minimum_seats"] != nil {
				t.Errorf("step %d: price %s: got %v", step, id, row)
			}
		}
		if len(tiers) != len(rows[id]) {
			t.Errorf("step %d: price %s: want %d tiers, got %d", step, id, len(tiers), len(rows[id]))
			continue
		}
		for i, tier := range tiers {
			for key, value := range tier.(object) {
				stored := rows[id][i][key]
				if number, is := value.(json.Number); is && *stored != number.String() || value == nil && stored != nil || stored == nil && value != nil {
					t.Errorf("step %d: price %s: tier %d: %s: want %v, got %s", step, id, i, key, value, show(stored))
				}
			}
		}
	}
}

// checkLivePrices wants the prices of every product in sight to be live exactly
// if they are in sight too.
func checkLivePrices(t *testing.T, step int, met map[string]map[string]object, tables Tables) {
	t.Helper()
	live := map[string]bool{}
	for _, row := range tables["prices"] {
		if met["products"][*row["product_id"]] != nil && row["removed_at"] == nil {
			live[*row["id"]] = true
		}
	}
	sight := slices.Sorted(maps.Keys(met["prices"]))
	if got := slices.Sorted(maps.Keys(live)); !slices.Equal(sight, got) {
		t.Errorf("step %d: want %d live prices, got %d", step, len(sight), len(got))
	}
}
