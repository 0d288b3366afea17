package sdk_test

import (
	"time"

	"github.com/polarsource/polar-go/models/components"

	"syncer/internal/fetch"
)

// anyDiscount is what all kinds of discount in the SDK's union share.
type anyDiscount interface {
	GetDuration() components.DiscountDuration
	GetType() components.DiscountType
	GetCreatedAt() time.Time
	GetModifiedAt() *time.Time
	GetID() string
	GetMetadata() map[string]components.MetadataOutputType
	GetName() string
	GetCode() *string
	GetStartsAt() *time.Time
	GetEndsAt() *time.Time
	GetMaxRedemptions() *int64
	GetRedemptionsCount() int64
	GetOrganizationID() string
}

func (c converter) discount(union *components.CheckoutLinkDiscount) *fetch.Discount {
	convert := func(d anyDiscount) *fetch.Discount {
		return &fetch.Discount{
			Duration:         string(d.GetDuration()),
			Type:             string(d.GetType()),
			CreatedAt:        d.GetCreatedAt(),
			ModifiedAt:       d.GetModifiedAt(),
			ID:               c.id(d.GetID()),
			Metadata:         c.json(d.GetMetadata()),
			Name:             d.GetName(),
			Code:             d.GetCode(),
			StartsAt:         d.GetStartsAt(),
			EndsAt:           d.GetEndsAt(),
			MaxRedemptions:   d.GetMaxRedemptions(),
			RedemptionsCount: d.GetRedemptionsCount(),
			OrganizationID:   c.id(d.GetOrganizationID()),
		}
	}
	switch {
	case union.DiscountFixedOnceForeverDurationBase != nil:
		x := union.DiscountFixedOnceForeverDurationBase
		d := convert(x)
		d.Amount, d.Currency, d.Amounts = &x.Amount, &x.Currency, x.Amounts //nolint:staticcheck // deprecated, still sent, and a column of ours
		return d
	case union.DiscountFixedRepeatDurationBase != nil:
		x := union.DiscountFixedRepeatDurationBase
		d := convert(x)
		d.Amount, d.Currency, d.Amounts, d.DurationInMonths = &x.Amount, &x.Currency, x.Amounts, &x.DurationInMonths //nolint:staticcheck // deprecated, still sent, and a column of ours
		return d
	case union.DiscountPercentageOnceForeverDurationBase != nil:
		x := union.DiscountPercentageOnceForeverDurationBase
		d := convert(x)
		d.BasisPoints = &x.BasisPoints
		return d
	case union.DiscountPercentageRepeatDurationBase != nil:
		x := union.DiscountPercentageRepeatDurationBase
		d := convert(x)
		d.BasisPoints, d.DurationInMonths = &x.BasisPoints, &x.DurationInMonths
		return d
	}
	c.tb.Fatalf("discount of kind %q: not expected here", union.Type)
	return nil
}
