-- Which links use a discount that ends this week?
SELECT l.label, d.name, d.ends_at, d.redemptions_count
FROM polar_bi.checkout_links AS l
JOIN polar_bi.discounts AS d USING (discount_id)
WHERE l.is_live AND d.ends_at BETWEEN now() AND now() + interval '7 days'
ORDER BY d.ends_at, l.label;
