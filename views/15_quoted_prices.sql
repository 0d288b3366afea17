-- What every live price adds to the sum that a checkout asks for, at the quantities that checkouts open with.
CREATE OR REPLACE VIEW polar.quoted_prices AS
SELECT
    p.price_id,
    p.product_id,
    p.currency,
    p.legacy_price_id,
    p.legacy_interval,
    coalesce(p.legacy_price_id::text, p.currency, '') AS way_to_pay,
    o.asked_by,
    o.seats,
    o.units,
    p.amount_type,
    p.is_metered,
    p.is_known,
    p.quantity_kind,
    coalesce(t.quantity, p.least) AS quantity,
    CASE WHEN p.quantity_kind IS NOT NULL THEN coalesce(t.quantity_is_locked, false) END AS quantity_is_locked,
    -- One that is not whole, or does not fit 64 bits, is an error at Polar. Never cast before that is known.
    CASE
        WHEN NOT p.is_known THEN NULL
        WHEN p.quantity_kind IS NULL THEN p.plain_amount
        WHEN t.amount = trunc(t.amount) AND t.amount BETWEEN -9223372036854775808 AND 9223372036854775807 THEN t.amount::bigint
    END AS amount
FROM polar.live_prices AS p
JOIN polar.openings AS o ON o.product_id = p.product_id
LEFT JOIN polar.tiered_amounts AS t
    ON t.price_id = p.price_id AND t.asked_by = o.asked_by AND t.seats = o.seats AND t.units = o.units;

COMMENT ON VIEW polar.quoted_prices IS 'What every live price adds to the sum that a checkout asks for, at the quantities that checkouts open with. For the views of analysts.';
COMMENT ON COLUMN polar.quoted_prices.price_id IS 'The price';
COMMENT ON COLUMN polar.quoted_prices.product_id IS 'The product';
COMMENT ON COLUMN polar.quoted_prices.currency IS 'Code in lower case; null for a price without one';
COMMENT ON COLUMN polar.quoted_prices.legacy_price_id IS 'The price again if it is a legacy one; else null';
COMMENT ON COLUMN polar.quoted_prices.legacy_interval IS 'Billing interval of a legacy price; else null';
COMMENT ON COLUMN polar.quoted_prices.way_to_pay IS 'Names the set among those of the product: the legacy price, else the currency';
COMMENT ON COLUMN polar.quoted_prices.asked_by IS 'As in openings';
COMMENT ON COLUMN polar.quoted_prices.seats IS 'As in openings';
COMMENT ON COLUMN polar.quoted_prices.units IS 'As in openings';
COMMENT ON COLUMN polar.quoted_prices.amount_type IS 'Kind of price, as in prices';
COMMENT ON COLUMN polar.quoted_prices.is_metered IS 'True when the price is billed by usage';
COMMENT ON COLUMN polar.quoted_prices.is_known IS 'False when the kind of price, or of its tiers, is not known yet';
COMMENT ON COLUMN polar.quoted_prices.quantity_kind IS 'seats or units: what the price counts; null for others';
COMMENT ON COLUMN polar.quoted_prices.quantity IS 'How many the checkout opens with; null for others';
COMMENT ON COLUMN polar.quoted_prices.quantity_is_locked IS 'True when links ask for that many and the price allows it; null for others';
COMMENT ON COLUMN polar.quoted_prices.amount IS 'What it adds, in minor units; null for an unknown kind, and when Polar could not ask for it: a part is missing, it is not whole, or does not fit 64 bits';
