-- Every discount ever seen, and whether it can still be redeemed.
CREATE OR REPLACE VIEW polar_bi.discounts AS
SELECT
    d.id AS discount_id,
    d.name,
    d.code,
    d.organization_id,
    d.type,
    d.basis_points,
    d.basis_points * 0.01 AS percent,
    CASE WHEN t.amounts <> '{}' THEN t.amounts END AS amounts,
    d.duration,
    d.duration_in_months,
    d.starts_at,
    d.ends_at,
    CASE
        WHEN d.starts_at > now() THEN 'not_started'
        WHEN d.ends_at < now() THEN 'ended'
        WHEN d.redemptions_count >= d.max_redemptions THEN 'used_up'
        ELSE 'redeemable'
    END AS status,
    d.redemptions_count,
    d.max_redemptions,
    CASE
        WHEN d.redemptions_count >= d.max_redemptions THEN 0
        -- As numeric: a count below 0, which only a hand can write, could lead beyond a bigint.
        WHEN d.max_redemptions::numeric - d.redemptions_count <= 9223372036854775807 THEN (d.max_redemptions::numeric - d.redemptions_count)::bigint
    END AS redemptions_left,
    d.max_redemptions_per_customer,
    coalesce(n.live_links, 0) AS live_links,
    d.metadata,
    d.created_at,
    d.modified_at,
    d.first_seen_at,
    d.changed_at
FROM polar.discounts AS d
LEFT JOIN polar.discount_terms AS t ON t.discount_id = d.id
LEFT JOIN (
    SELECT l.discount_id, count(*) AS live_links
    FROM polar.checkout_links AS l
    WHERE l.removed_at IS NULL
    GROUP BY l.discount_id
) AS n ON n.discount_id = d.id;

COMMENT ON VIEW polar_bi.discounts IS 'One row for every discount ever seen. A discount that was deleted at Polar looks like any other.';
COMMENT ON COLUMN polar_bi.discounts.discount_id IS 'Polar''s id of the discount';
COMMENT ON COLUMN polar_bi.discounts.name IS 'Name of the discount';
COMMENT ON COLUMN polar_bi.discounts.code IS 'Code a buyer can enter; null without one';
COMMENT ON COLUMN polar_bi.discounts.organization_id IS 'Polar''s id of the merchant''s organization';
COMMENT ON COLUMN polar_bi.discounts.type IS 'fixed (see amounts), percentage (see percent), or a kind Polar added since';
COMMENT ON COLUMN polar_bi.discounts.basis_points IS 'Hundredths of a percent off, 1250 is 12.5 %; null unless percentage';
COMMENT ON COLUMN polar_bi.discounts.percent IS 'Percent off, such as 12.50; null unless percentage';
COMMENT ON COLUMN polar_bi.discounts.amounts IS 'What is taken off, as an object of currency to amount in minor units; null unless fixed';
COMMENT ON COLUMN polar_bi.discounts.duration IS 'How long it lasts on a subscription: once, forever, repeating, or a value Polar added since';
COMMENT ON COLUMN polar_bi.discounts.duration_in_months IS 'Number of months that it lasts; null unless repeating';
COMMENT ON COLUMN polar_bi.discounts.starts_at IS 'First moment it can be used; null for no limit';
COMMENT ON COLUMN polar_bi.discounts.ends_at IS 'Last moment it can be used; null for no limit';
COMMENT ON COLUMN polar_bi.discounts.status IS 'As of now, the first that holds of not_started, ended, used_up, redeemable';
COMMENT ON COLUMN polar_bi.discounts.redemptions_count IS 'How often it has been used';
COMMENT ON COLUMN polar_bi.discounts.max_redemptions IS 'How often it can be used in total; null for no limit';
COMMENT ON COLUMN polar_bi.discounts.redemptions_left IS 'How often it can still be used, never below 0; null for no limit';
COMMENT ON COLUMN polar_bi.discounts.max_redemptions_per_customer IS 'How often one customer can use it; null for no limit, and when Polar did not send it';
COMMENT ON COLUMN polar_bi.discounts.live_links IS 'Number of live links that apply it by themselves; 0 when none does';
COMMENT ON COLUMN polar_bi.discounts.metadata IS 'The merchant''s own key-value pairs';
COMMENT ON COLUMN polar_bi.discounts.created_at IS 'When the discount was created at Polar';
COMMENT ON COLUMN polar_bi.discounts.modified_at IS 'When the discount last changed at Polar; null until the first time. Does not move when it is redeemed';
COMMENT ON COLUMN polar_bi.discounts.first_seen_at IS 'When we first saw the discount';
COMMENT ON COLUMN polar_bi.discounts.changed_at IS 'When we last saw any of its fields changed, its count included';
