package main

import (
	"context"

	"github.com/polarsource/polar-go/models/components"
)

func (w writer) product(ctx context.Context, p *components.CheckoutLinkProduct) error {
	if err := w.exec(ctx, `
		INSERT INTO products (id, created_at, modified_at, organization_id, name, description, visibility,
			is_recurring, is_archived, recurring_interval, recurring_interval_count,
			trial_interval, trial_interval_count, metadata, first_seen_at, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
		ON CONFLICT (id) DO UPDATE SET
			created_at = excluded.created_at, modified_at = excluded.modified_at,
			organization_id = excluded.organization_id, name = excluded.name,
			description = excluded.description, visibility = excluded.visibility,
			is_recurring = excluded.is_recurring, is_archived = excluded.is_archived,
			recurring_interval = excluded.recurring_interval,
			recurring_interval_count = excluded.recurring_interval_count,
			trial_interval = excluded.trial_interval, trial_interval_count = excluded.trial_interval_count,
			metadata = excluded.metadata, changed_at = excluded.changed_at`,
		p.ID, p.CreatedAt, p.ModifiedAt, p.OrganizationID, p.Name, p.Description, p.Visibility,
		p.IsRecurring, p.IsArchived, p.RecurringInterval, p.RecurringIntervalCount,
		p.TrialInterval, p.TrialIntervalCount, p.Metadata, w.seen); err != nil {
		return err
	}
	if err := w.prices(ctx, p); err != nil {
		return err
	}
	if err := w.benefits(ctx, p); err != nil {
		return err
	}
	return w.medias(ctx, p)
}

func (w writer) benefits(ctx context.Context, p *components.CheckoutLinkProduct) error {
	if err := w.exec(ctx, `
		DELETE FROM product_benefits
		WHERE product_id = $1 AND position >= $2`, p.ID, len(p.Benefits)); err != nil {
		return err
	}
	for position, b := range p.Benefits {
		if err := w.exec(ctx, `
			INSERT INTO benefits (id, created_at, modified_at, organization_id, type, description,
				selectable, deletable, first_seen_at, changed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
			ON CONFLICT (id) DO UPDATE SET
				created_at = excluded.created_at, modified_at = excluded.modified_at,
				organization_id = excluded.organization_id, type = excluded.type,
				description = excluded.description, selectable = excluded.selectable,
				deletable = excluded.deletable, changed_at = excluded.changed_at`,
			b.ID, b.CreatedAt, b.ModifiedAt, b.OrganizationID, b.Type, b.Description,
			b.Selectable, b.Deletable, w.seen); err != nil {
			return err
		}
		if err := w.exec(ctx, `
			INSERT INTO product_benefits (product_id, position, benefit_id)
			VALUES ($1, $2, $3)
			ON CONFLICT (product_id, position) DO UPDATE SET benefit_id = excluded.benefit_id`,
			p.ID, position, b.ID); err != nil {
			return err
		}
	}
	return nil
}

func (w writer) medias(ctx context.Context, p *components.CheckoutLinkProduct) error {
	if err := w.exec(ctx, `
		DELETE FROM product_medias
		WHERE product_id = $1 AND position >= $2`, p.ID, len(p.Medias)); err != nil {
		return err
	}
	for position, m := range p.Medias {
		if err := w.exec(ctx, `
			INSERT INTO medias (id, created_at, organization_id, name, path, mime_type, size, storage_version,
				checksum_etag, checksum_sha256_base64, checksum_sha256_hex, last_modified_at, version, service,
				is_uploaded, size_readable, public_url, first_seen_at, changed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18)
			ON CONFLICT (id) DO UPDATE SET
				created_at = excluded.created_at, organization_id = excluded.organization_id,
				name = excluded.name, path = excluded.path, mime_type = excluded.mime_type,
				size = excluded.size, storage_version = excluded.storage_version,
				checksum_etag = excluded.checksum_etag,
				checksum_sha256_base64 = excluded.checksum_sha256_base64,
				checksum_sha256_hex = excluded.checksum_sha256_hex,
				last_modified_at = excluded.last_modified_at, version = excluded.version,
				service = excluded.service, is_uploaded = excluded.is_uploaded,
				size_readable = excluded.size_readable, public_url = excluded.public_url,
				changed_at = excluded.changed_at`,
			m.ID, m.CreatedAt, m.OrganizationID, m.Name, m.Path, m.MimeType, m.Size, m.StorageVersion,
			m.ChecksumEtag, m.ChecksumSha256Base64, m.ChecksumSha256Hex, m.LastModifiedAt, m.Version, m.GetService(),
			m.IsUploaded, m.SizeReadable, m.PublicURL, w.seen); err != nil {
			return err
		}
		if err := w.exec(ctx, `
			INSERT INTO product_medias (product_id, position, media_id)
			VALUES ($1, $2, $3)
			ON CONFLICT (product_id, position) DO UPDATE SET media_id = excluded.media_id`,
			p.ID, position, m.ID); err != nil {
			return err
		}
	}
	return nil
}
