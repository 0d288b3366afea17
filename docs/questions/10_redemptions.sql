-- How are discounts redeemed over time?
SELECT date_trunc('day', not_after) AS day, discount_name, sum(redemptions) AS redemptions
FROM polar_bi.discount_redemptions
GROUP BY 1, 2
ORDER BY 1, 2;
