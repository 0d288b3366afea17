-- What a checkout asks for at once: the sum of the product's live prices in one currency. A legacy price is a set of its own.
CREATE OR REPLACE VIEW polar.price_sets AS
SELECT
    q.product_id,
    q.currency,
    q.legacy_price_id,
    coalesce(q.legacy_price_id::text, q.currency, '') AS way_to_pay,
    q.asked_by,
    q.seats,
    q.units,
    min(q.legacy_interval) AS legacy_interval,
    count(*) AS prices,
    count(*) FILTER (WHERE q.is_metered) AS metered_prices,
    bool_or(q.amount_type = 'custom') AS buyer_chooses,
    min(q.quantity_kind) AS quantity_kind,
    coalesce(
        min(q.quantity) FILTER (WHERE q.quantity_kind = 'seats'),
        min(q.quantity) FILTER (WHERE q.quantity_kind = 'units')
    ) AS quantity,
    bool_or(q.quantity_is_locked) AS quantity_is_locked,
    -- The sum of bigints is a numeric.
    bool_and(q.amount IS NOT NULL OR NOT q.is_known)
    AND coalesce(sum(q.amount) BETWEEN -9223372036854775808 AND 9223372036854775807, true) AS is_askable,
    CASE
        WHEN bool_and(q.amount IS NOT NULL) AND sum(q.amount) BETWEEN -9223372036854775808 AND 9223372036854775807
            THEN sum(q.amount)::bigint
    END AS amount
FROM polar.quoted_prices AS q
GROUP BY q.product_id, q.currency, q.legacy_price_id, q.asked_by, q.seats, q.units;

COMMENT ON VIEW polar.price_sets IS 'What a checkout of a product asks for at once, in each currency, at the quantities that checkouts open with. For the views of analysts.';
COMMENT ON COLUMN polar.price_sets.product_id IS 'The product';
COMMENT ON COLUMN polar.price_sets.currency IS 'Code in lower case; null for prices without one';
COMMENT ON COLUMN polar.price_sets.legacy_price_id IS 'The legacy price that is this set; else null';
COMMENT ON COLUMN polar.price_sets.way_to_pay IS 'Names the set among those of the product: the legacy price, else the currency';
COMMENT ON COLUMN polar.price_sets.asked_by IS 'As in openings';
COMMENT ON COLUMN polar.price_sets.seats IS 'As in openings';
COMMENT ON COLUMN polar.price_sets.units IS 'As in openings';
COMMENT ON COLUMN polar.price_sets.legacy_interval IS 'Billing interval of a legacy price; else null';
COMMENT ON COLUMN polar.price_sets.prices IS 'Prices in the set';
COMMENT ON COLUMN polar.price_sets.metered_prices IS 'Those that are billed by usage';
COMMENT ON COLUMN polar.price_sets.buyer_chooses IS 'True with a price that the buyer chooses';
COMMENT ON COLUMN polar.price_sets.quantity_kind IS 'seats or units, with such a price; else null';
COMMENT ON COLUMN polar.price_sets.quantity IS 'How many the checkout opens with; null without such a price';
COMMENT ON COLUMN polar.price_sets.quantity_is_locked IS 'True when links ask for that many and the price allows it; null without such a price';
COMMENT ON COLUMN polar.price_sets.is_askable IS 'False when Polar could not ask for the sum: a part is missing or not whole, or a number does not fit 64 bits';
COMMENT ON COLUMN polar.price_sets.amount IS 'The sum in minor units; null when Polar could not ask for it, and with a price of an unknown kind';
