-- Every discount ever seen, and whether it can still be redeemed.
CREATE OR REPLACE VIEW polar_bi.discounts AS
SELECT d.id AS discount_id
FROM polar.discounts AS d;

COMMENT ON VIEW polar_bi.discounts IS 'One row for every discount ever seen.';
COMMENT ON COLUMN polar_bi.discounts.discount_id IS 'Polar''s id of the discount';
