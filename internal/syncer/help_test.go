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

// clock stands still until it is moved, so that a test knows when every request
// began.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(15 * time.Minute)
}

// bench is everything a run needs, for real: a Postgres and a Polar on the wire.
type bench struct {
	tb     testing.TB
	db     *db.DB
	polar  *fetchtest.Server
	client *fetch.Client
	clock  *clock
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
	b := &bench{tb: tb, db: d, polar: polar, clock: newClock()}
	b.client = fetch.New(fetch.Config{
		Server: server, Token: fetch.FixedToken(secret.New(polar.Token())), Now: b.clock.Now, Backoff: time.Millisecond,
	})
	tb.Cleanup(b.client.Close)
	b.syncer = &syncer.Syncer{DB: d, Logger: slog.New(slog.DiscardHandler), Now: b.clock.Now}
	return b
}

// links is the source of all links known at the present step, by id.
func (b *bench) links() syncer.Source {
	b.tb.Helper()
	return syncer.Source{Name: "test", Client: b.client, IDs: ids(b.tb, b.polar.LinkIDs()...), Way: fetch.ByID}
}

// all is the source of every link of the organization.
func (b *bench) all() syncer.Source {
	return syncer.Source{Name: "test", Client: b.client, All: true}
}

// run makes one pass that must not end early, a quarter of an hour after the last.
func (b *bench) run(source syncer.Source) syncer.Report {
	b.tb.Helper()
	b.clock.advance()
	report, err := b.syncer.Run(b.tb.Context(), source, syncer.Options{Trigger: "test"})
	if err != nil {
		b.tb.Fatal(err)
	}
	return report
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

// check compares the tables with what the oracle makes of the same answers.
func (b *bench) check(o *oracle.Oracle) {
	b.tb.Helper()
	got, err := oracle.Read(b.tb.Context(), b.db.Pool())
	if err != nil {
		b.tb.Fatal(err)
	}
	if diff := oracle.Diff(o.Tables(), got); diff != "" {
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

// withClock is a client of the bench's Polar on another clock; nil: the real one.
func withClock(b *bench, c *clock) *fetch.Client {
	b.tb.Helper()
	server, err := url.Parse(b.polar.URL)
	if err != nil {
		b.tb.Fatal(err)
	}
	config := fetch.Config{Server: server, Token: fetch.FixedToken(secret.New(b.polar.Token())), Backoff: time.Millisecond}
	if c != nil {
		config.Now = c.Now
	}
	client := fetch.New(config)
	b.tb.Cleanup(client.Close)
	return client
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
