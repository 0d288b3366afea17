-- What analysts' views look for among all links, and is rare: those that fix a quantity, and those that are gone.

-- +goose Up
CREATE INDEX checkout_links_quantities_idx ON checkout_links (id) WHERE seats IS NOT NULL OR units IS NOT NULL;
CREATE INDEX checkout_links_removed_idx ON checkout_links (id) WHERE removed_at IS NOT NULL;

-- +goose Down
DROP INDEX checkout_links_removed_idx;
DROP INDEX checkout_links_quantities_idx;
