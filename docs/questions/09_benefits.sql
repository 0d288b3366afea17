-- Which benefits come with which product?
SELECT product_name, benefit_type, benefit_description
FROM polar_bi.product_benefits
ORDER BY product_name, position;
