-- What changed since yesterday?
SELECT not_after, entity, name, op, field, before, after
FROM polar_bi.changes
WHERE not_after > now() - interval '1 day' AND NOT is_first_sight
ORDER BY change_id;
