package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/polarsource/polar-go/models/components"
)

// anyDiscount is what all four kinds of discount in the SDK's union share.
type anyDiscount interface {
	GetID() string
	GetCreatedAt() time.Time
	GetModifiedAt() *time.Time
	GetOrganizationID() string
	GetName() string
	GetCode() *string
	GetType() components.DiscountType
	GetDuration() components.DiscountDuration
	GetStartsAt() *time.Time
	GetEndsAt() *time.Time
	GetMaxRedemptions() *int64
	GetRedemptionsCount() int64
	GetMetadata() map[string]components.MetadataOutputType
}

func (w writer) discount(ctx context.Context, union *components.CheckoutLinkDiscount) error {
	if union == nil {
		return nil
	}
	var d anyDiscount
	var months, amount, basisPoints *int64
	var currency *string
	var amounts map[string]int64
	switch {
	case union.DiscountFixedOnceForeverDurationBase != nil:
		x := union.DiscountFixedOnceForeverDurationBase
		d, amount, currency, amounts = x, &x.Amount, &x.Currency, x.Amounts //nolint:staticcheck // deprecated, still sent, and a column of ours
	case union.DiscountFixedRepeatDurationBase != nil:
		x := union.DiscountFixedRepeatDurationBase
		d, amount, currency, amounts, months = x, &x.Amount, &x.Currency, x.Amounts, &x.DurationInMonths //nolint:staticcheck // deprecated, still sent, and a column of ours
	case union.DiscountPercentageOnceForeverDurationBase != nil:
		x := union.DiscountPercentageOnceForeverDurationBase
		d, basisPoints = x, &x.BasisPoints
	case union.DiscountPercentageRepeatDurationBase != nil:
		x := union.DiscountPercentageRepeatDurationBase
		d, basisPoints, months = x, &x.BasisPoints, &x.DurationInMonths
	default:
		return fmt.Errorf("discount of no known kind %q", union.Type)
	}
	if err := w.exec(ctx, `
		INSERT INTO discounts (id, created_at, modified_at, organization_id, name, code, type, duration,
			duration_in_months, amount, currency, basis_points, starts_at, ends_at, max_redemptions,
			redemptions_count, metadata, first_seen_at, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18)
		ON CONFLICT (id) DO UPDATE SET
			created_at = excluded.created_at, modified_at = excluded.modified_at,
			organization_id = excluded.organization_id, name = excluded.name, code = excluded.code,
			type = excluded.type, duration = excluded.duration,
			duration_in_months = excluded.duration_in_months, amount = excluded.amount,
			currency = excluded.currency, basis_points = excluded.basis_points,
			starts_at = excluded.starts_at, ends_at = excluded.ends_at,
			max_redemptions = excluded.max_redemptions, redemptions_count = excluded.redemptions_count,
			metadata = excluded.metadata, changed_at = excluded.changed_at`,
		d.GetID(), d.GetCreatedAt(), d.GetModifiedAt(), d.GetOrganizationID(), d.GetName(), d.GetCode(), d.GetType(), d.GetDuration(),
		months, amount, currency, basisPoints, d.GetStartsAt(), d.GetEndsAt(), d.GetMaxRedemptions(),
		d.GetRedemptionsCount(), d.GetMetadata(), w.seen); err != nil {
		return err
	}
	if amounts == nil {
		return nil
	}
	return w.discountAmounts(ctx, d.GetID(), amounts)
}

func (w writer) discountAmounts(ctx context.Context, id string, amounts map[string]int64) error {
	if err := w.exec(ctx, `
		DELETE FROM discount_amounts
		WHERE discount_id = $1 AND currency <> ALL ($2)`, id, slices.AppendSeq([]string{}, maps.Keys(amounts))); err != nil {
		return err
	}
	for currency, amount := range amounts {
		if err := w.exec(ctx, `
			INSERT INTO discount_amounts (discount_id, currency, amount)
			VALUES ($1, $2, $3)
			ON CONFLICT (discount_id, currency) DO UPDATE SET amount = excluded.amount`,
			id, currency, amount); err != nil {
			return err
		}
	}
	return nil
}
