-- Which benefits a product gives.
CREATE OR REPLACE VIEW polar_bi.product_benefits AS
SELECT
    j.product_id,
    p.name AS product_name,
    j.position,
    j.benefit_id,
    b.type AS benefit_type,
    b.description AS benefit_description
FROM polar.product_benefits AS j
JOIN polar.products AS p ON p.id = j.product_id
JOIN polar.benefits AS b ON b.id = j.benefit_id;

COMMENT ON VIEW polar_bi.product_benefits IS 'One row for every benefit of a product, in Polar''s order. The same benefit may stand twice.';
COMMENT ON COLUMN polar_bi.product_benefits.product_id IS 'Polar''s id of the product';
COMMENT ON COLUMN polar_bi.product_benefits.product_name IS 'Name of the product';
COMMENT ON COLUMN polar_bi.product_benefits.position IS 'Place in the product''s list of benefits, from 0';
COMMENT ON COLUMN polar_bi.product_benefits.benefit_id IS 'Polar''s id of the benefit';
COMMENT ON COLUMN polar_bi.product_benefits.benefit_type IS 'Kind of benefit: custom, discord, github_repository, downloadables, license_keys, meter_credit, feature_flag, slack_shared_channel, ads, or one Polar added since';
COMMENT ON COLUMN polar_bi.product_benefits.benefit_description IS 'Description shown to customers';
