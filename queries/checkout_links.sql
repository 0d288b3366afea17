-- name: UpsertCheckoutLinks :one
-- Writes the given checkout_links that are new or differ from their row. An unchanged row
-- is not even locked, and a row that reflects a later request is left alone.
-- A link that is seen is there: removed_at is cleared.
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
        unnest(@seen_at::timestamptz[]) AS seen_at
),
written AS (
    INSERT INTO checkout_links AS t (
        id, created_at, modified_at, organization_id, label, url, client_secret,
        success_url, return_url, payment_processor, allow_discount_codes,
        require_billing_address, discount_id, trial_interval, trial_interval_count, seats,
        units, metadata, extra, first_seen_at, changed_at
    )
    SELECT
        s.id, s.created_at, s.modified_at, s.organization_id, s.label, s.url,
        s.client_secret, s.success_url, s.return_url, s.payment_processor,
        s.allow_discount_codes, s.require_billing_address, s.discount_id, s.trial_interval,
        s.trial_interval_count, s.seats, s.units, s.metadata, s.extra, s.seen_at, s.seen_at
    FROM seen AS s
    LEFT JOIN checkout_links AS o ON o.id = s.id
    WHERE o.id IS NULL OR (o.changed_at <= s.seen_at AND (
        o.created_at, o.modified_at, o.organization_id, o.label, o.url, o.client_secret,
        o.success_url, o.return_url, o.payment_processor, o.allow_discount_codes,
        o.require_billing_address, o.discount_id, o.trial_interval, o.trial_interval_count,
        o.seats, o.units, o.metadata, o.extra, o.removed_at
    ) IS DISTINCT FROM (
        s.created_at, s.modified_at, s.organization_id, s.label, s.url, s.client_secret,
        s.success_url, s.return_url, s.payment_processor, s.allow_discount_codes,
        s.require_billing_address, s.discount_id, s.trial_interval, s.trial_interval_count,
        s.seats, s.units, s.metadata, s.extra, NULL
    ))
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
    WHERE t.changed_at <= excluded.changed_at AND (
        t.created_at, t.modified_at, t.organization_id, t.label, t.url, t.client_secret,
        t.success_url, t.return_url, t.payment_processor, t.allow_discount_codes,
        t.require_billing_address, t.discount_id, t.trial_interval, t.trial_interval_count,
        t.seats, t.units, t.metadata, t.extra, t.removed_at
    ) IS DISTINCT FROM (
        excluded.created_at, excluded.modified_at, excluded.organization_id, excluded.label,
        excluded.url, excluded.client_secret, excluded.success_url, excluded.return_url,
        excluded.payment_processor, excluded.allow_discount_codes,
        excluded.require_billing_address, excluded.discount_id, excluded.trial_interval,
        excluded.trial_interval_count, excluded.seats, excluded.units, excluded.metadata,
        excluded.extra, NULL
    )
    RETURNING t.id, (t.xmax = 0)::bool AS inserted
)
SELECT
    coalesce(array_agg(id) FILTER (WHERE inserted), '{}')::uuid[] AS inserted,
    coalesce(array_agg(id) FILTER (WHERE NOT inserted), '{}')::uuid[] AS updated,
    '{}'::uuid[] AS removed
FROM written;

-- name: RemoveCheckoutLinks :one
-- Marks the given links as gone, if there is a row that is not marked yet and
-- reflects no later request. What they offered stays as last seen.
WITH seen AS (
    SELECT
        unnest(@id::uuid[]) AS id,
        unnest(@seen_at::timestamptz[]) AS seen_at
),
stale AS (
    SELECT o.id, s.seen_at
    FROM seen AS s
    JOIN checkout_links AS o ON o.id = s.id
    WHERE o.removed_at IS NULL AND o.changed_at <= s.seen_at
    ORDER BY o.id
    FOR UPDATE OF o
),
removed AS (
    UPDATE checkout_links AS o SET
        removed_at = s.seen_at,
        changed_at = s.seen_at
    FROM stale AS s
    WHERE o.id = s.id
    RETURNING o.id
)
SELECT
    '{}'::uuid[] AS inserted,
    '{}'::uuid[] AS updated,
    coalesce((SELECT array_agg(id) FROM removed), '{}')::uuid[] AS removed;

-- name: ReplaceCheckoutLinkProducts :one
-- Makes the products of the given links exactly the given rows: deletes what is
-- stale, writes what is new or differs, touches nothing else. What a later request
-- showed, says history, is left alone; history is asked only of what differs.
WITH owners AS (
    SELECT
        unnest(@owner_id::uuid[]) AS id,
        unnest(@owner_seen_at::timestamptz[]) AS seen_at,
        unnest(@owner_keys::jsonb[]) AS keys
),
seen AS (
    SELECT
        unnest(@checkout_link_id::uuid[]) AS checkout_link_id,
        unnest(@product_id::uuid[]) AS product_id,
        unnest(@position::integer[]) AS position,
        unnest(@seen_at::timestamptz[]) AS seen_at
),
surplus AS MATERIALIZED (
    SELECT o.checkout_link_id, o.product_id, w.seen_at
    FROM owners AS w
    JOIN checkout_link_products AS o ON o.checkout_link_id = w.id
    WHERE NOT w.keys ? o.product_id::text
),
stale AS (
    SELECT o.checkout_link_id, o.product_id
    FROM surplus AS s
    JOIN checkout_link_products AS o ON o.checkout_link_id = s.checkout_link_id AND o.product_id = s.product_id
    WHERE NOT EXISTS (
        SELECT FROM changes AS c
        WHERE c.entity_id = s.checkout_link_id AND c.entity = 'checkout_link_products' AND c.not_after > s.seen_at
    )
    ORDER BY o.checkout_link_id, o.product_id
    FOR UPDATE OF o
),
deleted AS (
    DELETE FROM checkout_link_products AS o
    USING stale AS s
    WHERE o.checkout_link_id = s.checkout_link_id AND o.product_id = s.product_id
    RETURNING o.checkout_link_id AS id
),
different AS MATERIALIZED (
    SELECT s.*
    FROM seen AS s
    LEFT JOIN checkout_link_products AS o ON o.checkout_link_id = s.checkout_link_id AND o.product_id = s.product_id
    WHERE o.checkout_link_id IS NULL OR o.position IS DISTINCT FROM s.position
),
written AS (
    INSERT INTO checkout_link_products AS t (
        checkout_link_id, product_id, position
    )
    SELECT
        s.checkout_link_id, s.product_id, s.position
    FROM different AS s
    WHERE NOT EXISTS (
        SELECT FROM changes AS c
        WHERE c.entity_id = s.checkout_link_id AND c.entity = 'checkout_link_products' AND c.not_after > s.seen_at
    )
    ORDER BY s.checkout_link_id, s.product_id
    ON CONFLICT (checkout_link_id, product_id) DO UPDATE SET
        position = excluded.position
    WHERE t.position IS DISTINCT FROM excluded.position
    RETURNING t.checkout_link_id AS id, (t.xmax = 0)::bool AS inserted
)
SELECT
    coalesce((SELECT array_agg(id) FROM written WHERE inserted), '{}')::uuid[] AS inserted,
    coalesce((SELECT array_agg(id) FROM written WHERE NOT inserted), '{}')::uuid[] AS updated,
    coalesce((SELECT array_agg(id) FROM deleted), '{}')::uuid[] AS removed;

-- name: ListCheckoutLinkStates :many
-- Which of the given links have a row, and whether it is marked as gone.
SELECT id, (removed_at IS NOT NULL)::bool AS removed
FROM checkout_links
WHERE id = ANY (@id::uuid[]);

-- name: ListOrganizations :many
-- The organizations that live links belong to; one, as a rule.
SELECT DISTINCT organization_id
FROM checkout_links
WHERE removed_at IS NULL;

-- name: ListCheckoutLinksThrough :many
-- The live links of an organization that are as old as created_at or older: those
-- that LIST showed up to there, unless some are gone or were not shown.
SELECT id
FROM checkout_links
WHERE removed_at IS NULL AND organization_id = @organization_id AND created_at <= @created_at;

-- name: ListLiveCheckoutLinks :many
-- The links of the given organizations that are not marked as gone.
SELECT id
FROM checkout_links
WHERE removed_at IS NULL AND organization_id = ANY (@organization_id::uuid[])
ORDER BY id;

-- name: ListLinksShowing :many
-- The live links that show any of the given products, benefits, medias, meters or
-- discounts.
WITH shown AS (
    SELECT unnest(@id::uuid[]) AS id
),
products_showing AS (
    SELECT s.id FROM shown AS s
    UNION
    SELECT j.product_id FROM shown AS s JOIN product_benefits AS j ON j.benefit_id = s.id
    UNION
    SELECT j.product_id FROM shown AS s JOIN product_medias AS j ON j.media_id = s.id
    UNION
    SELECT r.product_id FROM shown AS s JOIN prices AS r ON r.meter_id = s.id AND r.removed_at IS NULL
)
SELECT l.id
FROM products_showing AS p
JOIN checkout_link_products AS j ON j.product_id = p.id
JOIN checkout_links AS l ON l.id = j.checkout_link_id AND l.removed_at IS NULL
UNION
SELECT l.id
FROM shown AS s
JOIN checkout_links AS l ON l.discount_id = s.id AND l.removed_at IS NULL
ORDER BY 1;
