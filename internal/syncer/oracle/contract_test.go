package oracle

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestColumnsAreTheContracts(t *testing.T) {
	t.Parallel()
	// Section 2 of the design, copied: table, key, other columns.
	const design = `
checkout_links | id | created_at, modified_at, organization_id, label, url, client_secret, success_url, return_url, payment_processor, allow_discount_codes, require_billing_address, discount_id, trial_interval, trial_interval_count, seats, units, metadata, extra, first_seen_at, changed_at, removed_at
checkout_link_products | checkout_link_id, product_id | position
products | id | created_at, modified_at, organization_id, name, description, visibility, is_recurring, is_archived, recurring_interval, recurring_interval_count, meter_interval, meter_interval_count, trial_interval, trial_interval_count, metadata, extra, first_seen_at, changed_at
prices | id | product_id, created_at, modified_at, source, amount_type, type, recurring_interval, legacy, is_archived, price_currency, tax_behavior, price_amount, minimum_amount, maximum_amount, preset_amount, unit_amount, cap_amount, meter_id, price_per_seat, tier_type, minimum_seats, maximum_seats, minimum_units, maximum_units, unit_label, extra, first_seen_at, changed_at, removed_at
price_tiers | price_id, position | min_seats, max_seats, price_per_seat, bound, unit_amount
meters | id | name, unit, custom_label, custom_multiplier, extra, first_seen_at, changed_at
benefits | id | created_at, modified_at, organization_id, type, description, selectable, deletable, is_deleted, extra, first_seen_at, changed_at
product_benefits | product_id, position | benefit_id
medias | id | created_at, organization_id, name, path, mime_type, size, storage_version, checksum_etag, checksum_sha256_base64, checksum_sha256_hex, last_modified_at, version, service, is_uploaded, size_readable, public_url, extra, first_seen_at, changed_at
product_medias | product_id, position | media_id
discounts | id | created_at, modified_at, organization_id, name, code, type, duration, duration_in_months, amount, currency, basis_points, starts_at, ends_at, max_redemptions, max_redemptions_per_customer, redemptions_count, metadata, extra, first_seen_at, changed_at
discount_amounts | discount_id, currency | amount
`
	want := map[string][]string{}
	for line := range strings.Lines(strings.TrimSpace(design)) {
		cells := strings.Split(line, "|")
		key, others := strings.Split(cells[1], ","), strings.Split(cells[2], ",")
		var columns []string
		for _, name := range slices.Concat(key, others) {
			columns = append(columns, strings.TrimSpace(name))
		}
		slices.Sort(columns)
		want[strings.TrimSpace(cells[0])] = slices.Compact(columns)
	}

	got := map[string][]string{}
	for _, name := range tableNames() {
		for _, col := range newContract()[name].columns {
			got[name] = append(got[name], col.name)
		}
		slices.Sort(got[name])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("-want +got:\n" + diff)
	}
}
