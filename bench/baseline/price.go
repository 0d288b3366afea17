package main

import (
	"context"
	"fmt"
	"time"

	"github.com/polarsource/polar-go/models/components"
)

// price holds what every kind of price in the SDK's union has, then what only some have.
type price struct {
	common

	recurringType, recurringInterval      *string
	legacy                                bool
	priceAmount, minimum, maximum, preset *int64
	unitAmount                            *string
	capAmount                             *int64
	meter                                 *components.ProductPriceMeter
	seatTiers                             *components.ProductPriceSeatTiersOutput
}

type common interface {
	GetID() string
	GetProductID() string
	GetCreatedAt() time.Time
	GetModifiedAt() *time.Time
	GetSource() components.ProductPriceSource
	GetAmountType() string
	GetIsArchived() bool
	GetPriceCurrency() string
	GetTaxBehavior() *components.TaxBehaviorOption
}

func flatten(union components.CheckoutLinkProductPrices) (price, error) {
	if l := union.LegacyRecurringProductPrice; l != nil {
		return flattenLegacy(l)
	}
	switch p := union.ProductPrice; {
	case p == nil:
	case p.ProductPriceFixed != nil:
		return price{common: p.ProductPriceFixed, priceAmount: &p.ProductPriceFixed.PriceAmount}, nil
	case p.ProductPriceCustom != nil:
		x := p.ProductPriceCustom
		return price{common: x, minimum: &x.MinimumAmount, maximum: x.MaximumAmount, preset: x.PresetAmount}, nil
	case p.ProductPriceFree != nil:
		return price{common: p.ProductPriceFree}, nil
	case p.ProductPriceMeteredUnit != nil:
		x := p.ProductPriceMeteredUnit
		return price{common: x, unitAmount: &x.UnitAmount, capAmount: x.CapAmount, meter: &x.Meter}, nil
	case p.ProductPriceSeatBased != nil:
		return price{common: p.ProductPriceSeatBased, seatTiers: &p.ProductPriceSeatBased.SeatTiers}, nil
	}
	return price{}, fmt.Errorf("price of no known kind %q", union.Type)
}

func flattenLegacy(union *components.LegacyRecurringProductPrice) (price, error) {
	recurring := func(x common, kind string, interval components.SubscriptionRecurringInterval) price {
		return price{common: x, legacy: true, recurringType: &kind, recurringInterval: (*string)(&interval)}
	}
	switch {
	case union.LegacyRecurringProductPriceFixed != nil:
		x := union.LegacyRecurringProductPriceFixed
		p := recurring(x, x.GetType(), x.RecurringInterval)
		p.priceAmount = &x.PriceAmount
		return p, nil
	case union.LegacyRecurringProductPriceCustom != nil:
		x := union.LegacyRecurringProductPriceCustom
		p := recurring(x, x.GetType(), x.RecurringInterval)
		p.minimum, p.maximum, p.preset = &x.MinimumAmount, x.MaximumAmount, x.PresetAmount
		return p, nil
	case union.LegacyRecurringProductPriceFree != nil:
		x := union.LegacyRecurringProductPriceFree
		return recurring(x, x.GetType(), x.RecurringInterval), nil
	}
	return price{}, fmt.Errorf("legacy price of no known kind %q", union.Type)
}

// prices writes a product's prices, and ends those it no longer has.
func (w writer) prices(ctx context.Context, product *components.CheckoutLinkProduct) error {
	ids := make([]string, 0, len(product.Prices))
	for _, union := range product.Prices {
		p, err := flatten(union)
		if err != nil {
			return err
		}
		if err := w.price(ctx, p); err != nil {
			return err
		}
		ids = append(ids, p.GetID())
	}
	return w.exec(ctx, `
		UPDATE prices SET removed_at = $1, changed_at = $1
		WHERE product_id = $2 AND id <> ALL ($3) AND removed_at IS NULL`, w.seen, product.ID, ids)
}

func (w writer) price(ctx context.Context, p price) error {
	var meterID *string
	if p.meter != nil {
		if err := w.meter(ctx, p.meter); err != nil {
			return err
		}
		meterID = &p.meter.ID
	}
	var tiers components.ProductPriceSeatTiersOutput
	var minimumSeats *int64
	if p.seatTiers != nil {
		tiers, minimumSeats = *p.seatTiers, &p.seatTiers.MinimumSeats
	}
	if err := w.exec(ctx, `
		INSERT INTO prices (id, product_id, created_at, modified_at, source, amount_type, type, recurring_interval,
			legacy, is_archived, price_currency, tax_behavior, price_amount, minimum_amount, maximum_amount,
			preset_amount, unit_amount, cap_amount, meter_id, tier_type, minimum_seats, maximum_seats,
			first_seen_at, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $23)
		ON CONFLICT (id) DO UPDATE SET
			product_id = excluded.product_id, created_at = excluded.created_at, modified_at = excluded.modified_at,
			source = excluded.source, amount_type = excluded.amount_type, type = excluded.type,
			recurring_interval = excluded.recurring_interval, legacy = excluded.legacy,
			is_archived = excluded.is_archived, price_currency = excluded.price_currency,
			tax_behavior = excluded.tax_behavior, price_amount = excluded.price_amount,
			minimum_amount = excluded.minimum_amount, maximum_amount = excluded.maximum_amount,
			preset_amount = excluded.preset_amount, unit_amount = excluded.unit_amount,
			cap_amount = excluded.cap_amount, meter_id = excluded.meter_id, tier_type = excluded.tier_type,
			minimum_seats = excluded.minimum_seats, maximum_seats = excluded.maximum_seats,
			changed_at = excluded.changed_at, removed_at = NULL`,
		p.GetID(), p.GetProductID(), p.GetCreatedAt(), p.GetModifiedAt(), p.GetSource(), p.GetAmountType(), p.recurringType, p.recurringInterval,
		p.legacy, p.GetIsArchived(), p.GetPriceCurrency(), p.GetTaxBehavior(), p.priceAmount, p.minimum, p.maximum,
		p.preset, p.unitAmount, p.capAmount, meterID, tiers.SeatTierType, minimumSeats, tiers.MaximumSeats,
		w.seen); err != nil {
		return err
	}
	if p.seatTiers == nil {
		return nil
	}
	return w.tiers(ctx, p.GetID(), tiers.Tiers)
}

// meter writes what the SDK shows of a meter. The column for its unit is
// required: scalar is Polar's default.
func (w writer) meter(ctx context.Context, m *components.ProductPriceMeter) error {
	return w.exec(ctx, `
		INSERT INTO meters (id, name, unit, first_seen_at, changed_at)
		VALUES ($1, $2, 'scalar', $3, $3)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, changed_at = excluded.changed_at`,
		m.ID, m.Name, w.seen)
}

func (w writer) tiers(ctx context.Context, priceID string, tiers []components.ProductPriceSeatTier) error {
	if err := w.exec(ctx, `
		DELETE FROM price_tiers
		WHERE price_id = $1 AND position >= $2`, priceID, len(tiers)); err != nil {
		return err
	}
	for position, t := range tiers {
		if err := w.exec(ctx, `
			INSERT INTO price_tiers (price_id, position, min_seats, max_seats, price_per_seat)
			VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (price_id, position) DO UPDATE SET
				min_seats = excluded.min_seats, max_seats = excluded.max_seats,
				price_per_seat = excluded.price_per_seat`,
			priceID, position, t.MinSeats, t.MaxSeats, t.PricePerSeat); err != nil {
			return err
		}
	}
	return nil
}
