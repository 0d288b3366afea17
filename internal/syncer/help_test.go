package syncer_test

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/secret"
	"syncer/internal/syncer"
	"syncer/internal/syncer/oracle"
)

// bench is everything a run needs, for real: a Postgres and a Polar on the wire.
type bench struct {
	tb     testing.TB
	db     *db.DB
	polar  *fetchtest.Server
	config fetch.Config // of client
	client *fetch.Client
	syncer *syncer.Syncer
}

func newBench(tb testing.TB, scenario string) *bench {
	tb.Helper()
	return benchOn(tb, fetchtest.Start(tb, scenario), dbtest.New(tb))
}

func benchOn(tb testing.TB, polar *fetchtest.Server, d *db.DB) *bench {
	tb.Helper()
	server, err := url.Parse(polar.URL)
	if err != nil {
		tb.Fatal(err)
	}
	b := &bench{tb: tb, db: d, polar: polar}
	b.config = fetch.Config{Server: server, Token: fetch.FixedToken(secret.New(polar.Token())), Backoff: time.Millisecond}
	b.client = fetch.New(b.config)
	tb.Cleanup(b.client.Close)
	b.syncer = &syncer.Syncer{DB: d, Logger: slog.New(slog.DiscardHandler), ClaimEvery: 5 * time.Millisecond}
	return b
}

// links is the source of all links known at the present step, by id.
func (b *bench) links() syncer.Source {
	b.tb.Helper()
	return syncer.Source{Name: "test", Client: b.client, IDs: ids(b.tb, b.polar.LinkIDs()...), Strategy: fetch.ByID}
}

// all is the source of every link of the organization.
func (b *bench) all() syncer.Source {
	return syncer.Source{Name: "test", Client: b.client, All: true}
}

// run makes one pass that must not end early.
func (b *bench) run(source syncer.Source) syncer.Report {
	b.tb.Helper()
	report, err := b.syncer.Run(b.tb.Context(), source, syncer.Options{Trigger: "test"})
	if err != nil {
		b.tb.Fatal(err)
	}
	return report
}

// keepAlive gives the signs of life of a run that the test itself is, until the test ends.
func (b *bench) keepAlive(run *db.Run) {
	var beating sync.WaitGroup
	beating.Go(func() {
		for ticker := time.NewTicker(time.Second); ; {
			select {
			case <-b.tb.Context().Done():
				ticker.Stop()
				return
			case <-ticker.C:
				_ = b.db.Beat(b.tb.Context(), run, 0, nil) // an error is one that the run gets, too
			}
		}
	})
	b.tb.Cleanup(beating.Wait)
}

func ids(tb testing.TB, texts ...string) []uuid.UUID {
	tb.Helper()
	all := make([]uuid.UUID, len(texts))
	for i, text := range texts {
		id, err := uuid.Parse(text)
		if err != nil {
			tb.Fatal(err)
		}
		all[i] = id
	}
	slices.SortFunc(all, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return all
}

// answers are what the recording holds for the present step.
func (b *bench) answers(rec *fetchtest.Recording) []oracle.Answer {
	b.tb.Helper()
	step, err := rec.Step(b.polar.StepIndex())
	if err != nil {
		b.tb.Fatal(err)
	}
	var all []oracle.Answer
	for _, l := range step.Links {
		all = append(all, oracle.Answer{ID: l.ID, Status: l.Status, Body: l.Body})
	}
	return all
}

// at is when the last run began, which stands for the times of all its requests.
func (b *bench) at() time.Time {
	b.tb.Helper()
	var at time.Time
	if err := b.db.Pool().QueryRow(b.tb.Context(), `SELECT started_at FROM sync_runs ORDER BY number DESC LIMIT 1`).Scan(&at); err != nil {
		b.tb.Fatal(err)
	}
	return at
}

// read gives the tables. Each of our times is replaced by when the run began in which
// it lies; one that lies in none stays.
func (b *bench) read() oracle.Tables {
	b.tb.Helper()
	tables, err := oracle.Read(b.tb.Context(), b.db.Pool())
	if err != nil {
		b.tb.Fatal(err)
	}
	const format = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`
	began := b.column(`SELECT to_char(started_at, ` + format + `) FROM sync_runs ORDER BY number`)
	ended := b.column(`SELECT to_char(coalesce(finished_at, clock_timestamp()), ` + format + `) FROM sync_runs ORDER BY number`)
	for _, rows := range tables {
		for _, row := range rows {
			for _, column := range []string{"first_seen_at", "changed_at", "removed_at"} {
				if row[column] == nil {
					continue
				}
				for i := range began { // the format sorts as time does
					if began[i] <= *row[column] && *row[column] <= ended[i] {
						row[column] = &began[i]
					}
				}
			}
		}
	}
	return tables
}

// check compares the tables with what the oracle makes of the same answers.
func (b *bench) check(o *oracle.Oracle) {
	b.tb.Helper()
	if diff := oracle.Diff(o.Tables(), b.read()); diff != "" {
		b.tb.Fatalf("step %d: the tables are not what Polar answered:\n%s", b.polar.StepIndex(), diff)
	}
}

// checkWithoutTimes is check where it is not known which request showed what, and
// so which prices there were in between.
func (b *bench) checkWithoutTimes(o *oracle.Oracle) {
	b.tb.Helper()
	got, err := oracle.Read(b.tb.Context(), b.db.Pool())
	if err != nil {
		b.tb.Fatal(err)
	}
	want := o.Tables()
	for _, tables := range []oracle.Tables{want, got} {
		gone := map[string]bool{}
		tables["prices"] = slices.DeleteFunc(tables["prices"], func(r oracle.Row) bool {
			gone[*r["id"]] = r["removed_at"] != nil
			return r["removed_at"] != nil
		})
		tables["price_tiers"] = slices.DeleteFunc(tables["price_tiers"], func(r oracle.Row) bool { return gone[*r["price_id"]] })
	}
	if diff := oracle.Diff(want.WithoutTimes(), got.WithoutTimes()); diff != "" {
		b.tb.Fatalf("the tables are not what Polar answered:\n%s", diff)
	}
}

// waitFor returns when the query answers true.
func (b *bench) waitFor(ctx context.Context, sql string) {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		var yes bool
		if err := b.db.Pool().QueryRow(ctx, sql).Scan(&yes); err == nil && yes {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// exec sends a statement past the sync.
func (b *bench) exec(sql string, args ...any) {
	b.tb.Helper()
	if _, err := b.db.Pool().Exec(b.tb.Context(), sql, args...); err != nil {
		b.tb.Fatal(err)
	}
}

// scan reads the one row of a query.
func (b *bench) scan(sql string, to ...any) {
	b.tb.Helper()
	if err := b.db.Pool().QueryRow(b.tb.Context(), sql).Scan(to...); err != nil {
		b.tb.Fatal(err)
	}
}
