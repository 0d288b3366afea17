-- What the analysts' views of prices and redemptions read of changes, however long the rest of it grows.

-- +goose Up
-- A row deleted by hand has no after: that is no price that Polar took off.
CREATE INDEX changes_offers_of_prices_idx ON changes (entity_id, id) INCLUDE (op, not_before, not_after)
    WHERE entity = 'prices' AND op IN ('remove', 'restore') AND after IS NOT NULL;
CREATE INDEX changes_redemptions_idx ON changes (not_after)
    WHERE entity = 'discounts' AND op = 'update' AND before ? 'redemptions_count';

-- +goose Down
DROP INDEX changes_redemptions_idx;
DROP INDEX changes_offers_of_prices_idx;
