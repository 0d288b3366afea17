-- Which products are sold at several prices?
SELECT max(product_name) AS product, currency, recurring_interval, min(net_amount_major), max(net_amount_major)
FROM polar_bi.link_checkouts
WHERE is_sellable
GROUP BY product_id, currency, recurring_interval
HAVING min(net_amount) <> max(net_amount);
