package sdk_test

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"github.com/polarsource/polar-go/models/components"

	"syncer/internal/fetch"
)

// converter turns what the SDK read into our types. A field that the SDK lacks
// stays empty: see losses. Anything inconvertible fails the test.
type converter struct{ tb testing.TB }

func (c converter) link(l *components.CheckoutLink) *fetch.CheckoutLink {
	link := &fetch.CheckoutLink{
		ID:                    c.id(l.ID),
		CreatedAt:             l.CreatedAt,
		ModifiedAt:            l.ModifiedAt,
		TrialInterval:         (*string)(l.TrialInterval),
		TrialIntervalCount:    l.TrialIntervalCount,
		Metadata:              c.json(l.Metadata),
		PaymentProcessor:      string(l.PaymentProcessor),
		ClientSecret:          l.ClientSecret,
		SuccessURL:            l.SuccessURL,
		ReturnURL:             l.ReturnURL,
		Label:                 l.Label,
		AllowDiscountCodes:    l.AllowDiscountCodes,
		RequireBillingAddress: &l.RequireBillingAddress,
		OrganizationID:        c.id(l.OrganizationID),
		Products:              []fetch.Product{},
		URL:                   l.URL,
	}
	if l.DiscountID != nil {
		link.DiscountID = new(c.id(*l.DiscountID))
	}
	if l.Discount != nil {
		link.Discount = c.discount(l.Discount)
	}
	for i := range l.Products {
		link.Products = append(link.Products, c.product(&l.Products[i]))
	}
	return link
}

func (c converter) product(p *components.CheckoutLinkProduct) fetch.Product {
	product := fetch.Product{
		Metadata:               new(c.json(p.Metadata)),
		ID:                     c.id(p.ID),
		CreatedAt:              p.CreatedAt,
		ModifiedAt:             p.ModifiedAt,
		TrialInterval:          (*string)(p.TrialInterval),
		TrialIntervalCount:     p.TrialIntervalCount,
		Name:                   p.Name,
		Description:            p.Description,
		Visibility:             new(string(p.Visibility)),
		RecurringInterval:      (*string)(p.RecurringInterval),
		RecurringIntervalCount: p.RecurringIntervalCount,
		IsRecurring:            p.IsRecurring,
		IsArchived:             p.IsArchived,
		OrganizationID:         c.id(p.OrganizationID),
		Prices:                 []fetch.Price{},
		Benefits:               []fetch.Benefit{},
		Medias:                 []fetch.Media{},
	}
	for _, union := range p.Prices {
		product.Prices = append(product.Prices, c.price(union))
	}
	for _, b := range p.Benefits {
		product.Benefits = append(product.Benefits, fetch.Benefit{
			ID:             c.id(b.ID),
			CreatedAt:      b.CreatedAt,
			ModifiedAt:     b.ModifiedAt,
			Type:           string(b.Type),
			Description:    b.Description,
			Selectable:     b.Selectable,
			Deletable:      b.Deletable,
			OrganizationID: c.id(b.OrganizationID),
		})
	}
	for _, m := range p.Medias {
		product.Medias = append(product.Medias, fetch.Media{
			ID:                   c.id(m.ID),
			OrganizationID:       c.id(m.OrganizationID),
			Name:                 m.Name,
			Path:                 m.Path,
			MimeType:             m.MimeType,
			Size:                 m.Size,
			StorageVersion:       m.StorageVersion,
			ChecksumEtag:         m.ChecksumEtag,
			ChecksumSha256Base64: m.ChecksumSha256Base64,
			ChecksumSha256Hex:    m.ChecksumSha256Hex,
			LastModifiedAt:       m.LastModifiedAt,
			Version:              m.Version,
			Service:              m.GetService(),
			IsUploaded:           m.IsUploaded,
			CreatedAt:            m.CreatedAt,
			SizeReadable:         m.SizeReadable,
			PublicURL:            m.PublicURL,
		})
	}
	return product
}

func (c converter) id(text string) uuid.UUID {
	id, err := uuid.Parse(text)
	if err != nil {
		c.tb.Fatalf("id %q: %v", text, err)
	}
	return id
}

func (c converter) json(metadata map[string]components.MetadataOutputType) json.RawMessage {
	text, err := json.Marshal(metadata)
	if err != nil {
		c.tb.Fatal(err)
	}
	return text
}
