-- Every product ever seen, and how many live links show it.
CREATE OR REPLACE VIEW polar_bi.products AS
SELECT
    p.id AS product_id,
    p.name,
    p.description,
    p.organization_id,
    p.visibility,
    p.is_archived,
    p.is_recurring,
    p.recurring_interval,
    p.recurring_interval_count,
    p.meter_interval,
    p.meter_interval_count,
    p.trial_interval,
    p.trial_interval_count,
    p.metadata,
    coalesce(n.live_links, 0) AS live_links,
    CASE WHEN n.product_id IS NULL THEN false ELSE true END AS is_watched,
    p.created_at,
    p.modified_at,
    p.first_seen_at,
    p.changed_at
FROM polar.products AS p
LEFT JOIN (
    SELECT j.product_id, count(*) AS live_links
    FROM polar.checkout_link_products AS j
    JOIN polar.checkout_links AS l ON l.id = j.checkout_link_id
    WHERE l.removed_at IS NULL
    GROUP BY j.product_id
) AS n ON n.product_id = p.id;

COMMENT ON VIEW polar_bi.products IS 'One row for every product ever seen. One that no live link shows is as it was last seen.';
COMMENT ON COLUMN polar_bi.products.product_id IS 'Polar''s id of the product';
COMMENT ON COLUMN polar_bi.products.name IS 'Name shown to customers';
COMMENT ON COLUMN polar_bi.products.description IS 'Description shown to customers, Markdown, of any length; null when there is none';
COMMENT ON COLUMN polar_bi.products.organization_id IS 'Polar''s id of the merchant''s organization';
COMMENT ON COLUMN polar_bi.products.visibility IS 'Where the product shows: draft, private, public, or a value Polar added since; null when Polar did not send it. Only draft keeps it from being sold';
COMMENT ON COLUMN polar_bi.products.is_archived IS 'True when the product was seen archived. Polar of today takes an archived product off its links instead, so false does not mean for sale: see is_watched';
COMMENT ON COLUMN polar_bi.products.is_recurring IS 'True for a subscription, false for a one-time purchase';
COMMENT ON COLUMN polar_bi.products.recurring_interval IS 'Billing interval of a subscription: day, week, month, year; null for a one-time purchase, and for a product whose legacy prices carry it';
COMMENT ON COLUMN polar_bi.products.recurring_interval_count IS 'Number of recurring_interval units between two payments; null for a one-time purchase';
COMMENT ON COLUMN polar_bi.products.meter_interval IS 'Interval at which metered usage is billed; null when it is the subscription''s';
COMMENT ON COLUMN polar_bi.products.meter_interval_count IS 'Number of meter_interval units between two bills of metered usage; null like meter_interval';
COMMENT ON COLUMN polar_bi.products.trial_interval IS 'Unit of the product''s own trial: day, week, month, year; null without one. A link may set another';
COMMENT ON COLUMN polar_bi.products.trial_interval_count IS 'Number of trial_interval units; null without a trial';
COMMENT ON COLUMN polar_bi.products.metadata IS 'The merchant''s own key-value pairs; null when Polar did not send them';
COMMENT ON COLUMN polar_bi.products.live_links IS 'Number of live links that show the product; 0 when none does';
COMMENT ON COLUMN polar_bi.products.is_watched IS 'True when at least one live link shows the product; else the row is as it was last seen';
COMMENT ON COLUMN polar_bi.products.created_at IS 'When the product was created at Polar';
COMMENT ON COLUMN polar_bi.products.modified_at IS 'When the product''s own fields last changed at Polar; null until the first time. Does not move when its prices or benefits change';
COMMENT ON COLUMN polar_bi.products.first_seen_at IS 'When we first saw the product';
COMMENT ON COLUMN polar_bi.products.changed_at IS 'When we last saw any of the product''s own fields changed';
