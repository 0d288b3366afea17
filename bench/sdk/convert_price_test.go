package sdk_test

import (
	"time"

	"github.com/polarsource/polar-go/models/components"

	"syncer/internal/fetch"
	"syncer/internal/fetch/wire"
)

// anyPrice is what all kinds of price in the SDK's union share.
type anyPrice interface {
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

// legacyPrice is what all kinds of legacy price add.
type legacyPrice interface {
	anyPrice
	GetType() string
	GetRecurringInterval() components.SubscriptionRecurringInterval
	GetLegacy() bool
}

func (c converter) price(union components.CheckoutLinkProductPrices) fetch.Price {
	if l := union.LegacyRecurringProductPrice; l != nil {
		return c.legacyPrice(l)
	}
	switch p := union.ProductPrice; {
	case p.ProductPriceFixed != nil:
		price := c.common(p.ProductPriceFixed)
		price.PriceAmount = &p.ProductPriceFixed.PriceAmount
		return price
	case p.ProductPriceCustom != nil:
		x := p.ProductPriceCustom
		price := c.common(x)
		price.MinimumAmount, price.MaximumAmount, price.PresetAmount = &x.MinimumAmount, x.MaximumAmount, x.PresetAmount
		return price
	case p.ProductPriceMeteredUnit != nil:
		x := p.ProductPriceMeteredUnit
		price := c.common(x)
		price.UnitAmount, price.CapAmount = (*wire.Decimal)(&x.UnitAmount), x.CapAmount
		price.MeterID = new(c.id(x.MeterID))
		price.Meter = &fetch.Meter{ID: c.id(x.Meter.ID), Name: x.Meter.Name}
		return price
	case p.ProductPriceSeatBased != nil:
		x := p.ProductPriceSeatBased
		price := c.common(x)
		price.SeatTiers = &fetch.SeatTiers{
			SeatTierType: (*string)(x.SeatTiers.SeatTierType),
			Tiers:        []fetch.SeatTier{},
			MinimumSeats: &x.SeatTiers.MinimumSeats,
			MaximumSeats: x.SeatTiers.MaximumSeats,
		}
		for _, t := range x.SeatTiers.Tiers {
			price.SeatTiers.Tiers = append(price.SeatTiers.Tiers, fetch.SeatTier(t))
		}
		return price
	}
	c.tb.Fatalf("price of kind %q: not expected here", union.ProductPrice.Type)
	return fetch.Price{}
}

func (c converter) legacyPrice(union *components.LegacyRecurringProductPrice) fetch.Price {
	legacy := func(x legacyPrice) fetch.Price {
		price := c.common(x)
		price.Type, price.RecurringInterval, price.Legacy = new(x.GetType()), new(string(x.GetRecurringInterval())), new(x.GetLegacy())
		return price
	}
	switch {
	case union.LegacyRecurringProductPriceFixed != nil:
		x := union.LegacyRecurringProductPriceFixed
		price := legacy(x)
		price.PriceAmount = &x.PriceAmount
		return price
	case union.LegacyRecurringProductPriceCustom != nil:
		x := union.LegacyRecurringProductPriceCustom
		price := legacy(x)
		price.MinimumAmount, price.MaximumAmount, price.PresetAmount = &x.MinimumAmount, x.MaximumAmount, x.PresetAmount
		return price
	}
	c.tb.Fatalf("legacy price of kind %q: not expected here", union.Type)
	return fetch.Price{}
}

func (c converter) common(p anyPrice) fetch.Price {
	return fetch.Price{
		CreatedAt:     p.GetCreatedAt(),
		ModifiedAt:    p.GetModifiedAt(),
		ID:            c.id(p.GetID()),
		Source:        new(string(p.GetSource())),
		AmountType:    p.GetAmountType(),
		PriceCurrency: new(p.GetPriceCurrency()),
		TaxBehavior:   (*string)(p.GetTaxBehavior()),
		IsArchived:    p.GetIsArchived(),
		ProductID:     c.id(p.GetProductID()),
	}
}
