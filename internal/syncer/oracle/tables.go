package oracle

// everyEntity is what a table with an id has beside its own columns.
const everyEntity = `
	extra         jsonb       computed
	first_seen_at timestamptz computed
	changed_at    timestamptz computed
`

// newContract writes down every table, its key and its columns, and the shapes of
// the two nested kinds of tiers. No column stands anywhere else in this package.
func newContract() contract {
	c := contract{}
	c.links()
	c.products()
	c.prices()
	c.benefitsAndMedias()
	c.discounts()
	return c
}

func (c contract) links() {
	c.define("checkout_links", "id", `
		id                      uuid        required
		created_at              timestamptz required
		modified_at             timestamptz
		organization_id         uuid        required
		label                   text
		url                     text        required
		client_secret           text        required
		success_url             text
		return_url              text
		payment_processor       text        required
		allow_discount_codes    boolean     required
		require_billing_address boolean
		discount_id             uuid
		trial_interval          text
		trial_interval_count    bigint
		seats                   bigint
		units                   bigint
		metadata                jsonb       required
		removed_at              timestamptz computed
	`, "products", "discount",
		"product", "product_id", "product_price", "product_price_id") // deprecated copies of products[0]
	c.define("checkout_link_products", "checkout_link_id product_id", `
		checkout_link_id uuid
		product_id       uuid
		position         bigint
	`)
}

func (c contract) products() {
	c.define("products", "id", `
		id                       uuid        required
		created_at               timestamptz required
		modified_at              timestamptz
		organization_id          uuid        required
		name                     text        required
		description              text
		visibility               text
		is_recurring             boolean     required
		is_archived              boolean     required
		recurring_interval       text
		recurring_interval_count bigint
		meter_interval           text
		meter_interval_count     bigint
		trial_interval           text
		trial_interval_count     bigint
		metadata                 jsonb
	`, "prices", "benefits", "medias")
}

func (c contract) prices() {
	c.define("prices", "id", `
		id                 uuid        required
		product_id         uuid        required
		created_at         timestamptz required
		modified_at        timestamptz
		source             text
		amount_type        text        required
		type               text
		recurring_interval text
		legacy             boolean
		is_archived        boolean     required
		price_currency     text
		tax_behavior       text
		price_amount       bigint
		minimum_amount     bigint
		maximum_amount     bigint
		preset_amount      bigint
		unit_amount        numeric
		cap_amount         bigint
		meter_id           uuid
		price_per_seat     bigint
		tier_type          text        computed
		minimum_seats      bigint      computed
		maximum_seats      bigint      computed
		minimum_units      bigint
		maximum_units      bigint
		unit_label         jsonb
		removed_at         timestamptz computed
	`, "meter", "seat_tiers", "tiers")
	c.define("price_tiers", "price_id position", `
		price_id       uuid
		position       bigint
	`+seatTier+unitTier)
	c.define("meters", "id", `
		id                uuid        required
		name              text        required
		unit              text        required
		custom_label      text
		custom_multiplier bigint
	`)

	c.define("seat_tiers", "", `
		seat_tier_type text
		minimum_seats  bigint
		maximum_seats  bigint
	`, "tiers")
	c.define("seat_tiers.tiers", "", seatTier)
	c.define("tiers", "", `
		type text
	`, "tiers")
	c.define("tiers.tiers", "", unitTier)
}

// The columns of price_tiers are the keys of either kind of tier.
const (
	seatTier = `
		min_seats      bigint
		max_seats      bigint
		price_per_seat bigint
	`
	unitTier = `
		bound          bigint
		unit_amount    numeric
	`
)

func (c contract) benefitsAndMedias() {
	c.define("benefits", "id", `
		id              uuid        required
		created_at      timestamptz required
		modified_at     timestamptz
		organization_id uuid        required
		type            text        required
		description     text        required
		selectable      boolean     required
		deletable       boolean     required
		is_deleted      boolean
		credit_units    bigint      computed
		credit_meter_id uuid        computed
	`, "properties")
	c.define("product_benefits", "product_id position", `
		product_id uuid
		position   bigint
		benefit_id uuid
	`)
	c.define("medias", "id", `
		id                     uuid        required
		created_at             timestamptz required
		organization_id        uuid        required
		name                   text        required
		path                   text        required
		mime_type              text        required
		size                   bigint      required
		storage_version        text
		checksum_etag          text
		checksum_sha256_base64 text
		checksum_sha256_hex    text
		last_modified_at       timestamptz
		version                text
		service                text        required
		is_uploaded            boolean     required
		size_readable          text        required
		public_url             text        required
	`)
	c.define("product_medias", "product_id position", `
		product_id uuid
		position   bigint
		media_id   uuid
	`)
}

func (c contract) discounts() {
	c.define("discounts", "id", `
		id                           uuid        required
		created_at                   timestamptz required
		modified_at                  timestamptz
		organization_id              uuid        required
		name                         text        required
		code                         text
		type                         text        required
		duration                     text        required
		duration_in_months           bigint
		amount                       bigint
		currency                     text
		basis_points                 bigint
		starts_at                    timestamptz
		ends_at                      timestamptz
		max_redemptions              bigint
		max_redemptions_per_customer bigint
		redemptions_count            bigint      required
		metadata                     jsonb       required
	`, "amounts")
	c.define("discount_amounts", "discount_id currency", `
		discount_id uuid
		currency    text
		amount      bigint
	`)
}

// WithoutTimes removes what depends on which request showed what: our own
// times, and when exactly something was removed. It changes t and returns it.
func (t Tables) WithoutTimes() Tables {
	for _, rows := range t {
		for _, r := range rows {
			for _, column := range []string{"first_seen_at", "changed_at"} {
				if _, has := r[column]; has {
					r[column] = nil
				}
			}
			if r["removed_at"] != nil {
				r["removed_at"] = new("set")
			}
		}
	}
	return t
}
