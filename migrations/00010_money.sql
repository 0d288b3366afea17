-- Which currencies have no minor unit at Polar, for whoever turns amounts into money in SQL.

-- +goose Up
-- A view: nobody can edit it, and a view that joins it needs no right of its readers to call a function.
CREATE VIEW zero_decimal_currencies AS
SELECT unnest(ARRAY[
    'bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga',
    'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf'
]) AS currency;

COMMENT ON VIEW zero_decimal_currencies IS 'The currencies whose amounts are in the currency''s own unit: divide by 1, and amounts in every other currency by 100. Polar''s own list, not ISO 4217''s: isk, ugx and huf have two decimals at Polar, mga none, and nothing has three.';
COMMENT ON COLUMN zero_decimal_currencies.currency IS 'Code in lower case, as in prices.price_currency';

COMMENT ON COLUMN prices.price_currency IS 'Code of the currency in lower case; null for kinds without one (free). Amounts are in its hundredths, or in the unit itself if zero_decimal_currencies lists it.';

-- +goose Down
COMMENT ON COLUMN prices.price_currency IS 'Code of the currency in lower case; null for kinds without one (free)';
DROP VIEW zero_decimal_currencies;
