-- name: UpsertCheckoutLinks :one
-- Writes the given links that are new or differ from their row. Does not even lock
-- unchanged rows.
-- A link that was seen exists, so removed_at is cleared.
WITH seen AS (
    SELECT
        unnest(@id::uuid[]) AS id,
        unnest(@created_at::timestamptz[]) AS created_at,
        unnest(@modified_at::ntimestamptz[])::timestamptz AS modified_at,
        unnest(@organization_id::uuid[]) AS organization_id,
        unnest(@label::ntext[])::text AS label,
        unnest(@url::text[]) AS url,
        unnest(@client_secret::text[]) AS client_secret,
        unnest(@success_url::ntext[])::text AS success_url,
        unnest(@return_url::ntext[])::text AS return_url,
        unnest(@payment_processor::text[]) AS payment_processor,
        unnest(@allow_discount_codes::boolean[]) AS allow_discount_codes,
        unnest(@require_billing_address::nbool[])::boolean AS require_billing_address,
        unnest(@discount_id::nuuid[])::uuid AS discount_id,
        unnest(@trial_interval::ntext[])::text AS trial_interval,
        unnest(@trial_interval_count::nbigint[])::bigint AS trial_interval_count,
        unnest(@seats::nbigint[])::bigint AS seats,
        unnest(@units::nbigint[])::bigint AS units,
        unnest(@metadata::jsonb[]) AS metadata,
        unnest(@extra::jsonb[]) AS extra,
        unnest(@seen_at::timestamptz[]) AS first_seen_at,
        unnest(@seen_at::timestamptz[]) AS changed_at
),
written AS (
    INSERT INTO checkout_links AS t (
        id, created_at, modified_at, organization_id, label, url, client_secret,
        success_url, return_url, payment_processor, allow_discount_codes,
        require_billing_address, discount_id, trial_interval, trial_interval_count, seats,
        units, metadata, extra, first_seen_at, changed_at
    )
    SELECT s.*
    FROM seen AS s
    LEFT JOIN checkout_links AS o ON o.id = s.id
    WHERE o.id IS NULL OR (
        o.created_at, o.modified_at, o.organization_id, o.label, o.url, o.client_secret,
        o.success_url, o.return_url, o.payment_processor, o.allow_discount_codes,
        o.require_billing_address, o.discount_id, o.trial_interval, o.trial_interval_count,
        o.seats, o.units, o.metadata, o.extra, o.removed_at
    ) IS DISTINCT FROM (
        s.created_at, s.modified_at, s.organization_id, s.label, s.url, s.client_secret,
        s.success_url, s.return_url, s.payment_processor, s.allow_discount_codes,
        s.require_billing_address, s.discount_id, s.trial_interval, s.trial_interval_count,
        s.seats, s.units, s.metadata, s.extra, NULL
    )
    ORDER BY s.id
    ON CONFLICT (id) DO UPDATE SET
        created_at = excluded.created_at,
        modified_at = excluded.modified_at,
        organization_id = excluded.organization_id,
        label = excluded.label,
        url = excluded.url,
        client_secret = excluded.client_secret,
        success_url = excluded.success_url,
        return_url = excluded.return_url,
        payment_processor = excluded.payment_processor,
        allow_discount_codes = excluded.allow_discount_codes,
        require_billing_address = excluded.require_billing_address,
        discount_id = excluded.discount_id,
        trial_interval = excluded.trial_interval,
        trial_interval_count = excluded.trial_interval_count,
        seats = excluded.seats,
        units = excluded.units,
        metadata = excluded.metadata,
        extra = excluded.extra,
        changed_at = excluded.changed_at,
        removed_at = NULL
    RETURNING t.id, (t.xmax = 0)::bool AS inserted
)
SELECT
    coalesce(array_agg(id) FILTER (WHERE inserted), '{}')::uuid[] AS inserted,
    coalesce(array_agg(id) FILTER (WHERE NOT inserted), '{}')::uuid[] AS updated,
    '{}'::uuid[] AS removed
FROM written;

-- name: RemoveCheckoutLinks :one
-- Marks those of the given links as gone that are not yet. What they offered stays
-- as last seen.
WITH seen AS (
    SELECT
        unnest(@id::uuid[]) AS id,
        unnest(@seen_at::timestamptz[]) AS seen_at
),
removed AS (
    UPDATE checkout_links AS o SET
        removed_at = s.seen_at,
        changed_at = s.seen_at
    FROM seen AS s
    WHERE o.id = s.id AND o.removed_at IS NULL
    RETURNING o.id
)
SELECT
    '{}'::uuid[] AS inserted,
    '{}'::uuid[] AS updated,
    coalesce((SELECT array_agg(id) FROM removed), '{}')::uuid[] AS removed;

-- name: ReplaceCheckoutLinkProducts :one
-- Makes the products of the given links exactly the given rows: deletes the rest, writes what is
-- new or differs, touches nothing else.
WITH seen AS (
    SELECT
        unnest(@checkout_link_id::uuid[]) AS checkout_link_id,
        unnest(@product_id::uuid[]) AS product_id,
        unnest(@position::integer[]) AS position
),
deleted AS (
    DELETE FROM checkout_link_products AS o
    WHERE o.checkout_link_id = ANY (@owner_id::uuid[])
        AND (o.checkout_link_id, o.product_id) NOT IN (SELECT s.checkout_link_id, s.product_id FROM seen AS s)
    RETURNING o.checkout_link_id AS id
),
written AS (
    INSERT INTO checkout_link_products AS t (checkout_link_id, product_id, position)
    SELECT s.*
    FROM seen AS s
    LEFT JOIN checkout_link_products AS o ON o.checkout_link_id = s.checkout_link_id AND o.product_id = s.product_id
    WHERE o.checkout_link_id IS NULL OR o.position IS DISTINCT FROM s.position
    ORDER BY s.checkout_link_id, s.product_id
    ON CONFLICT (checkout_link_id, product_id) DO UPDATE SET
        position = excluded.position
    RETURNING t.checkout_link_id AS id, (t.xmax = 0)::bool AS inserted
)
SELECT
    coalesce((SELECT array_agg(id) FROM written WHERE inserted), '{}')::uuid[] AS inserted,
    coalesce((SELECT array_agg(id) FROM written WHERE NOT inserted), '{}')::uuid[] AS updated,
    coalesce((SELECT array_agg(id) FROM deleted), '{}')::uuid[] AS removed;

-- name: ListCheckoutLinkStates :many
-- Those of the given links that have a row: the organization, and whether the row is
-- marked as gone.
SELECT id, organization_id, (removed_at IS NOT NULL)::bool AS removed
FROM checkout_links
WHERE id = ANY (@id::uuid[]);

-- name: ListCheckoutLinksThrough :many
-- An organization's live links created at or before created_at: those that LIST
-- showed up to there, unless some are gone or were not shown.
SELECT id
FROM checkout_links
WHERE removed_at IS NULL AND organization_id = @organization_id AND created_at <= @created_at;

-- name: ListLiveCheckoutLinks :many
-- The given organizations' links not marked as gone.
SELECT id
FROM checkout_links
WHERE removed_at IS NULL AND organization_id = ANY (@organization_id::uuid[])
ORDER BY id;
