package main

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/polarsource/polar-go/models/components"
)

// save writes a link and everything under it in one transaction, each row after
// those it refers to.
func save(ctx context.Context, conn *pgx.Conn, link *components.CheckoutLink, seen time.Time) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		w := writer{tx: tx, seen: seen}
		if err := w.discount(ctx, link.Discount); err != nil {
			return err
		}
		if err := w.link(ctx, link); err != nil {
			return err
		}
		for i := range link.Products {
			if err := w.product(ctx, &link.Products[i]); err != nil {
				return err
			}
		}
		return w.linkProducts(ctx, link)
	})
}

// writer writes rows in one transaction. Columns that the SDK drops keep their defaults.
type writer struct {
	tx   pgx.Tx
	seen time.Time // when the request began that showed the rows
}

func (w writer) exec(ctx context.Context, sql string, args ...any) error {
	_, err := w.tx.Exec(ctx, sql, args...)
	return err
}

func (w writer) link(ctx context.Context, l *components.CheckoutLink) error {
	return w.exec(ctx, `
		INSERT INTO checkout_links (id, created_at, modified_at, organization_id, label, url, client_secret,
			success_url, return_url, payment_processor, allow_discount_codes, require_billing_address,
			discount_id, trial_interval, trial_interval_count, metadata, first_seen_at, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)
		ON CONFLICT (id) DO UPDATE SET
			created_at = excluded.created_at, modified_at = excluded.modified_at,
			organization_id = excluded.organization_id, label = excluded.label, url = excluded.url,
			client_secret = excluded.client_secret, success_url = excluded.success_url,
			return_url = excluded.return_url, payment_processor = excluded.payment_processor,
			allow_discount_codes = excluded.allow_discount_codes,
			require_billing_address = excluded.require_billing_address, discount_id = excluded.discount_id,
			trial_interval = excluded.trial_interval, trial_interval_count = excluded.trial_interval_count,
			metadata = excluded.metadata, changed_at = excluded.changed_at, removed_at = NULL`,
		l.ID, l.CreatedAt, l.ModifiedAt, l.OrganizationID, l.Label, l.URL, l.ClientSecret,
		l.SuccessURL, l.ReturnURL, l.PaymentProcessor, l.AllowDiscountCodes, l.RequireBillingAddress,
		l.DiscountID, l.TrialInterval, l.TrialIntervalCount, l.Metadata, w.seen)
}

func (w writer) linkProducts(ctx context.Context, l *components.CheckoutLink) error {
	ids := make([]string, len(l.Products))
	for i := range l.Products {
		ids[i] = l.Products[i].ID
	}
	if err := w.exec(ctx, `
		DELETE FROM checkout_link_products
		WHERE checkout_link_id = $1 AND product_id <> ALL ($2)`, l.ID, ids); err != nil {
		return err
	}
	for position, id := range ids {
		if err := w.exec(ctx, `
			INSERT INTO checkout_link_products (checkout_link_id, product_id, position)
			VALUES ($1, $2, $3)
			ON CONFLICT (checkout_link_id, product_id) DO UPDATE SET position = excluded.position`,
			l.ID, id, position); err != nil {
			return err
		}
	}
	return nil
}
