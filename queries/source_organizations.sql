-- name: ListSourceOrganizations :many
-- The organizations that a source keeps, and whether any link that it wants (all, or
-- the given ones) is live there.
SELECT
    o.organization_id, o.server,
    EXISTS (
        SELECT FROM checkout_links AS l
        WHERE l.organization_id = o.organization_id
            AND l.removed_at IS NULL
            AND (@every::boolean OR l.id = ANY (@id::uuid[]))
    )::boolean AS live
FROM source_organizations AS o
WHERE o.source = @source
ORDER BY o.organization_id;

-- name: RememberOrganizations :exec
-- Notes that a run was shown links of organizations.
INSERT INTO source_organizations (source, organization_id, server, first_seen_at)
SELECT @source::text, o.organization_id, @server::text, r.started_at
FROM (SELECT unnest(@organization_ids::uuid[]) AS organization_id) AS o
JOIN sync_runs AS r ON r.id = @run_id
ORDER BY o.organization_id
ON CONFLICT (source, organization_id) DO NOTHING;

-- name: ForgetOrganizations :exec
-- Makes a source begin anew with the organizations that come next.
DELETE FROM source_organizations
WHERE source = @source;
