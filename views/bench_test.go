package views_test

import (
	"log/slog"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/secret"
	"syncer/internal/syncer"
	tables "syncer/internal/syncer/oracle"
	"syncer/views/oracle"
)

// bench syncs a Polar on the wire into a Postgres, both real, and tells the oracles what
// they need to know of it.
type bench struct {
	tb      testing.TB
	name    string // of its source
	db      *db.DB
	polar   *fetchtest.Server
	client  *fetch.Client
	tables  *tables.Oracle
	history *oracle.History
}

func newBench(tb testing.TB, polar *fetchtest.Server) *bench {
	tb.Helper()
	b := benchOf(tb, "test", polar)
	b.db, b.tables, b.history = dbtest.New(tb), tables.New(), oracle.NewHistory()
	return b
}

// beside is a bench on the same database with a source of another name, which has the
// given links.
func (b *bench) beside(name string, links ...fetchtest.Answer) *bench {
	b.tb.Helper()
	polar := fetchtest.Start(b.tb, "seed-ads")
	polar.Use(links...)
	other := benchOf(b.tb, name, polar)
	other.db, other.tables, other.history = b.db, b.tables, b.history
	return other
}

func benchOf(tb testing.TB, name string, polar *fetchtest.Server) *bench {
	tb.Helper()
	server, err := url.Parse(polar.URL)
	if err != nil {
		tb.Fatal(err)
	}
	b := &bench{tb: tb, name: name, polar: polar}
	b.client = fetch.New(fetch.Config{Server: server, Token: fetch.FixedToken(secret.New(polar.Token())), Backoff: time.Millisecond})
	tb.Cleanup(b.client.Close)
	return b
}

// made starts a Polar that has the given links, and a bench on it.
func made(tb testing.TB, links ...fetchtest.Answer) *bench {
	tb.Helper()
	polar := fetchtest.Start(tb, "seed-ads")
	polar.Use(links...)
	return newBench(tb, polar)
}

func (b *bench) all() syncer.Source { return syncer.Source{Name: b.name, Client: b.client, All: true} }

// picked is the same source for a run over some links only.
func (b *bench) picked(links ...fetchtest.Answer) syncer.Source {
	s := syncer.Source{Name: b.name, Client: b.client, Picked: true, Strategy: fetch.ByID}
	for _, l := range links {
		s.IDs = append(s.IDs, uuid.MustParse(l.ID))
	}
	slices.SortFunc(s.IDs, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return s
}

// sync makes one pass, which may end early.
func (b *bench) sync(source syncer.Source) (syncer.Report, error) {
	s := &syncer.Syncer{DB: b.db, Logger: slog.New(slog.DiscardHandler), ClaimEvery: 5 * time.Millisecond}
	return s.Run(b.tb.Context(), source, syncer.Options{Trigger: "test"})
}

// run makes one pass and lets the oracles know.
func (b *bench) run(source syncer.Source) {
	b.tb.Helper()
	report, syncErr := b.sync(source)
	if _, err := b.db.Pool().Exec(b.tb.Context(), `ANALYZE`); err != nil { // as Postgres does by itself a little later
		b.tb.Fatal(err)
	}
	run := oracle.Run{IsUsable: report.Status == db.Succeeded || report.Status == db.Partial}
	if run.IsUsable != (syncErr == nil) {
		b.tb.Fatalf("%s: %v", report.Status, syncErr)
	}
	b.scan(`SELECT started_at, observing_since, finished_at FROM polar.sync_runs ORDER BY number DESC LIMIT 1`,
		&run.Started, &run.ObservingSince, &run.Finished)
	for _, f := range report.Failures {
		if f.Kind != "unavailable" {
			b.tb.Fatalf("link %s cannot be synced: %s", f.ID, f.Message)
		}
	}
	run.Links = map[string]bool{}
	for _, id := range source.IDs {
		run.Links[id.String()] = true
	}
	var answers []tables.Answer
	for _, l := range b.polar.Links() {
		if source.All {
			run.Links[l.ID] = true
		}
		if run.IsUsable && run.Links[l.ID] {
			answers = append(answers, tables.Answer{ID: l.ID, Status: l.Status, Body: l.Body})
		}
	}
	if err := b.tables.Observe(run.Started, answers); err != nil {
		b.tb.Fatal(err)
	}
	b.history.Observe(run, answers, b.tables.Tables())
}

// check compares the views with the oracle, and returns the rows of both. All views are
// read at one moment.
func (b *bench) check() map[string][]oracle.Row {
	b.tb.Helper()
	tx, err := b.db.Pool().BeginTx(b.tb.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		b.tb.Fatal(err)
	}
	defer tx.Rollback(b.tb.Context())
	if _, err := tx.Exec(b.tb.Context(), `SET LOCAL statement_timeout = '20s'`); err != nil {
		b.tb.Fatal(err)
	}
	var now time.Time
	if err := tx.QueryRow(b.tb.Context(), `SELECT now()`).Scan(&now); err != nil {
		b.tb.Fatal(err)
	}
	want := b.history.Rows(now)
	for _, v := range oracle.Views() {
		got, err := v.Read(b.tb.Context(), tx)
		if err != nil {
			b.tb.Fatal(err)
		}
		b.history.Settle(v, want[v.Name], got)
		if diff := v.Diff(want[v.Name], got); diff != "" {
			b.tb.Errorf("step %d: %s", b.polar.StepIndex(), diff)
		}
	}
	return want
}

// clock is the database's.
func (b *bench) clock() time.Time {
	b.tb.Helper()
	var now time.Time
	b.scan(`SELECT clock_timestamp()`, &now)
	return now
}

func (b *bench) scan(sql string, to ...any) {
	b.tb.Helper()
	if err := b.db.Pool().QueryRow(b.tb.Context(), sql).Scan(to...); err != nil {
		b.tb.Fatal(err)
	}
}
