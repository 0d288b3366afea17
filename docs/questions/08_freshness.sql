-- How fresh is each link?
SELECT link_label, status, seen_at, age, failure_message
FROM polar_bi.freshness
ORDER BY seen_at NULLS FIRST;
