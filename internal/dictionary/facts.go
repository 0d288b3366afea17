package dictionary

import (
	"slices"

	"syncer/internal/db"
)

// fact is what the catalogue does not know of a view.
type fact struct {
	key      []string // tells rows apart; more than one column: together
	nullable []string // those of the key that may be null
	refs     []reference
	codes    []codes
	only     string // the rows of which a single key and the references hold, as SQL; "": all
}

// reference is a column that holds ids of another view, or null if it is optional.
type reference struct {
	column, to string
	optional   bool
}

// codes are the values that a column may hold, besides null.
type codes struct {
	column string
	values []string
}

// Each list of codes stands here and where they are made: in the SQL of views, or by a run.
//
//nolint:gochecknoglobals // constant lists
var (
	whyNot          = []string{"product_archived", "product_draft", "no_price", "amount_impossible"}
	quantityKinds   = []string{"seats", "units"}
	discountUse     = []string{"none", "unknown_kind", "not_started", "ended", "used_up", "other_currency", "nothing_to_discount", "applied"}
	reasons         = []string{"gone", "no_products", "no_open_product", "no_price", "amount_impossible"}
	discountStates  = []string{"not_started", "ended", "used_up", "redeemable"}
	operations      = []string{"insert", "update", "remove", "restore"}
	freshnessStates = []string{"ok", "failing", "never_seen"}
	failureKinds    = []string{"unavailable", "rate_limited", "bad_answer", "rejected"}
	runStates       = []string{"running", "succeeded", "partial", "failed", "abandoned"}
	triggers        = []string{"start", "schedule", "backfill"}
	spellEnds       = []string{"replaced", "removed"}
)

// What the two views of a link's offers have in common.
//
//nolint:gochecknoglobals // constant lists
var (
	offerRefs = []reference{
		{column: "checkout_link_id", to: "checkout_links"},
		{column: "product_id", to: "products"},
		{column: "discount_id", to: "discounts", optional: true},
	}
	offerCodes = []codes{{"quantity_kind", quantityKinds}, {"why_not", whyNot}, {"discount_status", discountUse}}
)

// facts are those of each view.
//
//nolint:gochecknoglobals // a constant list
var facts = map[string]fact{
	"checkout_links": {
		key: []string{"checkout_link_id"},
		refs: []reference{
			{column: "product_id", to: "products", optional: true}, {column: "discount_id", to: "discounts", optional: true},
		},
	},
	"products": {key: []string{"product_id"}},
	"link_checkouts": {
		key:      []string{"checkout_link_id", "product_id", "currency", "legacy_price_id"},
		nullable: []string{"currency", "legacy_price_id"},
		refs:     offerRefs, codes: offerCodes,
	},
	"link_offers": {key: []string{"checkout_link_id", "product_id", "price_id"}, refs: offerRefs, codes: offerCodes},
	"unsellable_links": {
		key:   []string{"checkout_link_id"},
		refs:  []reference{{column: "checkout_link_id", to: "checkout_links"}, {column: "product_id", to: "products", optional: true}},
		codes: []codes{{"reason", reasons}},
	},
	"price_history": {
		key:   []string{"price_id", "spell"},
		refs:  []reference{{column: "product_id", to: "products"}},
		codes: []codes{{"ended_by", spellEnds}},
	},
	"discounts":            {key: []string{"discount_id"}, codes: []codes{{"status", discountStates}}},
	"discount_redemptions": {refs: []reference{{column: "discount_id", to: "discounts"}}},
	"product_benefits":     {key: []string{"product_id", "position"}, refs: []reference{{column: "product_id", to: "products"}}},
	"changes":              {key: []string{"change_id", "field"}, nullable: []string{"field"}, codes: []codes{{"op", operations}}},
	"freshness": {
		key:   []string{"checkout_link_id"},
		refs:  []reference{{column: "checkout_link_id", to: "checkout_links"}},
		codes: []codes{{"status", freshnessStates}, {"failure_kind", failureKinds}},
		only:  "status <> 'never_seen'", // several of those may have no id
	},
	"runs":            {key: []string{"run_id"}, codes: []codes{{"trigger", triggers}, {"status", runStates}}},
	"data_dictionary": {key: []string{"view_name", "position"}},
}

// codesOf returns the codes of a view's column; nil: it holds none.
func (f fact) codesOf(column string) []string {
	for _, c := range f.codes {
		if c.column == column {
			return c.values
		}
	}
	return nil
}

// viewReferences lists how views refer to each other, as far as they are there.
func viewReferences(d db.Dictionary) []db.Reference {
	var all []db.Reference
	for _, v := range d.Views {
		for _, r := range facts[v.Name].refs {
			if has(d, v.Name, r.column) && has(d, r.to, "") {
				all = append(all, db.Reference{Table: v.Name, Column: r.column, To: r.to, Optional: r.optional})
			}
		}
	}
	return all
}

// has reports whether there is a view and a column in it; "" asks for no column.
func has(d db.Dictionary, view, column string) bool {
	return slices.ContainsFunc(d.Views, func(r db.Relation) bool {
		return r.Name == view && (column == "" || slices.ContainsFunc(r.Columns, func(c db.Column) bool { return c.Name == column }))
	})
}
