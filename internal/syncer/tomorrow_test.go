package syncer_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"syncer/internal/db"
	"syncer/internal/syncer/oracle"
)

// everyLevel is where objects stand in a link. An object that a link does not
// have stays away.
const everyLevel = `
	* X
	* discount.X
	* products[*].X
	* products[*].benefits[*].X
	* products[*].medias[*].X
	* products[*].prices[*].X
	* products[*].prices[*].meter.X
	* products[*].prices[*].seat_tiers.X
	* products[*].prices[*].seat_tiers.tiers[*].X
	* products[*].prices[*].tiers.X
	* products[*].prices[*].tiers.tiers[*].X`

// since2025 are the lines about what the catalogue of that year does not have.
var since2025 = regexp.MustCompile(`.*(meter\.|tiers|unit_amount).*\n?`)

// TestTomorrowsAnswersLand syncs answers of a Polar that has moved on: every link
// lands, nothing that was sent is lost, and the drift is on record.
func TestTomorrowsAnswersLand(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		changes string
		drift   []string // paths that must be on record
	}{
		"unknown keys at every level": {
			strings.ReplaceAll(everyLevel, "X", `brand_new {"list":[1.50,null,"x"],"big":1180591620717411303424}`) +
				strings.ReplaceAll(everyLevel, "X", `Name "a key of another case"`),
			[]string{"brand_new", "products[].brand_new", "products[].prices[].meter.brand_new", "products[].prices[].tiers.tiers[].Name", "discount.Name"},
		},
		"unknown enum values everywhere": {
			`* trial_interval                               "tomorrow"
			* payment_processor                             "tomorrow"
			* products[*].visibility                        "tomorrow"
			* products[*].recurring_interval                "tomorrow"
			* products[*].meter_interval                    "tomorrow"
			* products[*].trial_interval                    "tomorrow"
			* products[*].benefits[*].type                  "tomorrow"
			* products[*].medias[*].service                 "tomorrow"
			* products[*].prices[*].source                  "tomorrow"
			* products[*].prices[*].tax_behavior            "tomorrow"
			* products[*].prices[*].type                    "tomorrow"
			* products[*].prices[*].recurring_interval      "tomorrow"
			* products[*].prices[*].meter.unit              "tomorrow"
			* products[*].prices[*].seat_tiers.seat_tier_type "tomorrow"
			* products[*].prices[*].tiers.type              "tomorrow"`,
			[]string{"payment_processor", "products[].visibility", "products[].benefits[].type", "products[].prices[].seat_tiers.seat_tier_type"},
		},
		"unknown price kinds": {
			`* products[*].prices[*].amount_type "auction"`,
			[]string{"products[].prices[].amount_type"},
		},
		"unknown price kinds without the usual keys": {
			`* products[*].prices[*].amount_type "auction"
			* products[*].prices[*].price_amount -
			* products[*].prices[*].price_currency -
			* products[*].prices[*].unit_amount -
			* products[*].prices[*].minimum_amount -
			* products[*].prices[*].seat_tiers -
			* products[*].prices[*].tiers -
			* products[*].prices[*].lots [{"start":5}]`,
			[]string{"products[].prices[].amount_type", "products[].prices[].lots"},
		},
		"properties of every kind of benefit": {
			`* products[*].benefits[*].properties {"units":1e3,"meter_id":"00000005-0000-4000-8000-000000000005","more":[null]}`,
			[]string{"products[].benefits[].properties", "products[].benefits[].properties.more"},
		},
		"properties of other shapes": {
			`* products[*].benefits[*].properties {"units":"many","meter_id":null}`,
			[]string{"products[].benefits[].properties.units", "products[].benefits[].properties.meter_id"},
		},
		"properties that are none": {
			`* products[*].benefits[*].properties null`,
			[]string{"products[].benefits[].properties"},
		},
		"unknown discount types": {
			`* discount.type "loyalty"
			* discount.duration "sometimes"
			* discount.amount -
			* discount.basis_points -`,
			[]string{"discount.type", "discount.duration"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, scenario := range []string{"alpha", "seed-ads"} {
				b, o := newBench(t, scenario), oracle.New()
				changes := test.changes
				if scenario == "seed-ads" {
					changes = since2025.ReplaceAllString(changes, "")
				}
				b.polar.Overlay(changes)
				report := b.run(b.links())
				if report.Status != db.Succeeded {
					t.Fatalf("%s: %d of %d links failed, the first: %+v", scenario, report.Links.Failed, report.Links.Total, report.Failures[0])
				}
				if err := o.Observe(b.at(), b.served()); err != nil {
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

// served is what Polar answers at present.
func (b *bench) served() []oracle.Answer {
	b.tb.Helper()
	var all []oracle.Answer
	for _, l := range b.polar.Links() {
		all = append(all, oracle.Answer{ID: l.ID, Status: l.Status, Body: l.Body})
	}
	return all
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

// TestDriftIsBounded lets every link come with unknown keys of its own, run after run.
func TestDriftIsBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	listed := func() (n int) {
		b.scan(`SELECT count(*) FROM drift WHERE kind <> 'more'`, &n)
		return n
	}
	left := func() (n int) {
		b.scan(`SELECT coalesce(max(count), 0) FROM drift WHERE kind = 'more'`, &n)
		return n
	}
	unknown := func(run int) {
		var lines strings.Builder
		for key := range 150 {
			fmt.Fprintf(&lines, "0 new_%d_%d 1\n", run, key)
		}
		b.polar.Overlay(lines.String())
	}
	unknown(0)
	b.run(b.all())
	if listed() != 100 || left() != 50 {
		t.Fatalf("%d listed, %d left out after one run", listed(), left())
	}
	b.run(b.all()) // the next hundred, of which there are fifty
	if listed() != 150 || left() != 50 {
		t.Fatalf("%d listed, %d left out after another", listed(), left())
	}
	b.exec(`INSERT INTO drift (kind, path, sample, first_seen_at, last_seen_at)
		SELECT 'key', 'old_' || n, '', now() - interval '1 day', now() FROM generate_series(1, 820) AS n`)
	unknown(1)
	b.run(b.all())
	if listed() != 1000 || left() != 170 {
		t.Errorf("%d listed, %d left out at the end", listed(), left())
	}
}
