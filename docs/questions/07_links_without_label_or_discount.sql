-- Which links have no label or no discount?
SELECT checkout_link_id, label, discount_name, created_at
FROM polar_bi.checkout_links
WHERE is_live AND (label IS NULL OR discount_id IS NULL)
ORDER BY created_at;
