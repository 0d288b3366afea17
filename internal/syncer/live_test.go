package syncer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer/oracle"
)

// TestTheContractOfSeptember2026IsKnown syncs a link with metered_tiers prices and a
// meter_credit that says what it gives.
func TestTheContractOfSeptember2026IsKnown(t *testing.T) {
	t.Parallel()
	b, o := newBench(t, "seed-ads"), oracle.New()
	b.polar.Use(fetchtest.Live("september-2026"))
	b.run(b.all())
	if err := o.Observe(b.at(), b.served()); err != nil {
		t.Fatal(err)
	}
	b.check(o)
	want := map[string][]string{
		`SELECT path FROM drift`: nil,
		`SELECT credit_units || ' of ' || credit_meter_id || ' ' || extra FROM benefits`:                                           {"1000 of 00000005-0000-4000-8000-000000000005 {}"},
		`SELECT amount_type || ' ' || tier_type || ' ' || (unit_amount IS NULL) || ' ' || extra FROM prices GROUP BY 1 ORDER BY 1`: {"metered_tiers graduated true {}"},
		`SELECT m.name || ': ' || coalesce(t.bound::text, 'on') || ' at ' || t.unit_amount
			FROM price_tiers AS t JOIN prices AS p ON p.id = t.price_id JOIN meters AS m ON m.id = p.meter_id
			WHERE m.name = 'Gigabytes' ORDER BY t.position`: {"Gigabytes: 1000 at 12345.123456789012", "Gigabytes: on at 0.000000000005"},
	}
	for sql, rows := range want {
		if diff := cmp.Diff(rows, b.column(sql)); diff != "" {
			t.Errorf("%s:\n%s", sql, diff)
		}
	}
	if again := b.run(b.all()); again.Links.Changed != 0 {
		t.Errorf("a second run: %+v", again.Links)
	}
}

// TestPropertiesThatWereKeptGetTheirColumns has a row as it was written before the
// columns were there: the next run fills them, like any other difference.
func TestPropertiesThatWereKeptGetTheirColumns(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	b.polar.Use(fetchtest.Live("september-2026"))
	b.run(b.all())
	b.exec(`UPDATE benefits SET credit_units = NULL, credit_meter_id = NULL,
		extra = '{"properties": {"units": 1000, "meter_id": "00000005-0000-4000-8000-000000000005"}}'`)
	if report := b.run(b.all()); report.Links.Changed != 1 || report.Rows.Updated != 1 {
		t.Errorf("%+v %+v, want one row changed", report.Links, report.Rows)
	}
	got := b.column(`SELECT credit_units || ' of ' || credit_meter_id || ' ' || extra FROM benefits`)
	if diff := cmp.Diff([]string{"1000 of 00000005-0000-4000-8000-000000000005 {}"}, got); diff != "" {
		t.Error(diff)
	}
	if again := b.run(b.all()); again.Links.Changed != 0 {
		t.Errorf("and then: %+v", again.Links)
	}
}
