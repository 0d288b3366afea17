//go:build faults

// Package killtest kills the real program, for real, while it works.
package killtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer/oracle"
)

// build makes the binary under test.
func build(tb testing.TB) string {
	tb.Helper()
	binary := filepath.Join(tb.TempDir(), "syncer")
	command := exec.CommandContext(tb.Context(), "go", "build", "-o", binary, "syncer/cmd/syncer")
	if out, err := command.CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// program is the binary and where it works.
type program struct {
	binary, database string
	polar            *fetchtest.Server
	way              string // SYNCER_FETCH
}

// backfill starts one over all links that are known at the present step.
func (p *program) backfill(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, p.binary, append([]string{"backfill", "--json"}, args...)...)
	c.Env = append(os.Environ(), "DATABASE_URL="+p.database, "POLAR_SERVER="+p.polar.URL, "POLAR_ACCESS_TOKEN="+p.polar.Token(),
		"POLAR_CHECKOUT_LINK_IDS="+strings.Join(p.polar.LinkIDs(), ","), "SYNCER_REQUESTS_PER_MINUTE=1000000", "SYNCER_FETCH="+p.way, "SYNCER_CONFIG=")
	c.Stderr = new(strings.Builder)
	return c
}

// finish runs a backfill to its end.
func (p *program) finish(tb testing.TB, args ...string) {
	tb.Helper()
	c := p.backfill(tb.Context(), args...)
	if err := c.Run(); err != nil {
		if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != 3 { // 3: a recorded link answers 500
			tb.Fatalf("%v\n%s", err, c.Stderr)
		}
	}
}

// through is up to which link the last run had finished when it was killed; ""
// when it was not, or had finished nothing.
func through(tb testing.TB, d *db.DB) string {
	tb.Helper()
	// What was sent before the kill still commits, or not.
	ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
	defer cancel()
	wait(ctx, d, `SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'syncer'`)
	var id *string
	if err := d.Pool().QueryRow(tb.Context(), `
		SELECT (SELECT checkpoint ->> 'through' FROM sync_runs WHERE status IN ('running', 'abandoned')
			AND started_at = (SELECT max(started_at) FROM sync_runs))`).Scan(&id); err != nil {
		tb.Fatal(err)
	}
	if id == nil {
		return ""
	}
	return *id
}

// lastRunWrote says whether the last run has changed anything.
func lastRunWrote(tb testing.TB, d *db.DB) (wrote bool) {
	tb.Helper()
	if err := d.Pool().QueryRow(tb.Context(), `
		SELECT EXISTS (SELECT FROM changes WHERE run_id = (SELECT id FROM sync_runs ORDER BY number DESC LIMIT 1))`).Scan(&wrote); err != nil {
		tb.Fatal(err)
	}
	return wrote
}

// wait returns when the query answers true.
func wait(ctx context.Context, d *db.DB, sql string) {
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for {
		var yes bool
		if err := d.Pool().QueryRow(ctx, sql).Scan(&yes); err == nil && yes {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// asked is how many links between two were asked for in the last run, but for some.
func (p *program) asked(from, to string, but []string) int {
	n := 0
	for id := range p.polar.Requests().ByID {
		if id > from && id <= to && !slices.Contains(but, id) {
			n++
		}
	}
	return n
}

// killAt starts a backfill and kills it when Polar gets the n-th request, or with
// n 0 when a batch is finished and the last link is asked for.
func (p *program) killAt(tb testing.TB, d *db.DB, n int64) (killed bool) {
	tb.Helper()
	c := p.backfill(tb.Context())
	reached := make(chan struct{})
	if n > 0 {
		var count atomic.Int64
		counter := p.polar.Inject(fetchtest.Fault{Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
			if count.Add(1) == n {
				close(reached)
			}
			normal.ServeHTTP(w, r)
		}})
		defer counter.Stop()
	} else {
		ids := p.polar.LinkIDs()
		_, release := p.polar.Hold(fetchtest.OnLink(slices.Max(ids)))
		defer release()
		ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
		defer cancel()
		go func() {
			wait(ctx, d, `SELECT checkpoint IS NOT NULL FROM sync_runs WHERE status = 'running'`)
			close(reached)
		}()
	}
	p.polar.ResetCounts()
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = c.Wait() // how it ended is in its state
		close(ended)
	}()
	select {
	case <-reached:
		_ = c.Process.Kill() // SIGKILL; it may just have ended
		<-ended
		killed = !c.ProcessState.Exited()
	case <-ended:
	}
	return killed
}

// shape is what readers must never see half of: each link's products in order,
// each product's live prices, benefits and medias in order.
const shape = `
	SELECT 'link ' || l.id, coalesce((
		SELECT string_agg(j.product_id::text, ' ' ORDER BY j.position) FROM checkout_link_products AS j WHERE j.checkout_link_id = l.id
	), '')
	FROM checkout_links AS l
	UNION ALL
	SELECT 'product ' || p.id, concat_ws(' / ',
		coalesce((SELECT string_agg(r.id::text, ' ' ORDER BY r.id::text) FROM prices AS r WHERE r.product_id = p.id AND r.removed_at IS NULL), ''),
		coalesce((SELECT string_agg(b.benefit_id::text, ' ' ORDER BY b.position) FROM product_benefits AS b WHERE b.product_id = p.id), ''),
		coalesce((SELECT string_agg(m.media_id::text, ' ' ORDER BY m.position) FROM product_medias AS m WHERE m.product_id = p.id), ''))
	FROM products AS p`

// shapes are the same from the oracle's tables.
func shapes(tables oracle.Tables) map[string]string {
	list := func(table, owner, column string, ordered bool) map[string]string {
		type entry struct {
			position int
			value    string
		}
		all := map[string][]entry{}
		for _, r := range tables[table] {
			if table == "prices" && r["removed_at"] != nil {
				continue
			}
			e := entry{value: *r[column]}
			if ordered {
				_, _ = fmt.Sscan(*r["position"], &e.position)
			}
			all[*r[owner]] = append(all[*r[owner]], e)
		}
		texts := map[string]string{}
		for id, entries := range all {
			slices.SortFunc(entries, func(a, b entry) int {
				return (a.position-b.position)*2 + strings.Compare(a.value, b.value)
			})
			var values []string
			for _, e := range entries {
				values = append(values, e.value)
			}
			texts[id] = strings.Join(values, " ")
		}
		return texts
	}
	shapes := map[string]string{}
	products := list("checkout_link_products", "checkout_link_id", "product_id", true)
	for _, r := range tables["checkout_links"] {
		shapes["link "+*r["id"]] = products[*r["id"]]
	}
	prices, benefits := list("prices", "product_id", "id", false), list("product_benefits", "product_id", "benefit_id", true)
	medias := list("product_medias", "product_id", "media_id", true)
	for _, r := range tables["products"] {
		id := *r["id"]
		shapes["product "+id] = prices[id] + " / " + benefits[id] + " / " + medias[id]
	}
	return shapes
}

// watch reads over and over, until ctx ends, and reports a shape that is neither
// that before nor that after.
func watch(ctx context.Context, pool *pgxpool.Pool, before, after map[string]string) (reads int, err error) {
	for ctx.Err() == nil {
		rows, err := pool.Query(ctx, shape)
		if errors.Is(err, context.Canceled) {
			break
		}
		if err != nil {
			return reads, err
		}
		for rows.Next() {
			var thing, seen string
			if err := rows.Scan(&thing, &seen); err != nil {
				return reads, err
			}
			was, there := before[thing]
			if seen != after[thing] && (!there || seen != was) {
				rows.Close()
				return reads, fmt.Errorf("%s shows %q, neither %q nor %q", thing, seen, was, after[thing])
			}
		}
		if rows.Err() == nil {
			reads++
		}
	}
	return reads, nil
}

// TestKilledAtAnyMoment kills backfills over the alpha catalogue a hundred times:
// readers never see half of anything, what was finished is not fetched again, and
// the end is what Polar answered.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	const kills = 100
	rec, err := fetchtest.Load("alpha")
	if err != nil {
		t.Fatal(err)
	}
	p := &program{binary: build(t), database: dbtest.URL(t), polar: fetchtest.Start(t, "alpha"), way: "id"}
	d := dbtest.Open(t, p.database)
	o := oracle.New()
	random := rand.New(rand.NewPCG(1, 2))
	done, resumed := 0, 0
	for step := range rec.Len() {
		before := shapes(o.Tables())
		p.polar.Goto(step)
		if err := o.Observe(time.Unix(int64(step), 0), answers(t, rec, step)); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		watched := make(chan error, 1)
		go func() {
			reads, err := watch(ctx, d.Pool(), before, shapes(o.Tables()))
			if err == nil && reads == 0 {
				err = errors.New("the watch never read")
			}
			watched <- err
		}()
		links, unread := len(p.polar.LinkIDs()), unread(t, rec, step)
		for ; done < kills*(step+1)/rec.Len(); done++ {
			finished := through(t, d)
			killed := p.killAt(t, d, max(0, random.Int64N(int64(5*links/3))-int64(2*links/3)))
			if n := p.asked("", finished, unread); n > 1 { // the one that the checkpoint is known by
				t.Errorf("step %d: %d links asked for again that were finished", step, n)
			}
			// What a batch wrote is noted with it; what changed nothing, with the next beat.
			if lost := p.asked(through(t, d), "~", unread); killed && lastRunWrote(t, d) && lost > 105 { // a batch that is being saved, and the next few // a batch that is being saved, and the next few
				t.Errorf("step %d: %d links were asked for in vain", step, lost)
			}
			if finished != "" {
				resumed++
			}
		}
		p.finish(t)
		stop()
		if err := <-watched; err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		check(t, d, o, step)
	}
	var abandoned, running int
	if err := d.Pool().QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE status = 'abandoned'), count(*) FILTER (WHERE status = 'running') FROM sync_runs`).
		Scan(&abandoned, &running); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d kills: %d runs abandoned, %d resumed", kills, abandoned, resumed)
	if abandoned < kills/2 || running != 0 || resumed < kills/5 {
		t.Errorf("%d runs abandoned, %d running, %d resumed", abandoned, running, resumed)
	}
}

// TestKilledBetweenPages kills backfills that have one page of two in place: the
// next run resumes with the second, unless pages do not show a link that has a row.
func TestKilledBetweenPages(t *testing.T) {
	t.Parallel()
	rec, err := fetchtest.Load("alpha")
	if err != nil {
		t.Fatal(err)
	}
	p := &program{binary: build(t), database: dbtest.URL(t), polar: fetchtest.Start(t, "alpha"), way: "auto"}
	d := dbtest.Open(t, p.database)
	o := oracle.New()
	page := func(number string) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.URL.RawQuery == "page="+number+"&limit=100" }
	}
	resumed := 0
	for step := range rec.Len() {
		p.polar.Goto(step)
		if err := o.Observe(time.Unix(int64(step), 0), answers(t, rec, step)); err != nil {
			t.Fatal(err)
		}
		c := p.backfill(t.Context())
		_, release := p.polar.Hold(page("2"))
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		wait(ctx, d, `SELECT checkpoint ->> 'pages' = '1' FROM sync_runs WHERE status = 'running'`)
		if ctx.Err() != nil {
			t.Fatalf("step %d: the first page never landed\n%s", step, c.Stderr)
		}
		cancel()
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // killed
		release()
		p.finish(t)
		var links int
		if err := d.Pool().QueryRow(t.Context(), `SELECT links_total FROM sync_runs ORDER BY number DESC LIMIT 1`).Scan(&links); err != nil {
			t.Fatal(err)
		}
		if links <= 100 { // without those of the first page
			resumed++
		} else if !slices.ContainsFunc(answers(t, rec, step), func(a oracle.Answer) bool { return a.Status != http.StatusOK }) {
			t.Errorf("step %d: began anew, and wrote %d links", step, links)
		}
		check(t, d, o, step)
	}
	if resumed == 0 {
		t.Error("no run was resumed with the second page")
	}
}

func answers(tb testing.TB, rec *fetchtest.Recording, i int) []oracle.Answer {
	tb.Helper()
	step, err := rec.Step(i)
	if err != nil {
		tb.Fatal(err)
	}
	var all []oracle.Answer
	for _, l := range step.Links {
		all = append(all, oracle.Answer{ID: l.ID, Status: l.Status, Body: l.Body})
	}
	return all
}

// unread are the links that Polar says are gone, or cannot show: those are asked for
// again.
func unread(tb testing.TB, rec *fetchtest.Recording, step int) []string {
	tb.Helper()
	var ids []string
	for _, a := range answers(tb, rec, step) {
		if a.Status != http.StatusOK {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

// check compares the tables with the oracle's, but for our own times.
func check(tb testing.TB, d *db.DB, o *oracle.Oracle, step int) {
	tb.Helper()
	got, err := oracle.Read(tb.Context(), d.Pool())
	if err != nil {
		tb.Fatal(err)
	}
	if diff := oracle.Diff(o.Tables().WithoutTimes(), got.WithoutTimes()); diff != "" {
		tb.Fatalf("step %d: the tables are not what Polar answered:\n%s", step, diff)
	}
}
