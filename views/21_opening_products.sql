-- Which product a link opens with: the first that is neither archived nor a draft.
CREATE OR REPLACE VIEW polar.opening_products AS
SELECT
    j.checkout_link_id,
    min(j.position) FILTER (WHERE NOT p.is_archived AND p.visibility IS DISTINCT FROM 'draft') AS position
FROM polar.checkout_link_products AS j
JOIN polar.products AS p ON p.id = j.product_id
GROUP BY j.checkout_link_id;

COMMENT ON VIEW polar.opening_products IS 'Which product a link opens with: the first that is neither archived nor a draft. For the views of analysts.';
COMMENT ON COLUMN polar.opening_products.checkout_link_id IS 'The link, live or not; one without products is not here';
COMMENT ON COLUMN polar.opening_products.position IS 'Place of the product on the link; null when none is open';
