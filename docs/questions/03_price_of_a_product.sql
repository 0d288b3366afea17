-- How did the price of a product change?
-- Tools with parameters ask for :product, the name. psql is told before, with all of these quotes: \set product '''Pro plan'''
SELECT valid_from, valid_to, amount_type, amount_major, unit_amount_major, currency
FROM polar_bi.price_history
WHERE product_name = :product
ORDER BY currency, amount_type, valid_from;
