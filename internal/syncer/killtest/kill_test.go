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
}

// backfill starts one over all links that are known at the present step.
func (p *program) backfill(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, p.binary, append([]string{"backfill", "--json"}, args...)...)
	c.Env = append(os.Environ(), "DATABASE_URL="+p.database, "POLAR_SERVER="+p.polar.URL, "POLAR_ACCESS_TOKEN="+p.polar.Token(),
		"POLAR_CHECKOUT_LINK_IDS="+strings.Join(p.polar.LinkIDs(), ","), "SYNCER_REQUESTS_PER_MINUTE=1000000", "SYNCER_CONFIG=")
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

// killAt starts a backfill, kills it when Polar gets the n-th request, and says
// whether it came to that, and how many links were asked for.
func (p *program) killAt(tb testing.TB, n int64) (killed bool, asked int) {
	tb.Helper()
	c := p.backfill(tb.Context())
	reached := make(chan struct{})
	var count atomic.Int64
	counter := p.polar.Inject(fetchtest.Fault{Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
		if count.Add(1) == n {
			close(reached)
		}
		normal.ServeHTTP(w, r)
	}})
	defer counter.Stop()
	p.polar.ResetCounts()
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case <-reached:
		_ = c.Process.Kill() // SIGKILL; it may just have ended
		err := <-ended
		e, _ := errors.AsType[*exec.ExitError](err)
		killed = e != nil && !e.Exited()
	case <-ended:
	}
	return killed, len(p.polar.Requests().ByID)
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
		if err != nil {
			return reads, nil // the watch is over
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
	p := &program{binary: build(t), database: dbtest.URL(t), polar: fetchtest.Start(t, "alpha")}
	d := dbtest.Open(t, p.database)
	o := oracle.New()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same moments every time
	done := 0
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
		links := len(p.polar.LinkIDs())
		asked, interrupted := 0, 0
		for done < kills*(step+1)/rec.Len() {
			killed, n := p.killAt(t, 1+random.Int64N(int64(links)))
			asked += n
			done++
			if killed {
				interrupted++
			} else {
				asked, interrupted = 0, 0 // it came to its end, the next starts over
			}
		}
		p.polar.ResetCounts()
		p.finish(t)
		asked += len(p.polar.Requests().ByID)
		if limit := links + interrupted*100 + len(gone(rec, t, step))*(interrupted+1); asked > limit {
			t.Errorf("step %d: asked for %d links in %d runs that were killed and one that was not, want at most %d", step, asked, interrupted, limit)
		}
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
	if abandoned < kills/2 || running != 0 {
		t.Errorf("%d runs abandoned, %d running", abandoned, running)
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

// gone are the links that are asked for again in every run that goes on, because
// what is gone is dealt with at the end.
func gone(rec *fetchtest.Recording, tb testing.TB, step int) []oracle.Answer {
	tb.Helper()
	return slices.DeleteFunc(answers(tb, rec, step), func(a oracle.Answer) bool { return a.Status != 404 })
}

// check compares the tables with the oracle's, but for our own times.
func check(tb testing.TB, d *db.DB, o *oracle.Oracle, step int) {
	tb.Helper()
	got, err := oracle.Read(tb.Context(), d.Pool())
	if err != nil {
		tb.Fatal(err)
	}
	want := o.Tables()
	for _, tables := range []oracle.Tables{want, got} {
		for _, rows := range tables {
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
	}
	if diff := oracle.Diff(want, got); diff != "" {
		tb.Fatalf("step %d: the tables are not what Polar answered:\n%s", step, diff)
	}
}
