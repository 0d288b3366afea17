-- How fresh each link is, and which never landed.
CREATE OR REPLACE VIEW polar_bi.freshness AS
SELECT
    l.checkout_link_id,
    l.link_label,
    l.organization_id,
    l.status,
    l.seen_at,
    -- Nothing is subtracted from infinity.
    CASE WHEN isfinite(l.seen_at) THEN now() - l.seen_at END AS age,
    l.failing_since,
    l.failed_attempts,
    l.failure_kind,
    l.failure_message
FROM (
    WITH runs AS (
        -- Completed ones. One whose time is yet to come, from a restored dump say, tells nothing.
        SELECT r.scope, r.seen_organization_ids, r.observing_since, r.finished_at
        FROM polar.sync_runs AS r
        WHERE r.status IN ('succeeded', 'partial') AND r.observing_since <= now()
    ), latest AS (
        -- A run stands for no link of an organization that it was shown none of: a listed link may be one that only
        -- another source's token sees.
        SELECT r.scope, r.seen_organization_ids, max(r.observing_since) AS seen_at
        FROM runs AS r
        GROUP BY r.scope, r.seen_organization_ids
    ), failing AS (
        -- A link may fail in several sources: what counts is where it has failed longest.
        SELECT DISTINCT ON (f.checkout_link_id)
            f.checkout_link_id, f.since, f.attempts, f.kind, f.message
        FROM polar.sync_failures AS f
        WHERE f.checkout_link_id IS NOT NULL
        ORDER BY f.checkout_link_id, f.since, f.source
    )
    SELECT
        l.id AS checkout_link_id,
        CASE WHEN btrim(l.label, E' \t\n\r\f\x0B') <> '' THEN l.label END AS link_label,
        l.organization_id,
        CASE WHEN f.checkout_link_id IS NULL THEN 'ok' ELSE 'failing' END AS status,
        CASE
            WHEN f.checkout_link_id IS NULL THEN greatest(every.seen_at, listed.seen_at, l.changed_at)
            ELSE greatest(earlier.seen_at, l.changed_at)
        END AS seen_at,
        f.since AS failing_since,
        f.attempts AS failed_attempts,
        f.kind AS failure_kind,
        f.message AS failure_message
    FROM polar.checkout_links AS l
    LEFT JOIN failing AS f ON f.checkout_link_id = l.id
    LEFT JOIN (
        SELECT s.organization_id, max(r.seen_at) AS seen_at
        FROM latest AS r
        CROSS JOIN LATERAL unnest(r.seen_organization_ids) AS s (organization_id)
        WHERE r.scope = 'all'
        GROUP BY s.organization_id
    ) AS every ON every.organization_id = l.organization_id
    LEFT JOIN (
        SELECT i.checkout_link_id, max(r.seen_at) AS seen_at
        FROM latest AS r
        JOIN polar.sync_scopes AS i ON i.scope = r.scope
        JOIN polar.checkout_links AS l ON l.id = i.checkout_link_id AND l.organization_id = ANY (r.seen_organization_ids)
        GROUP BY i.checkout_link_id
    ) AS listed ON listed.checkout_link_id = l.id
    -- Of failing links, the latest run that had ended by then: runs and failures in the order of time.
    LEFT JOIN (
        SELECT e.checkout_link_id, max(e.seen_at) AS seen_at
        FROM (
            SELECT
                e.checkout_link_id,
                max(e.observing_since) OVER (PARTITION BY e.scope, e.seen_organization_ids ORDER BY e.at) AS seen_at
            FROM (
                SELECT r.scope, r.seen_organization_ids, r.finished_at AS at, r.observing_since, NULL::uuid AS checkout_link_id
                FROM runs AS r
                UNION ALL
                SELECT r.scope, r.seen_organization_ids, s.since, NULL, s.checkout_link_id
                FROM (
                    SELECT f.checkout_link_id, f.since, 'all' AS scope
                    FROM failing AS f
                    UNION ALL
                    SELECT f.checkout_link_id, f.since, i.scope
                    FROM failing AS f
                    JOIN polar.sync_scopes AS i ON i.checkout_link_id = f.checkout_link_id
                ) AS s
                JOIN polar.checkout_links AS l ON l.id = s.checkout_link_id
                JOIN latest AS r ON r.scope = s.scope AND l.organization_id = ANY (r.seen_organization_ids)
            ) AS e
        ) AS e
        WHERE e.checkout_link_id IS NOT NULL
        GROUP BY e.checkout_link_id
    ) AS earlier ON earlier.checkout_link_id = l.id
    WHERE l.removed_at IS NULL
) AS l
UNION ALL
SELECT
    coalesce(f.checkout_link_id, '00000000-0000-0000-0000-000000000000'),
    NULL,
    NULL,
    'never_seen',
    NULL,
    NULL,
    f.since,
    f.attempts,
    f.kind,
    f.message
FROM (
    -- Two sources of one organization tell of the same place, and nothing says that it is the same.
    SELECT DISTINCT ON (f.checkout_link_id, CASE WHEN f.checkout_link_id IS NULL THEN f.source END, f.place)
        f.checkout_link_id, f.since, f.attempts, f.kind, f.message
    FROM polar.sync_failures AS f
    ORDER BY f.checkout_link_id, CASE WHEN f.checkout_link_id IS NULL THEN f.source END, f.place, f.since, f.source
) AS f
WHERE NOT EXISTS (SELECT FROM polar.checkout_links AS l WHERE l.id = f.checkout_link_id);

COMMENT ON VIEW polar_bi.freshness IS 'How fresh each link is. One row for every live link, and for every link that Polar has and that never landed.';
COMMENT ON COLUMN polar_bi.freshness.checkout_link_id IS 'Polar''s id of the link; all zeros for a link that the list cannot show, whose id nobody knows';
COMMENT ON COLUMN polar_bi.freshness.link_label IS 'The merchant''s name for the link; null when it has none, or none but white space, and for never_seen';
COMMENT ON COLUMN polar_bi.freshness.organization_id IS 'Polar''s id of the merchant''s organization; null for never_seen';
COMMENT ON COLUMN polar_bi.freshness.status IS 'ok; failing: the last try failed, and the rows are as last seen; never_seen: it fails and has no rows';
COMMENT ON COLUMN polar_bi.freshness.seen_at IS 'The rows are what Polar answered at this moment or later: when the last completed run began that asked for the link, or when a change was seen if that is later; of a failing link only what was before it began to fail, and changes. Null for never_seen';
COMMENT ON COLUMN polar_bi.freshness.age IS 'Time since seen_at; null for never_seen';
COMMENT ON COLUMN polar_bi.freshness.failing_since IS 'Start of the first failed request without a success since, in the source where the link has failed longest; null when ok';
COMMENT ON COLUMN polar_bi.freshness.failed_attempts IS 'Runs of that source that tried and failed since then; null when ok';
COMMENT ON COLUMN polar_bi.freshness.failure_kind IS 'rate_limited, unavailable, bad_answer, rejected (Postgres refused the rows), or another kind added since; null when ok';
COMMENT ON COLUMN polar_bi.freshness.failure_message IS 'What went wrong the last time, for a person, secrets masked; null when ok';
