package db

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"syncer/internal/db/query"
	"syncer/internal/secret"
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

	Organizations []uuid.UUID     // whose rows these are; the run has claimed them
	Shown         []uuid.UUID     // organizations that its links are of
	NotAfter      time.Time       // when the last request of the batch had been answered
	Checkpoint    json.RawMessage // how far the run is with this batch; nil: not noted

	Failures query.RecordFailuresParams // without source and run
	Written  []uuid.UUID                // links whose failures are over
	Drift    query.RecordDriftParams    // without when the run began
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

// Save writes a batch in one transaction, or nothing of it. Only rows that
// differ are touched, always in the same order. The error is ErrLost when the run
// does not hold its source and the batch's organizations any more, ErrRejected when
// Postgres refuses a row, ErrUnreachable, ErrReadOnly, ErrLocked, or an unexpected one.
//
// Should the answer to a commit be lost, the batch is sent again and changes nothing:
// the changes are unknown then, and drift counts twice.
func (d *DB) Save(ctx context.Context, run *Run, b *Batch) (Changes, error) {
	var changes Changes
	err := d.session.send(ctx, func(batch *pgx.Batch) error {
		q := &queue{batch: batch, changes: Changes{}}
		changes = q.changes
		return q.fill(ctx, run, b)
	})
	if err != nil {
		return nil, classify(err)
	}
	run.keep(run.newcomers(b.Shown))
	return changes, nil
}

// queue is the query.DBTX that collects statements instead of sending them, so
// that generated code fills one pgx.Batch: one round trip, and one transaction,
// since nothing ends it before the batch's end.
type queue struct {
	batch   *pgx.Batch
	table   string // that the next statement writes
	changes Changes
}

// fill queues the statements of a batch, between the one that tells history about
// the run and the fence. Statements without rows are left out.
func (q *queue) fill(ctx context.Context, run *Run, b *Batch) error {
	to := query.New(q)
	if err := to.BeginBatch(ctx, query.BeginBatchParams{
		ID: run.ID, NotBefore: setting(run.previous(b.Organizations)), NotAfter: setting(b.NotAfter),
	}); err != nil {
		return err
	}
	for _, t := range catalogue {
		q.table = t.name
		for _, s := range t.statements {
			if len(s.ids(b)) == 0 {
				continue
			}
			if err := s.send(ctx, to, b); err != nil {
				return err
			}
		}
	}
	if len(b.Written) > 0 {
		if err := to.ClearFailures(ctx, query.ClearFailuresParams{Source: run.Source, CheckoutLinkID: b.Written}); err != nil {
			return err
		}
	}
	if len(b.Failures.CheckoutLinkID) > 0 {
		b.Failures.Source, b.Failures.RunID = run.Source, run.ID
		for i, message := range b.Failures.Message { // the body next to it is kept as it came
			b.Failures.Message[i] = secret.Mask(message)
		}
		if err := to.RecordFailures(ctx, b.Failures); err != nil {
			return err
		}
	}
	if newcomers := run.newcomers(b.Shown); len(newcomers) > 0 {
		if err := q.remember(ctx, to, run, newcomers); err != nil {
			return err
		}
	}
	if len(b.Drift.Path) > 0 {
		b.Drift.RunBegan = run.Clock.told
		if err := to.RecordDrift(ctx, b.Drift); err != nil {
			return err
		}
	}
	return to.EndBatch(ctx, query.EndBatchParams{
		ID: run.ID, Checkpoint: b.Checkpoint,
		OrganizationIDs: append([]uuid.UUID{}, b.Organizations...), // empty is not NULL
	})
}

// remember queues that the source keeps the newcomers.
func (q *queue) remember(ctx context.Context, to *query.Queries, run *Run, newcomers []uuid.UUID) error {
	if run.Moves {
		if err := to.ForgetOrganizations(ctx, run.Source); err != nil {
			return err
		}
	}
	return to.RememberOrganizations(ctx, query.RememberOrganizationsParams{
		Source: run.Source, Server: run.Server, RunID: run.ID, OrganizationIDs: newcomers,
	})
}

// Exec implements query.DBTX.
func (q *queue) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	q.batch.Queue(sql, args...)
	return pgconn.CommandTag{}, nil
}

// Query implements query.DBTX.
func (q *queue) Query(context.Context, string, ...any) (pgx.Rows, error) {
	return nil, errors.New("a batch has no statement that yields many rows")
}

// QueryRow takes the statements that answer with one row of what was inserted,
// updated and removed.
func (q *queue) QueryRow(_ context.Context, sql string, args ...any) pgx.Row {
	table := q.table
	q.batch.Queue(sql, args...).QueryRow(func(row pgx.Row) error {
		var c TableChanges
		if err := row.Scan(&c.Inserted, &c.Updated, &c.Removed); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
		q.changes.add(table, c)
		return nil
	})
	return unread{}
}

// unread stands for a row that arrives later.
type unread struct{}

func (unread) Scan(...any) error { return nil }

// setting writes a time as a setting's text; "" for none.
func setting(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
