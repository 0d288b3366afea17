package fetch

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"syncer/internal/fetch/wire"
)

// The types below are Polar's answers as running servers sent them in March
// 2025 and August 2026, and what its SDK has added since, keys in their order. A
// field that only one of them sends is optional; `nonnull` marks those that, if sent, are never null. Times
// are UTC, to the microsecond; amounts are minor units.

// CheckoutLink is the answer to GET /v1/checkout-links/{id}, and an item of LIST.
type CheckoutLink struct {
	ID                    uuid.UUID       `wire:"id"`
	CreatedAt             time.Time       `wire:"created_at"`
	ModifiedAt            *time.Time      `wire:"modified_at"`
	TrialInterval         *string         `wire:"trial_interval,enum=day|week|month|year"`
	TrialIntervalCount    *int64          `wire:"trial_interval_count"`
	Metadata              json.RawMessage `wire:"metadata"`
	PaymentProcessor      string          `wire:"payment_processor,enum=stripe"`
	ClientSecret          string          `wire:"client_secret"`
	SuccessURL            *string         `wire:"success_url"`
	ReturnURL             *string         `wire:"return_url"`
	Label                 *string         `wire:"label"`
	AllowDiscountCodes    bool            `wire:"allow_discount_codes"`
	RequireBillingAddress *bool           `wire:"require_billing_address,nonnull"`
	DiscountID            *uuid.UUID      `wire:"discount_id"`
	Seats                 *int64          `wire:"seats"`
	Units                 *int64          `wire:"units"`
	OrganizationID        uuid.UUID       `wire:"organization_id"`
	Products              []Product       `wire:"products,shared"`
	Discount              *Discount       `wire:"discount"`
	URL                   string          `wire:"url"`
	Extra                 wire.Extra      `wire:",unknown"`

	// Deprecated copies of the first product and its first price.
	_ wire.Ignored `wire:"product_id"`
	_ wire.Ignored `wire:"product_price_id"`
	_ wire.Ignored `wire:"product,shared"`
	_ wire.Ignored `wire:"product_price"`
}

// Product is a product as nested in a link.
type Product struct {
	Metadata               *json.RawMessage `wire:"metadata,nonnull"`
	ID                     uuid.UUID        `wire:"id"`
	CreatedAt              time.Time        `wire:"created_at"`
	ModifiedAt             *time.Time       `wire:"modified_at"`
	TrialInterval          *string          `wire:"trial_interval,enum=day|week|month|year"`
	TrialIntervalCount     *int64           `wire:"trial_interval_count"`
	Name                   string           `wire:"name"`
	Description            *string          `wire:"description"`
	Visibility             *string          `wire:"visibility,nonnull,enum=draft|private|public"`
	RecurringInterval      *string          `wire:"recurring_interval,enum=day|week|month|year"`
	RecurringIntervalCount *int64           `wire:"recurring_interval_count"`
	MeterInterval          *string          `wire:"meter_interval,enum=day|week|month|year"`
	MeterIntervalCount     *int64           `wire:"meter_interval_count"`
	IsRecurring            bool             `wire:"is_recurring"`
	IsArchived             bool             `wire:"is_archived"`
	OrganizationID         uuid.UUID        `wire:"organization_id"`
	Prices                 []Price          `wire:"prices,unordered"` // active ones only
	Benefits               []Benefit        `wire:"benefits,apart"`
	Medias                 []Media          `wire:"medias,apart"`
	Extra                  wire.Extra       `wire:",unknown"`
	Sent                   wire.Span        `wire:",span"`
}

// Price is a union over AmountType. Check knows which fields a kind has.
type Price struct {
	CreatedAt         time.Time        `wire:"created_at"`
	ModifiedAt        *time.Time       `wire:"modified_at"`
	ID                uuid.UUID        `wire:"id"`
	Source            *string          `wire:"source,nonnull,enum=catalog"`
	AmountType        string           `wire:"amount_type,enum=fixed|custom|free|metered_unit|metered_tiers|seat_based|unit_based"`
	PriceCurrency     *string          `wire:"price_currency,nonnull"`
	TaxBehavior       *string          `wire:"tax_behavior,enum=inclusive|exclusive|location"`
	IsArchived        bool             `wire:"is_archived"`
	ProductID         uuid.UUID        `wire:"product_id"`
	Type              *string          `wire:"type,nonnull,enum=one_time|recurring"`
	RecurringInterval *string          `wire:"recurring_interval,enum=day|week|month|year"`
	PriceAmount       *int64           `wire:"price_amount,nonnull"`
	MinimumAmount     *int64           `wire:"minimum_amount"`
	MaximumAmount     *int64           `wire:"maximum_amount"`
	PresetAmount      *int64           `wire:"preset_amount"`
	UnitAmount        *wire.Decimal    `wire:"unit_amount,nonnull"`
	CapAmount         *int64           `wire:"cap_amount"`
	MeterID           *uuid.UUID       `wire:"meter_id,nonnull"`
	Meter             *Meter           `wire:"meter,nonnull,apart"`
	SeatTiers         *SeatTiers       `wire:"seat_tiers,nonnull"`
	PricePerSeat      *int64           `wire:"price_per_seat"`
	Tiers             *UnitTiers       `wire:"tiers,nonnull"`
	MinimumUnits      *int64           `wire:"minimum_units"`
	UnitLabel         *json.RawMessage `wire:"unit_label"`
	MaximumUnits      *int64           `wire:"maximum_units"`
	Legacy            *bool            `wire:"legacy"` // only on legacy prices
	Extra             wire.Extra       `wire:",unknown"`
	Sent              wire.Span        `wire:",span"`
}

// The kinds that this program knows are those that the tags above and below list.
//
//nolint:gochecknoglobals // worked out from the types once, never changed
var (
	priceKinds        = wire.ShapeOf[Price]().Enum("amount_type")
	discountKinds     = wire.ShapeOf[Discount]().Enum("type")
	discountDurations = wire.ShapeOf[Discount]().Enum("duration")
)

// Unknown reports whether this program does not know the kind of price.
func (p *Price) Unknown() bool { return !slices.Contains(priceKinds, p.AmountType) }

// Check returns the field that the price's kind requires and lacks, or "".
func (p *Price) Check() (key, reason string) {
	required := func(there bool, name string) {
		if !there && key == "" {
			key, reason = name, "missing, and a "+p.AmountType+" price has it"
		}
	}
	switch p.AmountType {
	case "fixed":
		required(p.PriceAmount != nil, "price_amount")
	case "metered_unit":
		required(p.UnitAmount != nil, "unit_amount")
		required(p.MeterID != nil, "meter_id")
		required(p.Meter != nil, "meter")
	case "metered_tiers":
		required(p.Tiers != nil, "tiers")
		required(p.MeterID != nil, "meter_id")
		required(p.Meter != nil, "meter")
	case "seat_based":
		required(p.SeatTiers != nil, "seat_tiers")
	case "unit_based":
		required(p.Tiers != nil, "tiers")
	}
	if !p.Unknown() && p.AmountType != "free" {
		required(p.PriceCurrency != nil, "price_currency")
	}
	if !p.Unknown() && p.Meter != nil && p.MeterID != nil && p.Meter.ID != *p.MeterID {
		return "meter_id", "not the id of the meter beside it"
	}
	return key, reason
}

// Meter is what a metered price counts.
type Meter struct {
	ID               uuid.UUID  `wire:"id"`
	Name             string     `wire:"name"`
	Unit             string     `wire:"unit,enum=scalar|token|custom"`
	CustomLabel      *string    `wire:"custom_label"`
	CustomMultiplier *int64     `wire:"custom_multiplier"`
	Extra            wire.Extra `wire:",unknown"`
	Sent             wire.Span  `wire:",span"`
}

// SeatTiers are the tiers of a seat_based price.
type SeatTiers struct {
	SeatTierType *string    `wire:"seat_tier_type,nonnull,enum=volume|graduated"`
	Tiers        []SeatTier `wire:"tiers"`
	MinimumSeats *int64     `wire:"minimum_seats,nonnull"`
	MaximumSeats *int64     `wire:"maximum_seats"`
}

// SeatTier is one tier of a seat_based price.
type SeatTier struct {
	MinSeats     int64  `wire:"min_seats"`
	MaxSeats     *int64 `wire:"max_seats"`
	PricePerSeat int64  `wire:"price_per_seat"`
}

// UnitTiers are the tiers of a unit_based or metered_tiers price.
type UnitTiers struct {
	Type  string     `wire:"type,enum=volume|graduated"`
	Tiers []UnitTier `wire:"tiers"`
}

// UnitTier is one tier of a unit_based or metered_tiers price. Bound exceeds 32 bits.
type UnitTier struct {
	Bound      *int64       `wire:"bound"`
	UnitAmount wire.Decimal `wire:"unit_amount"`
}

// Benefit is a benefit as nested in a product, which may list it twice.
type Benefit struct {
	ID             uuid.UUID  `wire:"id"`
	CreatedAt      time.Time  `wire:"created_at"`
	ModifiedAt     *time.Time `wire:"modified_at"`
	Type           string     `wire:"type,enum=custom|discord|github_repository|downloadables|license_keys|ads|meter_credit|feature_flag|slack_shared_channel"`
	Description    string     `wire:"description"`
	Selectable     bool       `wire:"selectable"`
	Deletable      bool       `wire:"deletable"`
	IsDeleted      *bool      `wire:"is_deleted,nonnull"`
	OrganizationID uuid.UUID  `wire:"organization_id"`
	Properties     *Credit    `wire:"properties,nonnull,loose,of=meter_credit"`
	Extra          wire.Extra `wire:",unknown"`
	Sent           wire.Span  `wire:",span"`
}

// Kind is the kind of benefit, which decides what its properties are.
func (b *Benefit) Kind() string { return b.Type }

// Credit is what a meter_credit gives: so many units of a meter.
// Polar sends it since September 2026. The meter need not be shown anywhere.
type Credit struct {
	Units   *int64     `wire:"units,nonnull,loose"`
	MeterID *uuid.UUID `wire:"meter_id,nonnull,loose"`
}

// Media is a picture as nested in a product, which may list it twice.
type Media struct {
	ID                   uuid.UUID  `wire:"id"`
	OrganizationID       uuid.UUID  `wire:"organization_id"`
	Name                 string     `wire:"name"`
	Path                 string     `wire:"path"`
	MimeType             string     `wire:"mime_type"`
	Size                 int64      `wire:"size"`
	StorageVersion       *string    `wire:"storage_version"`
	ChecksumEtag         *string    `wire:"checksum_etag"`
	ChecksumSha256Base64 *string    `wire:"checksum_sha256_base64"`
	ChecksumSha256Hex    *string    `wire:"checksum_sha256_hex"`
	LastModifiedAt       *time.Time `wire:"last_modified_at"`
	Version              *string    `wire:"version"`
	Service              string     `wire:"service,enum=product_media"`
	IsUploaded           bool       `wire:"is_uploaded"`
	CreatedAt            time.Time  `wire:"created_at"`
	SizeReadable         string     `wire:"size_readable"`
	PublicURL            string     `wire:"public_url"`
	Extra                wire.Extra `wire:",unknown"`
	Sent                 wire.Span  `wire:",span"`
}

// Discount is a union over Type and Duration. Check knows which fields a kind has.
type Discount struct {
	Duration                  string           `wire:"duration,enum=once|forever|repeating"`
	DurationInMonths          *int64           `wire:"duration_in_months,nonnull"`
	Type                      string           `wire:"type,enum=fixed|percentage"`
	Amount                    *int64           `wire:"amount,nonnull"`
	Currency                  *string          `wire:"currency,nonnull"`
	Amounts                   map[string]int64 `wire:"amounts"`
	BasisPoints               *int64           `wire:"basis_points,nonnull"`
	CreatedAt                 time.Time        `wire:"created_at"`
	ModifiedAt                *time.Time       `wire:"modified_at"`
	ID                        uuid.UUID        `wire:"id"`
	Metadata                  json.RawMessage  `wire:"metadata"`
	Name                      string           `wire:"name"`
	Code                      *string          `wire:"code"`
	StartsAt                  *time.Time       `wire:"starts_at"`
	EndsAt                    *time.Time       `wire:"ends_at"`
	MaxRedemptions            *int64           `wire:"max_redemptions"`
	MaxRedemptionsPerCustomer *int64           `wire:"max_redemptions_per_customer"`
	RedemptionsCount          int64            `wire:"redemptions_count,counter"`
	OrganizationID            uuid.UUID        `wire:"organization_id"`
	Extra                     wire.Extra       `wire:",unknown"`
	Sent                      wire.Span        `wire:",span"`
}

// Unknown reports whether this program does not know the kind of discount.
func (d *Discount) Unknown() bool {
	return !slices.Contains(discountKinds, d.Type) || !slices.Contains(discountDurations, d.Duration)
}

// Check returns the field that the discount's kind requires and lacks, or "".
func (d *Discount) Check() (key, reason string) {
	switch {
	case d.Unknown():
	case d.Type == "fixed" && d.Amount == nil && d.Amounts == nil:
		return "amount", "missing, and a fixed discount has it"
	case d.Type == "percentage" && d.BasisPoints == nil:
		return "basis_points", "missing, and a percentage discount has it"
	case d.Duration == "repeating" && d.DurationInMonths == nil:
		return "duration_in_months", "missing, and a repeating discount has it"
	}
	return "", ""
}

// Check returns what contradicts the rest of the link, or "".
func (l *CheckoutLink) Check() (key, reason string) {
	if l.DiscountID != nil && (l.Discount == nil || l.Discount.ID != *l.DiscountID) {
		return "discount", "not the discount that discount_id names"
	}
	return "", ""
}

// Check returns what contradicts the rest of the product, or "".
func (p *Product) Check() (key, reason string) {
	for i := range p.Prices {
		if p.Prices[i].ProductID != p.ID {
			return fmt.Sprintf("prices[%d].product_id", i), "not the id of the product around it"
		}
	}
	return "", ""
}

//nolint:gochecknoglobals // worked out from the types once, never changed
var linkShape = wire.ShapeOf[CheckoutLink]()

// DecodeLink reads one checkout link of any shape, past or future. The link's
// raw values share body's memory. The error is a *wire.Error that names the
// JSON path at fault.
func DecodeLink(body []byte) (*CheckoutLink, []wire.Note, error) {
	link := new(CheckoutLink)
	notes, err := wire.Decode(body, linkShape, link)
	if err != nil {
		return nil, notes, err
	}
	link.keepMeterIDs()
	return link, notes, nil
}

func (l *CheckoutLink) keepMeterIDs() {
	for i := range l.Products {
		for j := range l.Products[i].Prices {
			l.Products[i].Prices[j].keepMeterID()
		}
	}
}

// keepMeterID makes MeterID name the meter that is there. A price that names a
// meter without showing it, or shows another, keeps the name in Extra. Products
// may share their prices, so calling it twice is harmless.
func (p *Price) keepMeterID() {
	var shown *uuid.UUID
	if p.Meter != nil {
		shown = &p.Meter.ID
	}
	if p.MeterID != nil && (shown == nil || *p.MeterID != *shown) {
		p.Extra = p.Extra.With("meter_id", []byte(`"`+p.MeterID.String()+`"`))
	}
	p.MeterID = shown
}
