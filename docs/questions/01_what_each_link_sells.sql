-- What does each link sell, and for how much now?
SELECT link_label, product_name, net_amount_major, currency, recurring_interval, metered_prices, trial_interval
FROM polar_bi.link_checkouts
WHERE is_sellable AND is_default_currency IS NOT FALSE
ORDER BY link_label, product_position;
