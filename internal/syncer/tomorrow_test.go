package syncer_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"syncer/internal/db"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer/oracle"
)

// object is one JSON object.
type object = map[string]any

// eachObject calls change for every object Polar's schema knows in a link: the
// link, its products, prices, tiers, meters, benefits, medias, discount.
func eachObject(link object, change func(kind string, o object)) {
	nested := func(o object, key string) []object {
		var all []object
		switch v := o[key].(type) {
		case object:
			all = append(all, v)
		case []any:
			for _, e := range v {
				all = append(all, e.(object))
			}
		}
		return all
	}
	change("link", link)
	for _, d := range nested(link, "discount") {
		change("discount", d)
	}
	for _, p := range nested(link, "products") {
		change("product", p)
		for _, b := range nested(p, "benefits") {
			change("benefit", b)
		}
		for _, m := range nested(p, "medias") {
			change("media", m)
		}
		for _, price := range nested(p, "prices") {
			change("price", price)
			for _, m := range nested(price, "meter") {
				change("meter", m)
			}
			for _, key := range []string{"seat_tiers", "tiers"} {
				for _, tiers := range nested(price, key) {
					change(key, tiers)
					for _, tier := range nested(tiers, "tiers") {
						change("tier", tier)
					}
				}
			}
		}
	}
}

// mutateAll changes every link of the present step and of the answers that the
// oracle is given.
func mutateAll(b *bench, rec *fetchtest.Recording, change func(kind string, o object)) []oracle.Answer {
	b.tb.Helper()
	mutate := func(body []byte) []byte {
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		var link object
		if err := decoder.Decode(&link); err != nil {
			b.tb.Fatal(err)
		}
		eachObject(link, change)
		out, err := json.Marshal(link)
		if err != nil {
			b.tb.Fatal(err)
		}
		return out
	}
	answers := b.answers(rec)
	for i, a := range answers {
		if a.Status == 200 {
			answers[i].Body = mutate(a.Body)
			b.polar.Mutate(a.ID, mutate)
		}
	}
	return answers
}

// TestTomorrowsAnswersLand syncs answers of a Polar that has moved on: every link
// lands, nothing that was sent is lost, and the drift is on record.
func TestTomorrowsAnswersLand(t *testing.T) {
	t.Parallel()
	enums := map[string][]string{
		"link":       {"trial_interval", "payment_processor"},
		"product":    {"visibility", "recurring_interval", "meter_interval", "trial_interval"},
		"price":      {"source", "tax_behavior", "type", "recurring_interval"},
		"seat_tiers": {"seat_tier_type"}, "tiers": {"type"}, "meter": {"unit"}, "benefit": {"type"}, "media": {"service"},
	}
	for name, test := range map[string]struct {
		change func(kind string, o object)
		drift  []string // paths that must be on record
	}{
		"unknown keys at every level": {
			func(_ string, o object) {
				o["brand_new"] = object{"list": []any{json.Number("1.50"), nil, "x"}, "big": json.Number("1180591620717411303424")}
				o["Name"] = "a key of another case"
			},
			[]string{"brand_new", "products[].brand_new", "products[].prices[].meter.brand_new", "products[].prices[].tiers.tiers[].Name", "discount.Name"},
		},
		"unknown enum values everywhere": {
			func(kind string, o object) {
				for _, key := range enums[kind] {
					if _, sent := o[key]; sent {
						o[key] = "tomorrow"
					}
				}
			},
			[]string{"payment_processor", "products[].visibility", "products[].benefits[].type", "products[].prices[].seat_tiers.seat_tier_type"},
		},
		"unknown price kinds": {
			func(kind string, o object) {
				if kind == "price" {
					o["amount_type"] = "auction"
				}
			},
			[]string{"products[].prices[].amount_type"},
		},
		"unknown price kinds without the usual keys": {
			func(kind string, o object) {
				if kind == "price" {
					o["amount_type"] = "auction"
					for _, key := range []string{"price_amount", "price_currency", "unit_amount", "minimum_amount", "seat_tiers", "tiers"} {
						delete(o, key)
					}
					o["lots"] = []any{object{"start": json.Number("5")}}
				}
			},
			[]string{"products[].prices[].amount_type", "products[].prices[].lots"},
		},
		"unknown discount types": {
			func(kind string, o object) {
				if kind == "discount" {
					o["type"], o["duration"] = "loyalty", "sometimes"
					delete(o, "amount")
					delete(o, "basis_points")
				}
			},
			[]string{"discount.type", "discount.duration"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, scenario := range []string{"alpha", "seed-ads"} {
				rec, err := fetchtest.Load(scenario)
				if err != nil {
					t.Fatal(err)
				}
				b, o := newBench(t, scenario), oracle.New()
				answers := mutateAll(b, rec, test.change)
				report := b.run(b.links())
				if report.Status != db.Succeeded {
					t.Fatalf("%s: %d of %d links failed, the first: %+v", scenario, report.Links.Failed, report.Links.Total, report.Failures[0])
				}
				if err := o.Observe(b.at(), answers); err != nil {
					t.Fatal(err)
				}
				b.check(o)
				if again := b.run(b.links()); again.Links.Changed != 0 {
					t.Errorf("%s: a second run found %d links changed", scenario, again.Links.Changed)
				}
				if scenario == "alpha" {
					paths := b.column(`SELECT path FROM drift`)
					for _, path := range test.drift {
						if !slices.Contains(paths, path) {
							t.Errorf("drift has no %s; it has %q", path, paths)
						}
					}
				}
			}
		})
	}
}

// column reads one column of text.
func (b *bench) column(sql string, args ...any) []string {
	b.tb.Helper()
	rows, err := b.db.Pool().Query(b.tb.Context(), sql, args...)
	if err != nil {
		b.tb.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text *string
		if err := rows.Scan(&text); err != nil {
			b.tb.Fatal(err)
		}
		if text == nil {
			text = new("NULL")
		}
		all = append(all, *text)
	}
	if err := rows.Err(); err != nil {
		b.tb.Fatal(err)
	}
	return all
}
