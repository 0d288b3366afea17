package syncer

import (
	"encoding/json"
	"maps"
	"slices"

	"syncer/internal/db"
	"syncer/internal/fetch"
	"syncer/internal/fetch/wire"
)

// The mapping of Polar's fields to columns: one function per entity, one line
// per column.

func addMeter(b *db.Batch, s seen[fetch.Meter]) {
	r, m := &b.Meters, s.v
	r.ID = append(r.ID, m.ID)
	r.Name = append(r.Name, m.Name)
	r.Unit = append(r.Unit, m.Unit)
	r.CustomLabel = append(r.CustomLabel, m.CustomLabel)
	r.CustomMultiplier = append(r.CustomMultiplier, m.CustomMultiplier)
	r.Extra = append(r.Extra, extra(m.Extra))
	r.SeenAt = append(r.SeenAt, s.at)
}

func addProduct(b *db.Batch, s seen[fetch.Product]) {
	r, p := &b.Products, s.v
	r.ID = append(r.ID, p.ID)
	r.CreatedAt = append(r.CreatedAt, p.CreatedAt)
	r.ModifiedAt = append(r.ModifiedAt, p.ModifiedAt)
	r.OrganizationID = append(r.OrganizationID, p.OrganizationID)
	r.Name = append(r.Name, p.Name)
	r.Description = append(r.Description, p.Description)
	r.Visibility = append(r.Visibility, p.Visibility)
	r.IsRecurring = append(r.IsRecurring, p.IsRecurring)
	r.IsArchived = append(r.IsArchived, p.IsArchived)
	r.RecurringInterval = append(r.RecurringInterval, p.RecurringInterval)
	r.RecurringIntervalCount = append(r.RecurringIntervalCount, p.RecurringIntervalCount)
	r.MeterInterval = append(r.MeterInterval, p.MeterInterval)
	r.MeterIntervalCount = append(r.MeterIntervalCount, p.MeterIntervalCount)
	r.TrialInterval = append(r.TrialInterval, p.TrialInterval)
	r.TrialIntervalCount = append(r.TrialIntervalCount, p.TrialIntervalCount)
	r.Metadata = append(r.Metadata, raw(p.Metadata))
	r.Extra = append(r.Extra, extra(p.Extra))
	r.SeenAt = append(r.SeenAt, s.at)

	b.OfferedPrices.OwnerID = append(b.OfferedPrices.OwnerID, p.ID)
	b.OfferedPrices.SeenAt = append(b.OfferedPrices.SeenAt, s.at)

	b.ProductBenefits.OwnerID = append(b.ProductBenefits.OwnerID, p.ID)
	for i := range p.Benefits {
		b.ProductBenefits.ProductID = append(b.ProductBenefits.ProductID, p.ID)
		b.ProductBenefits.Position = append(b.ProductBenefits.Position, int32(i))
		b.ProductBenefits.BenefitID = append(b.ProductBenefits.BenefitID, p.Benefits[i].ID)
	}
	b.ProductMedias.OwnerID = append(b.ProductMedias.OwnerID, p.ID)
	for i := range p.Medias {
		b.ProductMedias.ProductID = append(b.ProductMedias.ProductID, p.ID)
		b.ProductMedias.Position = append(b.ProductMedias.Position, int32(i))
		b.ProductMedias.MediaID = append(b.ProductMedias.MediaID, p.Medias[i].ID)
	}
}

func addPrice(b *db.Batch, s seen[fetch.Price]) {
	r, p := &b.Prices, s.v
	r.ID = append(r.ID, p.ID)
	r.ProductID = append(r.ProductID, p.ProductID)
	r.CreatedAt = append(r.CreatedAt, p.CreatedAt)
	r.ModifiedAt = append(r.ModifiedAt, p.ModifiedAt)
	r.Source = append(r.Source, p.Source)
	r.AmountType = append(r.AmountType, p.AmountType)
	r.Type = append(r.Type, p.Type)
	r.RecurringInterval = append(r.RecurringInterval, p.RecurringInterval)
	r.Legacy = append(r.Legacy, p.Legacy != nil && *p.Legacy)
	r.IsArchived = append(r.IsArchived, p.IsArchived)
	r.PriceCurrency = append(r.PriceCurrency, p.PriceCurrency)
	r.TaxBehavior = append(r.TaxBehavior, p.TaxBehavior)
	r.PriceAmount = append(r.PriceAmount, p.PriceAmount)
	r.MinimumAmount = append(r.MinimumAmount, p.MinimumAmount)
	r.MaximumAmount = append(r.MaximumAmount, p.MaximumAmount)
	r.PresetAmount = append(r.PresetAmount, p.PresetAmount)
	r.UnitAmount = append(r.UnitAmount, (*string)(p.UnitAmount))
	r.CapAmount = append(r.CapAmount, p.CapAmount)
	r.MeterID = append(r.MeterID, p.MeterID)
	r.PricePerSeat = append(r.PricePerSeat, p.PricePerSeat)
	var tiers fetch.SeatTiers // the columns that both kinds of tiers fill
	if p.SeatTiers != nil {
		tiers = *p.SeatTiers
	} else if p.Tiers != nil {
		tiers.SeatTierType = &p.Tiers.Type
	}
	r.TierType = append(r.TierType, tiers.SeatTierType)
	r.MinimumSeats = append(r.MinimumSeats, tiers.MinimumSeats)
	r.MaximumSeats = append(r.MaximumSeats, tiers.MaximumSeats)
	r.MinimumUnits = append(r.MinimumUnits, p.MinimumUnits)
	r.MaximumUnits = append(r.MaximumUnits, p.MaximumUnits)
	r.UnitLabel = append(r.UnitLabel, raw(p.UnitLabel))
	r.Extra = append(r.Extra, extra(p.Extra))
	r.SeenAt = append(r.SeenAt, s.at)

	addTiers(b, s)
}

func addTiers(b *db.Batch, s seen[fetch.Price]) {
	r, p := &b.PriceTiers, s.v
	r.OwnerID = append(r.OwnerID, p.ID)
	position := int32(0)
	add := func(minSeats, maxSeats, pricePerSeat, bound *int64, unitAmount *wire.Decimal) {
		r.PriceID = append(r.PriceID, p.ID)
		r.Position = append(r.Position, position)
		r.MinSeats = append(r.MinSeats, minSeats)
		r.MaxSeats = append(r.MaxSeats, maxSeats)
		r.PricePerSeat = append(r.PricePerSeat, pricePerSeat)
		r.Bound = append(r.Bound, bound)
		r.UnitAmount = append(r.UnitAmount, (*string)(unitAmount))
		position++
	}
	if p.SeatTiers != nil {
		for i := range p.SeatTiers.Tiers {
			t := &p.SeatTiers.Tiers[i]
			add(&t.MinSeats, t.MaxSeats, &t.PricePerSeat, nil, nil)
		}
	}
	if p.Tiers != nil {
		for i := range p.Tiers.Tiers {
			t := &p.Tiers.Tiers[i]
			add(nil, nil, nil, t.Bound, &t.UnitAmount)
		}
	}
}

func addBenefit(b *db.Batch, s seen[fetch.Benefit]) {
	r, x := &b.Benefits, s.v
	r.ID = append(r.ID, x.ID)
	r.CreatedAt = append(r.CreatedAt, x.CreatedAt)
	r.ModifiedAt = append(r.ModifiedAt, x.ModifiedAt)
	r.OrganizationID = append(r.OrganizationID, x.OrganizationID)
	r.Type = append(r.Type, x.Type)
	r.Description = append(r.Description, x.Description)
	r.Selectable = append(r.Selectable, x.Selectable)
	r.Deletable = append(r.Deletable, x.Deletable)
	r.IsDeleted = append(r.IsDeleted, x.IsDeleted)
	var credit fetch.Credit // nothing, of any other kind
	if x.Properties != nil {
		credit = *x.Properties
	}
	r.CreditUnits = append(r.CreditUnits, credit.Units)
	r.CreditMeterID = append(r.CreditMeterID, credit.MeterID)
	r.Extra = append(r.Extra, extra(x.Extra))
	r.SeenAt = append(r.SeenAt, s.at)
}

func addMedia(b *db.Batch, s seen[fetch.Media]) {
	r, m := &b.Medias, s.v
	r.ID = append(r.ID, m.ID)
	r.CreatedAt = append(r.CreatedAt, m.CreatedAt)
	r.OrganizationID = append(r.OrganizationID, m.OrganizationID)
	r.Name = append(r.Name, m.Name)
	r.Path = append(r.Path, m.Path)
	r.MimeType = append(r.MimeType, m.MimeType)
	r.Size = append(r.Size, m.Size)
	r.StorageVersion = append(r.StorageVersion, m.StorageVersion)
	r.ChecksumEtag = append(r.ChecksumEtag, m.ChecksumEtag)
	r.ChecksumSha256Base64 = append(r.ChecksumSha256Base64, m.ChecksumSha256Base64)
	r.ChecksumSha256Hex = append(r.ChecksumSha256Hex, m.ChecksumSha256Hex)
	r.LastModifiedAt = append(r.LastModifiedAt, m.LastModifiedAt)
	r.Version = append(r.Version, m.Version)
	r.Service = append(r.Service, m.Service)
	r.IsUploaded = append(r.IsUploaded, m.IsUploaded)
	r.SizeReadable = append(r.SizeReadable, m.SizeReadable)
	r.PublicURL = append(r.PublicURL, m.PublicURL)
	r.Extra = append(r.Extra, extra(m.Extra))
	r.SeenAt = append(r.SeenAt, s.at)
}

func addDiscount(b *db.Batch, s seen[fetch.Discount]) {
	r, d := &b.Discounts, s.v
	r.ID = append(r.ID, d.ID)
	r.CreatedAt = append(r.CreatedAt, d.CreatedAt)
	r.ModifiedAt = append(r.ModifiedAt, d.ModifiedAt)
	r.OrganizationID = append(r.OrganizationID, d.OrganizationID)
	r.Name = append(r.Name, d.Name)
	r.Code = append(r.Code, d.Code)
	r.Type = append(r.Type, d.Type)
	r.Duration = append(r.Duration, d.Duration)
	r.DurationInMonths = append(r.DurationInMonths, d.DurationInMonths)
	r.Amount = append(r.Amount, d.Amount)
	r.Currency = append(r.Currency, d.Currency)
	r.BasisPoints = append(r.BasisPoints, d.BasisPoints)
	r.StartsAt = append(r.StartsAt, d.StartsAt)
	r.EndsAt = append(r.EndsAt, d.EndsAt)
	r.MaxRedemptions = append(r.MaxRedemptions, d.MaxRedemptions)
	r.MaxRedemptionsPerCustomer = append(r.MaxRedemptionsPerCustomer, d.MaxRedemptionsPerCustomer)
	r.RedemptionsCount = append(r.RedemptionsCount, d.RedemptionsCount)
	r.Metadata = append(r.Metadata, d.Metadata)
	r.Extra = append(r.Extra, extra(d.Extra))
	r.SeenAt = append(r.SeenAt, s.at)

	a := &b.DiscountAmounts
	a.OwnerID = append(a.OwnerID, d.ID)
	for _, currency := range slices.Sorted(maps.Keys(d.Amounts)) {
		a.DiscountID = append(a.DiscountID, d.ID)
		a.Currency = append(a.Currency, currency)
		a.Amount = append(a.Amount, d.Amounts[currency])
	}
}

func addLink(b *db.Batch, s seen[fetch.CheckoutLink]) {
	r, l := &b.CheckoutLinks, s.v
	r.ID = append(r.ID, l.ID)
	r.CreatedAt = append(r.CreatedAt, l.CreatedAt)
	r.ModifiedAt = append(r.ModifiedAt, l.ModifiedAt)
	r.OrganizationID = append(r.OrganizationID, l.OrganizationID)
	r.Label = append(r.Label, l.Label)
	r.URL = append(r.URL, l.URL)
	r.ClientSecret = append(r.ClientSecret, l.ClientSecret)
	r.SuccessURL = append(r.SuccessURL, l.SuccessURL)
	r.ReturnURL = append(r.ReturnURL, l.ReturnURL)
	r.PaymentProcessor = append(r.PaymentProcessor, l.PaymentProcessor)
	r.AllowDiscountCodes = append(r.AllowDiscountCodes, l.AllowDiscountCodes)
	r.RequireBillingAddress = append(r.RequireBillingAddress, l.RequireBillingAddress)
	r.DiscountID = append(r.DiscountID, l.DiscountID)
	r.TrialInterval = append(r.TrialInterval, l.TrialInterval)
	r.TrialIntervalCount = append(r.TrialIntervalCount, l.TrialIntervalCount)
	r.Seats = append(r.Seats, l.Seats)
	r.Units = append(r.Units, l.Units)
	r.Metadata = append(r.Metadata, l.Metadata)
	r.Extra = append(r.Extra, extra(l.Extra))
	r.SeenAt = append(r.SeenAt, s.at)

	j := &b.CheckoutLinkProducts
	j.OwnerID = append(j.OwnerID, l.ID)
	start := len(j.ProductID)
	for i := range l.Products {
		// The key allows a product once per link; its first place counts.
		if slices.Contains(j.ProductID[start:], l.Products[i].ID) {
			continue
		}
		j.CheckoutLinkID = append(j.CheckoutLinkID, l.ID)
		j.ProductID = append(j.ProductID, l.Products[i].ID)
		j.Position = append(j.Position, int32(i))
	}
}

func extra(e wire.Extra) json.RawMessage {
	if e == nil {
		return json.RawMessage("{}")
	}
	return json.RawMessage(e)
}

// raw is nil, which Postgres takes as NULL, for an optional map that is not there.
func raw(m *json.RawMessage) json.RawMessage {
	if m == nil {
		return nil
	}
	return *m
}
