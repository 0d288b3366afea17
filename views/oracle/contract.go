package oracle

import "strings"

// A View is what the contract says of a view of schema polar_bi.
type View struct {
	Name    string
	Key     []string
	Columns []Column // those that this package computes
}

// A Column is a promised one. Kinds are Postgres types; a rate is a numeric whose scale
// means nothing.
type Column struct {
	Name, Kind string
}

// Type is the column's type in Postgres.
func (c Column) Type() string {
	if c.Kind == "rate" {
		return "numeric"
	}
	return c.Kind
}

// Views lists the views that this package computes.
func Views() []View {
	return []View{
		define("link_checkouts", "checkout_link_id product_id currency legacy_price_id", `
			checkout_link_id uuid, link_label text, organization_id uuid, product_position integer, product_id uuid,
			product_name text, is_preselected boolean, currency text, currency_exponent integer,
			is_default_currency boolean, legacy_price_id uuid, prices bigint, metered_prices bigint,
			buyer_chooses boolean, is_recurring boolean, recurring_interval text, recurring_interval_count bigint,
			quantity_kind text, quantity bigint, quantity_is_locked boolean, trial_interval text,
			trial_interval_count bigint, is_sellable boolean, why_not text, amount bigint, amount_major numeric,
			discount_id uuid, discount_name text, discount_status text, discount_amount bigint,
			discount_amount_major numeric, net_amount bigint, net_amount_major numeric, due_now_amount bigint,
			due_now_amount_major numeric`),
		define("link_offers", "checkout_link_id product_id price_id", `
			checkout_link_id uuid, link_label text, organization_id uuid, product_position integer, product_id uuid,
			product_name text, is_preselected boolean, currency text, currency_exponent integer,
			is_default_currency boolean, recurring_interval text, recurring_interval_count bigint, trial_interval text,
			trial_interval_count bigint, is_sellable boolean, why_not text, discount_id uuid, discount_name text,
			discount_status text, price_id uuid, amount_type text, is_legacy boolean, tax_behavior text,
			quantity_kind text, quantity bigint, quantity_is_locked boolean, amount bigint, amount_major numeric,
			unit_amount rate, unit_amount_major rate, minimum_amount bigint, maximum_amount bigint, cap_amount bigint,
			meter_id uuid, meter_name text, checkout_amount bigint, checkout_amount_major numeric,
			discount_amount bigint, discount_amount_major numeric, net_amount bigint, net_amount_major numeric,
			due_now_amount bigint, due_now_amount_major numeric`),
		define("unsellable_links", "checkout_link_id", `
			checkout_link_id uuid, link_label text, organization_id uuid, reason text, product_id uuid,
			product_name text, since timestamptz`),
		define("price_history", "price_id spell", `
			price_id uuid, spell integer, product_id uuid, product_name text, organization_id uuid, amount_type text,
			currency text, currency_exponent integer, is_legacy boolean, recurring_interval text, tax_behavior text,
			amount bigint, amount_major numeric, unit_amount rate, unit_amount_major rate, valid_from timestamptz,
			valid_to timestamptz, is_current boolean, valid_from_not_before timestamptz,
			valid_from_not_after timestamptz, valid_to_not_before timestamptz, valid_to_not_after timestamptz,
			ended_by text`),
		define("discount_redemptions", "discount_id redemptions_count", `
			discount_id uuid, discount_name text, organization_id uuid, redemptions bigint, redemptions_count bigint,
			not_before timestamptz, not_after timestamptz`),
		define("product_benefits", "product_id position", `
			product_id uuid, product_name text, position integer, benefit_id uuid, benefit_type text,
			benefit_description text`),
		define("freshness", "checkout_link_id", `
			checkout_link_id uuid, link_label text, organization_id uuid, status text, seen_at timestamptz,
			failing_since timestamptz, failed_attempts bigint, failure_kind text`),
	}
}

func define(name, key, columns string) View {
	v := View{Name: name, Key: strings.Fields(key)}
	for column := range strings.SplitSeq(columns, ",") {
		words := strings.Fields(column)
		v.Columns = append(v.Columns, Column{Name: words[0], Kind: words[1]})
	}
	return v
}
