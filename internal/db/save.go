package db

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"syncer/internal/db/query"
)

// Batch is the rows of some links and of everything under them, column by
// column: one slice per column, in which row i has index i. Rows of one table
// are sorted by key and no key stands twice.
type Batch struct {
	Meters               query.UpsertMetersParams
	Products             query.UpsertProductsParams
	Prices               query.UpsertPricesParams
	OfferedPrices        query.RemovePricesParams // all others of these products are removed
	PriceTiers           query.ReplacePriceTiersParams
	Benefits             query.UpsertBenefitsParams
	ProductBenefits      query.ReplaceProductBenefitsParams
	Medias               query.UpsertMediasParams
	ProductMedias        query.ReplaceProductMediasParams
	Discounts            query.UpsertDiscountsParams
	DiscountAmounts      query.ReplaceDiscountAmountsParams
	CheckoutLinks        query.UpsertCheckoutLinksParams
	CheckoutLinkProducts query.ReplaceCheckoutLinkProductsParams
	RemovedCheckoutLinks query.RemoveCheckoutLinksParams

	Oldest        time.Time       // when the first request of the batch began
	SeenAt        time.Time       // when the last one did
	LeftOutSince  *time.Time      // when the first request began that showed rows which are left out because they are in place; nil: none are
	Organizations []uuid.UUID     // whose links these are
	Checkpoint    json.RawMessage // how far the run is with this batch; nil: not noted

	Failures query.RecordFailuresParams // without source and run
	Landed   []uuid.UUID                // links whose failures are over
	Drift    query.RecordDriftParams
}

// TableChanges are the rows of one table that a batch changed, an id for each.
// For prices it is the product's id; for tiers, amounts and join tables the id
// of what they belong to: price, discount, product, link.
type TableChanges struct{ Inserted, Updated, Removed []uuid.UUID }

// Changes are the rows a batch changed, by table.
type Changes map[string]TableChanges

func (c Changes) add(table string, more TableChanges) {
	t := c[table]
	t.Inserted = append(t.Inserted, more.Inserted...)
	t.Updated = append(t.Updated, more.Updated...)
	t.Removed = append(t.Removed, more.Removed...)
	c[table] = t
}

// saveTries is how often a batch is sent that met a deadlock or a serialization
// failure. The fixed order of tables and keys makes that rare.
const saveTries = 5

// Save writes a batch in one transaction, or nothing of it. Only rows that
// differ are touched, always in the same order. The error is ErrLost when the
// run does not hold its source any more, ErrStale when it would write and another
// run of the organization has seen later answers than these, or what it leaves out
// may have changed, ErrRejected when Postgres refuses a row, ErrUnreachable, or an
// unexpected one.
func (d *DB) Save(ctx context.Context, run Run, b *Batch) (Changes, error) {
	for try := 1; ; try++ {
		changes, err := b.send(ctx, d.pool, run)
		e, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || e.Code != "40P01" && e.Code != "40001" || try == saveTries {
			return changes, d.Explain(err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(rand.N(50 * time.Millisecond << try)): //nolint:gosec // jitter
		}
	}
}

// sender is a pool of connections, or a transaction.
type sender interface {
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

func (b *Batch) send(ctx context.Context, to sender, run Run) (Changes, error) {
	q := &queue{changes: Changes{}}
	if err := b.queue(ctx, q, run); err != nil {
		return nil, err
	}
	if err := to.SendBatch(ctx, &q.batch).Close(); err != nil {
		return nil, err
	}
	return q.changes, nil
}

// SaveNext is Save of a batch that is made while other runs have to wait: what it
// observes is newer than what any of them has seen. It is for the case that they
// were faster time and again. An error of observe is returned as it is.
func (d *DB) SaveNext(ctx context.Context, run Run, observe func(context.Context) (*Batch, error)) (Changes, error) {
	tx, err := d.pool.Begin(ctx)
	if err != nil {
		return nil, d.Explain(err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) // after Commit it does nothing
	if err := query.New(tx).LockRows(ctx); err != nil {
		return nil, d.Explain(err)
	}
	b, err := observe(ctx)
	if err != nil {
		return nil, err
	}
	changes, err := b.send(ctx, tx, run)
	if err != nil {
		return nil, d.Explain(err)
	}
	return changes, d.Explain(tx.Commit(ctx))
}

// queue lists the statements of a batch in the order that foreign keys ask for.
// Statements without rows are left out.
func (b *Batch) queue(ctx context.Context, q *queue, run Run) error {
	to := query.New(q)
	b.Failures.Source, b.Failures.RunID = run.Source, run.ID
	steps := []struct {
		table string
		rows  int
		call  func() error
	}{
		{"", 1, func() error {
			return to.BeginBatch(ctx, query.BeginBatchParams{
				ID: run.ID, SeenAt: setting(b.SeenAt), Previous: setting(run.Previous),
			})
		}},
		{"meters", len(b.Meters.ID), one(ctx, to.UpsertMeters, b.Meters)},
		{"products", len(b.Products.ID), one(ctx, to.UpsertProducts, b.Products)},
		{"prices", len(b.Prices.ID), one(ctx, to.UpsertPrices, b.Prices)},
		{"prices", len(b.OfferedPrices.ProductID), one(ctx, to.RemovePrices, b.OfferedPrices)},
		{"price_tiers", len(b.PriceTiers.OwnerID), one(ctx, to.ReplacePriceTiers, b.PriceTiers)},
		{"benefits", len(b.Benefits.ID), one(ctx, to.UpsertBenefits, b.Benefits)},
		{"product_benefits", len(b.ProductBenefits.OwnerID), one(ctx, to.ReplaceProductBenefits, b.ProductBenefits)},
		{"medias", len(b.Medias.ID), one(ctx, to.UpsertMedias, b.Medias)},
		{"product_medias", len(b.ProductMedias.OwnerID), one(ctx, to.ReplaceProductMedias, b.ProductMedias)},
		{"discounts", len(b.Discounts.ID), one(ctx, to.UpsertDiscounts, b.Discounts)},
		{"discount_amounts", len(b.DiscountAmounts.OwnerID), one(ctx, to.ReplaceDiscountAmounts, b.DiscountAmounts)},
		{"checkout_links", len(b.CheckoutLinks.ID), one(ctx, to.UpsertCheckoutLinks, b.CheckoutLinks)},
		{"checkout_link_products", len(b.CheckoutLinkProducts.OwnerID), one(ctx, to.ReplaceCheckoutLinkProducts, b.CheckoutLinkProducts)},
		{"checkout_links", len(b.RemovedCheckoutLinks.ID), one(ctx, to.RemoveCheckoutLinks, b.RemovedCheckoutLinks)},
		{"", len(b.Landed), func() error {
			return to.ClearFailures(ctx, query.ClearFailuresParams{Source: run.Source, CheckoutLinkID: b.Landed})
		}},
		{"", len(b.Failures.CheckoutLinkID), func() error { return to.RecordFailures(ctx, b.Failures) }},
		{"", len(b.Drift.Path), func() error { return to.RecordDrift(ctx, b.Drift) }},
		{"", 1, func() error {
			return to.EndBatch(ctx, query.EndBatchParams{
				ID: run.ID, Checkpoint: b.Checkpoint, Oldest: b.Oldest, Newest: b.SeenAt, LeftOutSince: b.LeftOutSince,
				OrganizationID: append([]uuid.UUID{}, b.Organizations...), // empty is not NULL
			})
		}},
	}
	for _, s := range steps {
		if s.rows == 0 {
			continue
		}
		q.table = s.table
		if err := s.call(); err != nil {
			return err
		}
	}
	return nil
}

// setting writes a time as a setting's text; "" for none.
func setting(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// one fits a generated method of any parameters and result into the list above.
func one[P, R any](ctx context.Context, method func(context.Context, P) (R, error), params P) func() error {
	return func() error {
		_, err := method(ctx, params)
		return err
	}
}
