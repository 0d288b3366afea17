// Package scaletest counts what syncs cost: requests, transactions, row versions,
// bytes of WAL, scans. It is a package of its own so that its Postgres, which a
// test process has one of, does nothing else.
package scaletest

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/fetch/fetchtest/clones"
	"syncer/internal/secret"
	"syncer/internal/syncer"
)

// links is the size of the organization that is synced.
const links = 10_000

var transactions = flag.Int64("transactions", 100, "how many batches the eight writers save at least")

func client(tb testing.TB, server, token string) *fetch.Client {
	tb.Helper()
	u, err := url.Parse(server)
	if err != nil {
		tb.Fatal(err)
	}
	c := fetch.New(fetch.Config{Server: u, Token: fetch.FixedToken(secret.New(token)), Backoff: time.Millisecond})
	tb.Cleanup(c.Close)
	return c
}

// cost is what Postgres counted.
type cost struct {
	Inserted, Updated, Deleted map[string]int64 // row versions, by table
	Scans                      map[string]int64 // sequential scans, by table
	WAL                        int64            // bytes
	Transactions               int64            // that wrote: ids that were spent
	Commits                    int64
}

// meter reads Postgres' counts.
type meter struct {
	tb   testing.TB
	conn *pgx.Conn
	last cost
}

func newMeter(tb testing.TB, url string) *meter {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close(context.WithoutCancel(tb.Context())) })
	for _, sql := range []string{`ALTER SYSTEM SET autovacuum = off`, `SELECT pg_reload_conf()`} { // it writes, too
		if _, err := conn.Exec(tb.Context(), sql); err != nil {
			tb.Fatal(err)
		}
	}
	m := &meter{tb: tb, conn: conn}
	m.last = m.read()
	return m
}

func (m *meter) read() cost {
	m.tb.Helper()
	c := cost{Inserted: map[string]int64{}, Updated: map[string]int64{}, Deleted: map[string]int64{}, Scans: map[string]int64{}}
	err := m.conn.QueryRow(m.tb.Context(), `
		SELECT pg_current_wal_insert_lsn() - '0/0', pg_snapshot_xmax(pg_current_snapshot())::text::bigint, xact_commit
		FROM pg_stat_database WHERE datname = current_database()`).Scan(&c.WAL, &c.Transactions, &c.Commits)
	if err != nil {
		m.tb.Fatal(err)
	}
	rows, err := m.conn.Query(m.tb.Context(), `
		SELECT relname, n_tup_ins, n_tup_upd, n_tup_del, seq_scan FROM pg_stat_user_tables WHERE schemaname = 'polar'`)
	if err != nil {
		m.tb.Fatal(err)
	}
	for rows.Next() {
		var table string
		var inserted, updated, deleted, scans int64
		if err := rows.Scan(&table, &inserted, &updated, &deleted, &scans); err != nil {
			m.tb.Fatal(err)
		}
		c.Inserted[table], c.Updated[table], c.Deleted[table], c.Scans[table] = inserted, updated, deleted, scans
	}
	if err := rows.Err(); err != nil {
		m.tb.Fatal(err)
	}
	return c
}

// of calls run with a database of its own connections, and says what it cost. A
// session hands its counts over when it ends.
func (m *meter) of(url string, run func(*db.DB)) cost {
	m.tb.Helper()
	d, err := db.Open(m.tb.Context(), db.Config{URL: secret.New(url), App: "metered"})
	if err != nil {
		m.tb.Fatal(err)
	}
	run(d)
	d.Close()
	ctx, cancel := context.WithTimeout(m.tb.Context(), time.Minute)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for there := 1; there > 0; {
		if err := m.conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'metered'`).Scan(&there); err != nil {
			m.tb.Fatal(err)
		}
		<-ticker.C
	}
	now := m.read()
	spent := cost{
		Inserted: less(now.Inserted, m.last.Inserted), Updated: less(now.Updated, m.last.Updated),
		Deleted: less(now.Deleted, m.last.Deleted), Scans: less(now.Scans, m.last.Scans),
		WAL: now.WAL - m.last.WAL, Transactions: now.Transactions - m.last.Transactions, Commits: now.Commits - m.last.Commits,
	}
	m.last = now
	return spent
}

func less(now, before map[string]int64) map[string]int64 {
	diff := map[string]int64{}
	for table, n := range now {
		if n -= before[table]; n != 0 {
			diff[table] = n
		}
	}
	return diff
}

// entities are the catalogue's tables: what is not about the sync itself.
func entities(counts map[string]int64) map[string]int64 {
	all := map[string]int64{}
	for table, n := range counts {
		if !slices.Contains([]string{"sync_runs", "sync_failures", "drift", "changes", "source_organizations", "sync_scopes", "syncer_migrations", "syncer_views"}, table) {
			all[table] = n
		}
	}
	return all
}

func sum(counts map[string]int64) (total int64) {
	for _, n := range counts {
		total += n
	}
	return total
}

// TestWhatASyncCosts syncs ten thousand links for the first time, unchanged, and
// with one in a hundred changed, by LIST and as a list of ids.
func TestWhatASyncCosts(t *testing.T) { //nolint:paralleltest // it counts what the server does
	organization, err := clones.New(links)
	if err != nil {
		t.Fatal(err)
	}
	polar := &clones.Server{Organization: organization}
	server := httptest.NewServer(polar)
	t.Cleanup(server.Close)
	database := dbtest.URL(t)
	meter := newMeter(t, database)
	source := syncer.Source{Name: "test", Client: client(t, server.URL, "test-token"), All: true}
	sync := func(options syncer.Options) (report syncer.Report, spent cost, requests int64) {
		before, _ := polar.Requests()
		spent = meter.of(database, func(d *db.DB) {
			var err error
			options.Trigger = "test"
			s := &syncer.Syncer{DB: d, Logger: slog.New(slog.DiscardHandler), BeatEvery: time.Hour} // beats write, too
			report, err = s.Run(t.Context(), source, options)
			if err != nil {
				t.Fatal(err)
			}
		})
		after, _ := polar.Requests()
		t.Logf("%+v: %d requests, %d commits, %d B of WAL a link, scans %v, %+v", report.Links, after-before, spent.Commits, spent.WAL/links, spent.Scans, report.Rows)
		return report, spent, after - before
	}
	const pages = links / fetch.PageLimit
	check := func(what string, got, most int64) {
		t.Helper()
		if got > most {
			t.Errorf("%s: %d, at most %d", what, got, most)
		}
	}

	report, spent, requests := sync(syncer.Options{})
	check("first load: requests", requests, pages+1)
	check("first load: transactions", spent.Transactions, pages+10)
	if rows := entities(spent.Inserted); sum(rows) != int64(report.Rows.Inserted) || rows["checkout_links"] != links || rows["products"] != links/5 {
		t.Errorf("first load: %d rows reported, %v written", report.Rows.Inserted, rows)
	}
	if sum(entities(spent.Updated))+sum(entities(spent.Deleted)) != 0 || spent.Inserted["changes"] != int64(report.Rows.Inserted) {
		t.Errorf("first load: updated %v, deleted %v, %d changes", spent.Updated, spent.Deleted, spent.Inserted["changes"])
	}
	check("first load: sequential scans of entity tables", sum(entities(spent.Scans)), 3)

	report, spent, requests = sync(syncer.Options{Resume: true, Restart: true}) // a checkpoint for every page
	check("unchanged: requests", requests, pages+1)
	unwritten := func(name string, spent cost, report syncer.Report) {
		t.Helper()
		if n := sum(entities(spent.Inserted)) + sum(entities(spent.Updated)) + sum(entities(spent.Deleted)); n != 0 ||
			spent.Inserted["changes"] != 0 || spent.Inserted["sync_scopes"] != 0 || spent.Inserted["sync_runs"] != 1 || report.Links.Unchanged != links {
			t.Errorf("%s: %d row versions, inserted %v, %+v", name, n, spent.Inserted, report.Links)
		}
		check(name+": bytes of WAL", spent.WAL, 10*links)
		check(name+": sequential scans of entity tables", sum(entities(spent.Scans)), 3)
	}
	unwritten("unchanged", spent, report)

	changed := int64(organization.Change())
	report, spent, _ = sync(syncer.Options{})
	if updated := entities(spent.Updated); updated["checkout_links"] != changed || len(updated) != 1 || report.Links.Changed != int(changed) {
		t.Errorf("%d links changed, updated %v, %+v", changed, updated, report.Links)
	}
	if sum(entities(spent.Inserted))+sum(entities(spent.Deleted)) != 0 || spent.Inserted["changes"] != changed {
		t.Errorf("1 %% changed: inserted %v, deleted %v", spent.Inserted, spent.Deleted)
	}

	source.All = false
	for i := range links {
		source.IDs = append(source.IDs, organization.ID(i))
	}
	slices.SortFunc(source.IDs, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	_, spent, requests = sync(syncer.Options{})
	check("as a list of ids: requests", requests, pages+1)
	check("as a list of ids: transactions that wrote", spent.Transactions, 10)
	if spent.Inserted["sync_scopes"] != links { // the first time
		t.Errorf("as a list of ids: inserted %v", spent.Inserted)
	}
	report, spent, _ = sync(syncer.Options{})
	unwritten("as a list of ids", spent, report)
	source.IDs = source.IDs[:10] // of ten thousand
	if _, _, requests = sync(syncer.Options{}); requests != 11 {
		t.Errorf("ten ids of ten thousand links took %d requests, want a page and one for each", requests)
	}
}

// TestEightWritersDoNotDeadlock lets eight sources sync the same links of a
// catalogue that keeps changing.
func TestEightWritersDoNotDeadlock(t *testing.T) { //nolint:paralleltest // the other counts what the server does
	const writers = 8
	database := dbtest.URL(t)
	polar := fetchtest.Start(t, "alpha")
	d := dbtest.Open(t, database)
	var batches atomic.Int64
	var running sync.WaitGroup
	for i := range writers {
		c := client(t, polar.URL, polar.Token())
		s := &syncer.Syncer{DB: d, Logger: slog.New(slog.DiscardHandler)}
		source := syncer.Source{Name: fmt.Sprint("writer ", i), Client: c, All: true}
		random := rand.New(rand.NewPCG(7, uint64(i)))
		running.Go(func() {
			for batches.Load() < *transactions && !t.Failed() {
				polar.Goto(random.IntN(polar.Steps()))
				options := syncer.Options{Trigger: "test", AllowMassRemoval: true, Progress: func(syncer.Progress) { batches.Add(1) }}
				if _, err := s.Run(t.Context(), source, options); err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
			}
		})
	}
	running.Wait()
	var deadlocks int
	if err := d.Pool().QueryRow(t.Context(), `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`).Scan(&deadlocks); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d batches of %d writers, %d deadlocks", batches.Load(), writers, deadlocks)
	if deadlocks > 0 {
		t.Errorf("%d deadlocks", deadlocks)
	}
}
