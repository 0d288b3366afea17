package db

import (
	"context"

	"github.com/google/uuid"

	"syncer/internal/db/query"
)

// table is one table of the catalogue: how its rows are found, and how a batch
// writes them.
type table struct {
	name   string // as in the schema, and in Changes
	id     string // column of the row's id, or of what it belongs to
	key    string // the rest of the key; "" when id is all of it
	owner  string // table that id is an id of
	rights string // what a run needs to do with its rows

	// statements write the batch's rows, in this order. The first one's parameters
	// are the rows themselves.
	statements []statement
	// stored finds the rows that the batch speaks of, $2 being the statements' ids.
	stored string
}

// statement is one generated query that writes.
type statement struct {
	params func(*Batch) any         // one slice per column
	ids    func(*Batch) []uuid.UUID // of the rows, or of what they belong to; none: nothing to do
	send   func(context.Context, *query.Queries, *Batch) error
}

// Rows are kept, or deleted from tables that say what belongs to what.
const (
	kept     = "SELECT INSERT UPDATE"
	replaced = "SELECT INSERT UPDATE DELETE"
)

// catalogue lists the tables in the order that foreign keys ask for.
//
//nolint:gochecknoglobals // a constant list
var catalogue = []table{
	entity("meters", write((*query.Queries).UpsertMeters, func(b *Batch) (query.UpsertMetersParams, []uuid.UUID) { return b.Meters, b.Meters.ID })),
	entity("products", write((*query.Queries).UpsertProducts, func(b *Batch) (query.UpsertProductsParams, []uuid.UUID) { return b.Products, b.Products.ID })),
	prices(),
	owned("price_tiers", "price_id", "position", "prices", write((*query.Queries).ReplacePriceTiers, func(b *Batch) (query.ReplacePriceTiersParams, []uuid.UUID) {
		return b.PriceTiers, b.PriceTiers.OwnerID
	})),
	entity("benefits", write((*query.Queries).UpsertBenefits, func(b *Batch) (query.UpsertBenefitsParams, []uuid.UUID) { return b.Benefits, b.Benefits.ID })),
	owned("product_benefits", "product_id", "position", "products", write((*query.Queries).ReplaceProductBenefits, func(b *Batch) (query.ReplaceProductBenefitsParams, []uuid.UUID) {
		return b.ProductBenefits, b.ProductBenefits.OwnerID
	})),
	entity("medias", write((*query.Queries).UpsertMedias, func(b *Batch) (query.UpsertMediasParams, []uuid.UUID) { return b.Medias, b.Medias.ID })),
	owned("product_medias", "product_id", "position", "products", write((*query.Queries).ReplaceProductMedias, func(b *Batch) (query.ReplaceProductMediasParams, []uuid.UUID) {
		return b.ProductMedias, b.ProductMedias.OwnerID
	})),
	entity("discounts", write((*query.Queries).UpsertDiscounts, func(b *Batch) (query.UpsertDiscountsParams, []uuid.UUID) { return b.Discounts, b.Discounts.ID })),
	owned("discount_amounts", "discount_id", "currency", "discounts", write((*query.Queries).ReplaceDiscountAmounts, func(b *Batch) (query.ReplaceDiscountAmountsParams, []uuid.UUID) {
		return b.DiscountAmounts, b.DiscountAmounts.OwnerID
	})),
	entity("checkout_links",
		write((*query.Queries).UpsertCheckoutLinks, func(b *Batch) (query.UpsertCheckoutLinksParams, []uuid.UUID) {
			return b.CheckoutLinks, b.CheckoutLinks.ID
		}),
		write((*query.Queries).RemoveCheckoutLinks, func(b *Batch) (query.RemoveCheckoutLinksParams, []uuid.UUID) {
			return b.RemovedCheckoutLinks, b.RemovedCheckoutLinks.ID
		})),
	owned("checkout_link_products", "checkout_link_id", "product_id", "checkout_links", write((*query.Queries).ReplaceCheckoutLinkProducts, func(b *Batch) (query.ReplaceCheckoutLinkProductsParams, []uuid.UUID) {
		return b.CheckoutLinkProducts, b.CheckoutLinkProducts.OwnerID
	})),
}

// entity is a table of things with ids of their own. They are never deleted.
func entity(name string, statements ...statement) table {
	return table{name: name, id: "id", owner: name, rights: kept, statements: statements, stored: "id = ANY ($2)"}
}

// owned is a table of rows that belong to something, which has exactly those that
// it was last seen with.
func owned(name, id, key, owner string, statements ...statement) table {
	return table{name: name, id: id, key: key, owner: owner, rights: replaced, statements: statements, stored: id + " = ANY ($2)"}
}

// prices are both: they have ids of their own and stay, and a product has exactly
// those that it was last seen with.
func prices() table {
	t := entity("prices",
		write((*query.Queries).UpsertPrices, func(b *Batch) (query.UpsertPricesParams, []uuid.UUID) { return b.Prices, b.Prices.ID }),
		write((*query.Queries).RemovePrices, func(b *Batch) (query.RemovePricesParams, []uuid.UUID) {
			return b.OfferedPrices, b.OfferedPrices.OwnerID
		}))
	t.stored = "id = ANY ($2) OR product_id = ANY ($2) AND removed_at IS NULL"
	return t
}

// write is a statement of a generated method.
func write[P, R any](method func(*query.Queries, context.Context, P) (R, error), of func(*Batch) (P, []uuid.UUID)) statement {
	return statement{
		params: func(b *Batch) any { params, _ := of(b); return params },
		ids:    func(b *Batch) []uuid.UUID { _, ids := of(b); return ids },
		send: func(ctx context.Context, q *query.Queries, b *Batch) error {
			params, _ := of(b)
			_, err := method(q, ctx, params)
			return err
		},
	}
}
