-- The catalogue: Polar's checkout links and everything nested in them, as rows.
-- Column names are the API's field names. Enums are text, so that a value Polar
-- adds tomorrow still fits. A column that not every shape of the API sends is
-- nullable; null then means "not sent".

-- +goose Up
CREATE TABLE meters (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    unit text NOT NULL,
    custom_label text,
    custom_multiplier bigint,
    extra jsonb NOT NULL DEFAULT '{}',
    first_seen_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);

COMMENT ON TABLE meters IS 'What metered prices count, as nested in those prices. Polar shows no times for a meter here.';
COMMENT ON COLUMN meters.id IS 'Polar''s id of the meter';
COMMENT ON COLUMN meters.name IS 'Name shown to customers';
COMMENT ON COLUMN meters.unit IS 'Counted unit: scalar, token, custom, or a value Polar added since';
COMMENT ON COLUMN meters.custom_label IS 'Label of the unit when unit is custom';
COMMENT ON COLUMN meters.custom_multiplier IS 'How many counted units make one displayed unit, when unit is custom';
COMMENT ON COLUMN meters.extra IS 'Every key Polar sent for this meter that has no column, value untouched';
COMMENT ON COLUMN meters.first_seen_at IS 'Start of the request that first showed this row';
COMMENT ON COLUMN meters.changed_at IS 'Start of the request that last changed any column of this row';

CREATE TABLE products (
    id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL,
    modified_at timestamptz,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    description text,
    visibility text,
    is_recurring boolean NOT NULL,
    is_archived boolean NOT NULL,
    recurring_interval text,
    recurring_interval_count bigint,
    meter_interval text,
    meter_interval_count bigint,
    trial_interval text,
    trial_interval_count bigint,
    metadata jsonb,
    extra jsonb NOT NULL DEFAULT '{}',
    first_seen_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);

COMMENT ON TABLE products IS 'What is sold. A product is known only through the synced links that show it: one that left all of them stays here as last seen.';
COMMENT ON COLUMN products.id IS 'Polar''s id of the product';
COMMENT ON COLUMN products.created_at IS 'When the product was created at Polar';
COMMENT ON COLUMN products.modified_at IS 'When the product''s own fields last changed at Polar; null until the first time. Does not move when prices, benefits or medias change.';
COMMENT ON COLUMN products.organization_id IS 'Polar''s id of the merchant''s organization';
COMMENT ON COLUMN products.name IS 'Name shown to customers';
COMMENT ON COLUMN products.description IS 'Description shown to customers, Markdown, of any length';
COMMENT ON COLUMN products.visibility IS 'Where the product shows: draft, private, public, or a value Polar added since; null when Polar did not send it';
COMMENT ON COLUMN products.is_recurring IS 'True for a subscription, false for a one-time purchase';
COMMENT ON COLUMN products.is_archived IS 'True when the product is no longer for sale';
COMMENT ON COLUMN products.recurring_interval IS 'Billing interval of a subscription: day, week, month, year; null for a one-time purchase and for legacy products, whose prices carry it';
COMMENT ON COLUMN products.recurring_interval_count IS 'Number of intervals between two payments; null for a one-time purchase';
COMMENT ON COLUMN products.meter_interval IS 'Interval at which metered usage is billed when it differs from the subscription''s';
COMMENT ON COLUMN products.meter_interval_count IS 'Number of meter intervals between two bills of metered usage';
COMMENT ON COLUMN products.trial_interval IS 'Unit of the trial period: day, week, month, year; null without a trial';
COMMENT ON COLUMN products.trial_interval_count IS 'Number of units of the trial period; null without a trial';
COMMENT ON COLUMN products.metadata IS 'The merchant''s own key-value pairs, numbers exact; null when Polar did not send it';
COMMENT ON COLUMN products.extra IS 'Every key Polar sent for this product that has no column, value untouched';
COMMENT ON COLUMN products.first_seen_at IS 'Start of the request that first showed this row';
COMMENT ON COLUMN products.changed_at IS 'Start of the request that last changed any column of this row';

CREATE TABLE prices (
    id uuid PRIMARY KEY,
    product_id uuid NOT NULL REFERENCES products (id),
    created_at timestamptz NOT NULL,
    modified_at timestamptz,
    source text,
    amount_type text NOT NULL,
    type text,
    recurring_interval text,
    legacy boolean NOT NULL DEFAULT false,
    is_archived boolean NOT NULL,
    price_currency text,
    tax_behavior text,
    price_amount bigint,
    minimum_amount bigint,
    maximum_amount bigint,
    preset_amount bigint,
    unit_amount numeric,
    cap_amount bigint,
    meter_id uuid REFERENCES meters (id),
    price_per_seat bigint,
    tier_type text,
    minimum_seats bigint,
    maximum_seats bigint,
    minimum_units bigint,
    maximum_units bigint,
    unit_label jsonb,
    extra jsonb NOT NULL DEFAULT '{}',
    first_seen_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    removed_at timestamptz
);

CREATE INDEX prices_product_id_idx ON prices (product_id);
CREATE INDEX prices_meter_id_idx ON prices (meter_id);

COMMENT ON TABLE prices IS 'What a product costs, one row per price. Prices never change at Polar: a new amount is a new row, and the old one gets removed_at. For today''s prices: WHERE removed_at IS NULL.';
COMMENT ON COLUMN prices.id IS 'Polar''s id of the price';
COMMENT ON COLUMN prices.product_id IS 'The one product this price belongs to';
COMMENT ON COLUMN prices.created_at IS 'When the price was created at Polar';
COMMENT ON COLUMN prices.modified_at IS 'When the price last changed at Polar; null as a rule, since prices are replaced';
COMMENT ON COLUMN prices.source IS 'Where the price comes from: catalog, or a value Polar added since; null when Polar did not send it';
COMMENT ON COLUMN prices.amount_type IS 'Kind of price: fixed, custom (pay what you want), free, metered_unit, seat_based, unit_based, or one Polar added since. It decides which of the amount columns are filled.';
COMMENT ON COLUMN prices.type IS 'one_time or recurring; deprecated by Polar for all but legacy prices';
COMMENT ON COLUMN prices.recurring_interval IS 'Billing interval of a legacy recurring price; on others a deprecated copy of the product''s';
COMMENT ON COLUMN prices.legacy IS 'True when Polar marks the price as legacy: several recurring intervals under one product';
COMMENT ON COLUMN prices.is_archived IS 'True when the price is no longer offered';
COMMENT ON COLUMN prices.price_currency IS 'ISO 4217 code in lower case; null for kinds without a currency (free)';
COMMENT ON COLUMN prices.tax_behavior IS 'Whether the amount includes tax: inclusive, exclusive, location, or null for the organization''s default';
COMMENT ON COLUMN prices.price_amount IS 'fixed: the amount in minor units of price_currency (cents); 0 is free';
COMMENT ON COLUMN prices.minimum_amount IS 'custom: least amount the buyer may choose, in minor units';
COMMENT ON COLUMN prices.maximum_amount IS 'custom: most the buyer may choose, in minor units; null for no limit';
COMMENT ON COLUMN prices.preset_amount IS 'custom: amount preset in the form, in minor units; null for none';
COMMENT ON COLUMN prices.unit_amount IS 'metered_unit: price of one unit in minor units, with fractions of a cent, exact';
COMMENT ON COLUMN prices.cap_amount IS 'metered_unit: most to charge per period, in minor units; null for no cap';
COMMENT ON COLUMN prices.meter_id IS 'metered_unit: the meter that counts';
COMMENT ON COLUMN prices.price_per_seat IS 'seat_based: price of a seat in the first tier, in minor units; all tiers are in price_tiers';
COMMENT ON COLUMN prices.tier_type IS 'seat_based and unit_based: volume (one tier''s price for all) or graduated (each tier''s price for its share)';
COMMENT ON COLUMN prices.minimum_seats IS 'seat_based: least number of seats that can be bought';
COMMENT ON COLUMN prices.maximum_seats IS 'seat_based: greatest number of seats; null for no limit';
COMMENT ON COLUMN prices.minimum_units IS 'unit_based: least number of units that can be bought; null for none';
COMMENT ON COLUMN prices.maximum_units IS 'unit_based: greatest number of units; null for no limit';
COMMENT ON COLUMN prices.unit_label IS 'unit_based: name of a unit, locale to plural form to word';
COMMENT ON COLUMN prices.extra IS 'Every key Polar sent for this price that has no column, value untouched; unknown keys of its tiers keep their path';
COMMENT ON COLUMN prices.first_seen_at IS 'Start of the request that first showed this row';
COMMENT ON COLUMN prices.changed_at IS 'Start of the request that last changed any column of this row';
COMMENT ON COLUMN prices.removed_at IS 'Start of the request that showed the product without this price; null while it is offered';

CREATE TABLE price_tiers (
    price_id uuid NOT NULL REFERENCES prices (id),
    position integer NOT NULL,
    min_seats bigint,
    max_seats bigint,
    price_per_seat bigint,
    bound bigint,
    unit_amount numeric,
    PRIMARY KEY (price_id, position)
);

COMMENT ON TABLE price_tiers IS 'The steps of a seat_based price (min_seats, max_seats, price_per_seat) or a unit_based price (bound, unit_amount).';
COMMENT ON COLUMN price_tiers.price_id IS 'The price this tier belongs to';
COMMENT ON COLUMN price_tiers.position IS 'Place in Polar''s list, from 0';
COMMENT ON COLUMN price_tiers.min_seats IS 'seat_based: first seat this tier applies to';
COMMENT ON COLUMN price_tiers.max_seats IS 'seat_based: last seat this tier applies to; null for no end';
COMMENT ON COLUMN price_tiers.price_per_seat IS 'seat_based: price of one seat in minor units';
COMMENT ON COLUMN price_tiers.bound IS 'unit_based: last unit this tier applies to; null for no end';
COMMENT ON COLUMN price_tiers.unit_amount IS 'unit_based: price of one unit in minor units, exact';

CREATE TABLE benefits (
    id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL,
    modified_at timestamptz,
    organization_id uuid NOT NULL,
    type text NOT NULL,
    description text NOT NULL,
    selectable boolean NOT NULL,
    deletable boolean NOT NULL,
    is_deleted boolean,
    extra jsonb NOT NULL DEFAULT '{}',
    first_seen_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);

COMMENT ON TABLE benefits IS 'What a buyer gets. A benefit that is deleted or made private vanishes from its products but stays here as last seen.';
COMMENT ON COLUMN benefits.id IS 'Polar''s id of the benefit';
COMMENT ON COLUMN benefits.created_at IS 'When the benefit was created at Polar';
COMMENT ON COLUMN benefits.modified_at IS 'When the benefit last changed at Polar; null until the first time';
COMMENT ON COLUMN benefits.organization_id IS 'Polar''s id of the merchant''s organization';
COMMENT ON COLUMN benefits.type IS 'Kind of benefit: custom, discord, github_repository, downloadables, license_keys, meter_credit, feature_flag, slack_shared_channel, ads, or one Polar added since';
COMMENT ON COLUMN benefits.description IS 'Description shown to customers';
COMMENT ON COLUMN benefits.selectable IS 'True when the merchant may attach the benefit to a product';
COMMENT ON COLUMN benefits.deletable IS 'True when the merchant may delete the benefit';
COMMENT ON COLUMN benefits.is_deleted IS 'True when the benefit is deleted at Polar; null when Polar did not send it';
COMMENT ON COLUMN benefits.extra IS 'Every key Polar sent for this benefit that has no column, value untouched';
COMMENT ON COLUMN benefits.first_seen_at IS 'Start of the request that first showed this row';
COMMENT ON COLUMN benefits.changed_at IS 'Start of the request that last changed any column of this row';

CREATE TABLE product_benefits (
    product_id uuid NOT NULL REFERENCES products (id),
    position integer NOT NULL,
    benefit_id uuid NOT NULL REFERENCES benefits (id),
    PRIMARY KEY (product_id, position)
);

CREATE INDEX product_benefits_benefit_id_idx ON product_benefits (benefit_id);

COMMENT ON TABLE product_benefits IS 'Which benefits a product gives, in Polar''s order. The same benefit may appear twice.';
COMMENT ON COLUMN product_benefits.product_id IS 'The product';
COMMENT ON COLUMN product_benefits.position IS 'Place in Polar''s list, from 0';
COMMENT ON COLUMN product_benefits.benefit_id IS 'The benefit at that place';

CREATE TABLE medias (
    id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    path text NOT NULL,
    mime_type text NOT NULL,
    size bigint NOT NULL,
    storage_version text,
    checksum_etag text,
    checksum_sha256_base64 text,
    checksum_sha256_hex text,
    last_modified_at timestamptz,
    version text,
    service text NOT NULL,
    is_uploaded boolean NOT NULL,
    size_readable text NOT NULL,
    public_url text NOT NULL,
    extra jsonb NOT NULL DEFAULT '{}',
    first_seen_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);

COMMENT ON TABLE medias IS 'Pictures of products.';
COMMENT ON COLUMN medias.id IS 'Polar''s id of the file';
COMMENT ON COLUMN medias.created_at IS 'When the file was created at Polar';
COMMENT ON COLUMN medias.organization_id IS 'Polar''s id of the merchant''s organization';
COMMENT ON COLUMN medias.name IS 'File name';
COMMENT ON COLUMN medias.path IS 'Path in Polar''s storage';
COMMENT ON COLUMN medias.mime_type IS 'Media type, such as image/png';
COMMENT ON COLUMN medias.size IS 'Size in bytes';
COMMENT ON COLUMN medias.storage_version IS 'Version id in Polar''s storage; may be the text "null"';
COMMENT ON COLUMN medias.checksum_etag IS 'ETag of the storage, quotes included';
COMMENT ON COLUMN medias.checksum_sha256_base64 IS 'SHA-256 of the file, base64';
COMMENT ON COLUMN medias.checksum_sha256_hex IS 'SHA-256 of the file, hexadecimal';
COMMENT ON COLUMN medias.last_modified_at IS 'When the stored file last changed';
COMMENT ON COLUMN medias.version IS 'Version the merchant gave the file';
COMMENT ON COLUMN medias.service IS 'What the file is for: product_media, or a value Polar added since';
COMMENT ON COLUMN medias.is_uploaded IS 'True once the upload has ended';
COMMENT ON COLUMN medias.size_readable IS 'Size as Polar writes it for people';
COMMENT ON COLUMN medias.public_url IS 'Address of the picture; its host may change';
COMMENT ON COLUMN medias.extra IS 'Every key Polar sent for this file that has no column, value untouched';
COMMENT ON COLUMN medias.first_seen_at IS 'Start of the request that first showed this row';
COMMENT ON COLUMN medias.changed_at IS 'Start of the request that last changed any column of this row';

CREATE TABLE product_medias (
    product_id uuid NOT NULL REFERENCES products (id),
    position integer NOT NULL,
    media_id uuid NOT NULL REFERENCES medias (id),
    PRIMARY KEY (product_id, position)
);

CREATE INDEX product_medias_media_id_idx ON product_medias (media_id);

COMMENT ON TABLE product_medias IS 'Which pictures a product shows, in Polar''s order. The same picture may appear twice.';
COMMENT ON COLUMN product_medias.product_id IS 'The product';
COMMENT ON COLUMN product_medias.position IS 'Place in Polar''s list, from 0';
COMMENT ON COLUMN product_medias.media_id IS 'The picture at that place';

CREATE TABLE discounts (
    id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL,
    modified_at timestamptz,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    code text,
    type text NOT NULL,
    duration text NOT NULL,
    duration_in_months bigint,
    amount bigint,
    currency text,
    basis_points bigint,
    starts_at timestamptz,
    ends_at timestamptz,
    max_redemptions bigint,
    max_redemptions_per_customer bigint,
    redemptions_count bigint NOT NULL,
    metadata jsonb NOT NULL,
    extra jsonb NOT NULL DEFAULT '{}',
    first_seen_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);

COMMENT ON TABLE discounts IS 'Discounts that links apply automatically. A discount deleted at Polar stays nested in its links, unmarked.';
COMMENT ON COLUMN discounts.id IS 'Polar''s id of the discount';
COMMENT ON COLUMN discounts.created_at IS 'When the discount was created at Polar';
COMMENT ON COLUMN discounts.modified_at IS 'When the discount last changed at Polar; null until the first time. Does not move when it is redeemed.';
COMMENT ON COLUMN discounts.organization_id IS 'Polar''s id of the merchant''s organization';
COMMENT ON COLUMN discounts.name IS 'Name of the discount';
COMMENT ON COLUMN discounts.code IS 'Code a buyer can enter; null without one';
COMMENT ON COLUMN discounts.type IS 'fixed (an amount), percentage (basis points), or a kind Polar added since';
COMMENT ON COLUMN discounts.duration IS 'once, forever, repeating, or a value Polar added since';
COMMENT ON COLUMN discounts.duration_in_months IS 'repeating: number of months the discount applies';
COMMENT ON COLUMN discounts.amount IS 'fixed: amount off in minor units of currency; deprecated by Polar in favour of discount_amounts';
COMMENT ON COLUMN discounts.currency IS 'fixed: currency of amount; deprecated by Polar in favour of discount_amounts';
COMMENT ON COLUMN discounts.basis_points IS 'percentage: hundredths of a percent off, 1250 is 12.5 %';
COMMENT ON COLUMN discounts.starts_at IS 'First moment it can be used; null for no limit';
COMMENT ON COLUMN discounts.ends_at IS 'Last moment it can be used; null for no limit';
COMMENT ON COLUMN discounts.max_redemptions IS 'How often it can be used in total; null for no limit';
COMMENT ON COLUMN discounts.max_redemptions_per_customer IS 'How often one customer can use it; null for no limit, and when Polar did not send it';
COMMENT ON COLUMN discounts.redemptions_count IS 'How often it has been used';
COMMENT ON COLUMN discounts.metadata IS 'The merchant''s own key-value pairs, numbers exact';
COMMENT ON COLUMN discounts.extra IS 'Every key Polar sent for this discount that has no column, value untouched';
COMMENT ON COLUMN discounts.first_seen_at IS 'Start of the request that first showed this row';
COMMENT ON COLUMN discounts.changed_at IS 'Start of the request that last changed any column of this row';

CREATE TABLE discount_amounts (
    discount_id uuid NOT NULL REFERENCES discounts (id),
    currency text NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (discount_id, currency)
);

COMMENT ON TABLE discount_amounts IS 'What a fixed discount takes off, per currency.';
COMMENT ON COLUMN discount_amounts.discount_id IS 'The discount';
COMMENT ON COLUMN discount_amounts.currency IS 'ISO 4217 code in lower case';
COMMENT ON COLUMN discount_amounts.amount IS 'Amount off in minor units of currency';

CREATE TABLE checkout_links (
    id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL,
    modified_at timestamptz,
    organization_id uuid NOT NULL,
    label text,
    url text NOT NULL,
    client_secret text NOT NULL,
    success_url text,
    return_url text,
    payment_processor text NOT NULL,
    allow_discount_codes boolean NOT NULL,
    require_billing_address boolean,
    discount_id uuid REFERENCES discounts (id),
    trial_interval text,
    trial_interval_count bigint,
    seats bigint,
    units bigint,
    metadata jsonb NOT NULL,
    extra jsonb NOT NULL DEFAULT '{}',
    first_seen_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    removed_at timestamptz
);

CREATE INDEX checkout_links_discount_id_idx ON checkout_links (discount_id);

COMMENT ON TABLE checkout_links IS 'Polar''s checkout links. A link that is gone keeps its row and gets removed_at. For what is live: WHERE removed_at IS NULL.';
COMMENT ON COLUMN checkout_links.id IS 'Polar''s id of the link';
COMMENT ON COLUMN checkout_links.created_at IS 'When the link was created at Polar';
COMMENT ON COLUMN checkout_links.modified_at IS 'When the link''s own fields last changed at Polar; null until the first time. Does not move when its products change.';
COMMENT ON COLUMN checkout_links.organization_id IS 'Polar''s id of the merchant''s organization';
COMMENT ON COLUMN checkout_links.label IS 'The merchant''s name for the link; may be empty';
COMMENT ON COLUMN checkout_links.url IS 'Address a buyer opens. Contains the client secret: whoever has it can open the checkout.';
COMMENT ON COLUMN checkout_links.client_secret IS 'Secret part of the url: whoever has it can open the checkout';
COMMENT ON COLUMN checkout_links.success_url IS 'Where a buyer goes after paying; may hold the literal {CHECKOUT_ID}';
COMMENT ON COLUMN checkout_links.return_url IS 'Where the back button of the checkout leads; null when none or not sent';
COMMENT ON COLUMN checkout_links.payment_processor IS 'stripe, or a value Polar added since';
COMMENT ON COLUMN checkout_links.allow_discount_codes IS 'True when a buyer may enter a discount code';
COMMENT ON COLUMN checkout_links.require_billing_address IS 'True when the checkout asks for a full billing address; null when Polar did not send it';
COMMENT ON COLUMN checkout_links.discount_id IS 'Discount the link applies automatically; null for none';
COMMENT ON COLUMN checkout_links.trial_interval IS 'Unit of the trial period that overrides the product''s: day, week, month, year; null for none';
COMMENT ON COLUMN checkout_links.trial_interval_count IS 'Number of units of that trial period';
COMMENT ON COLUMN checkout_links.seats IS 'Number of seats the checkout starts with; null for none';
COMMENT ON COLUMN checkout_links.units IS 'Number of units the checkout starts with; null for none';
COMMENT ON COLUMN checkout_links.metadata IS 'The merchant''s own key-value pairs, numbers exact. Polar copies it to every checkout that starts here: use it to attribute orders to a link.';
COMMENT ON COLUMN checkout_links.extra IS 'Every key Polar sent for this link that has no column, value untouched';
COMMENT ON COLUMN checkout_links.first_seen_at IS 'Start of the request that first showed this row';
COMMENT ON COLUMN checkout_links.changed_at IS 'Start of the request that last changed any column of this row';
COMMENT ON COLUMN checkout_links.removed_at IS 'Start of the request that Polar answered with "no such link"; null while the link is live';

CREATE TABLE checkout_link_products (
    checkout_link_id uuid NOT NULL REFERENCES checkout_links (id),
    product_id uuid NOT NULL REFERENCES products (id),
    position integer NOT NULL,
    PRIMARY KEY (checkout_link_id, product_id)
);

CREATE INDEX checkout_link_products_product_id_idx ON checkout_link_products (product_id);

COMMENT ON TABLE checkout_link_products IS 'Which products a link offers. Position 0 is preselected.';
COMMENT ON COLUMN checkout_link_products.checkout_link_id IS 'The link';
COMMENT ON COLUMN checkout_link_products.product_id IS 'A product it offers';
COMMENT ON COLUMN checkout_link_products.position IS 'Place in Polar''s list, from 0';

-- +goose Down
DROP TABLE checkout_link_products;
DROP TABLE checkout_links;
DROP TABLE discount_amounts;
DROP TABLE discounts;
DROP TABLE product_medias;
DROP TABLE medias;
DROP TABLE product_benefits;
DROP TABLE benefits;
DROP TABLE price_tiers;
DROP TABLE prices;
DROP TABLE products;
DROP TABLE meters;
