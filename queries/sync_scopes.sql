-- name: KeepScope :exec
-- Notes a scope's links when a run first has it; for a known one it writes nothing. Runs
-- begin one at a time.
INSERT INTO sync_scopes (scope, checkout_link_id)
SELECT @scope::text, i.checkout_link_id
FROM (SELECT unnest(@checkout_link_id::uuid[]) AS checkout_link_id) AS i
WHERE NOT EXISTS (SELECT FROM sync_scopes AS s WHERE s.scope = @scope);
