package views_test

import (
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/secret"
	"syncer/internal/syncer"
)

// shop is a Polar, a database, and what syncs the one into the other.
type shop struct {
	tb     testing.TB
	db     *db.DB
	polar  *fetchtest.Server
	client *fetch.Client
	syncer *syncer.Syncer
	ids    []uuid.UUID // of the organization's links, in LIST's order
}

func newShop(tb testing.TB) *shop {
	tb.Helper()
	s := &shop{tb: tb, db: dbtest.New(tb), polar: fetchtest.Start(tb, "alpha")}
	server, err := url.Parse(s.polar.URL)
	if err != nil {
		tb.Fatal(err)
	}
	s.client = fetch.New(fetch.Config{Server: server, Token: fetch.FixedToken(secret.New(s.polar.Token())), Backoff: time.Millisecond})
	tb.Cleanup(s.client.Close)
	s.syncer = &syncer.Syncer{DB: s.db, Logger: slog.New(slog.DiscardHandler)}
	for _, id := range s.polar.LinkIDs() {
		s.ids = append(s.ids, uuid.MustParse(id))
	}
	return s
}

// all is the source of every link of the organization.
func (s *shop) all() syncer.Source { return syncer.Source{Name: "all", Client: s.client, All: true} }

// listed is a source of the given links.
func (s *shop) listed(name string, ids ...uuid.UUID) syncer.Source {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return syncer.Source{Name: name, Client: s.client, IDs: ids, Strategy: fetch.ByID}
}

// picked is a run of the source all over some of its links.
func (s *shop) picked(ids ...uuid.UUID) syncer.Source {
	source := s.listed("all", ids...)
	source.Picked = true
	return source
}

// run makes one pass that must not end early.
func (s *shop) run(source syncer.Source) syncer.Report {
	s.tb.Helper()
	report, err := s.syncer.Run(s.tb.Context(), source, syncer.Options{Trigger: "test"})
	if err != nil {
		s.tb.Fatal(err)
	}
	return report
}

func (s *shop) exec(sql string, args ...any) {
	s.tb.Helper()
	if _, err := s.db.Pool().Exec(s.tb.Context(), sql, args...); err != nil {
		s.tb.Fatal(err)
	}
}

// breaks makes Polar answer links with an error.
func (s *shop) breaks(ids ...uuid.UUID) {
	for _, id := range ids {
		s.polar.Set(id.String(), fetchtest.Answer{Status: 500})
	}
}

// freshness tells of every row its status and since when its link is fresh: the run that
// began then, by its number, or the row's last change.
func (s *shop) freshness() map[uuid.UUID]string {
	s.tb.Helper()
	rows, err := s.db.Pool().Query(s.tb.Context(), `
		SELECT f.checkout_link_id, f.status || ' ' || CASE
			WHEN f.seen_at IS NULL THEN 'never'
			WHEN f.seen_at = l.changed_at THEN 'changed'
			ELSE (SELECT 'run ' || string_agg(r.number::text, ', ') FROM polar.sync_runs AS r WHERE r.observing_since = f.seen_at)
		END
		FROM polar_bi.freshness AS f
		LEFT JOIN polar.checkout_links AS l ON l.id = f.checkout_link_id`)
	if err != nil {
		s.tb.Fatal(err)
	}
	all := map[uuid.UUID]string{}
	var id uuid.UUID
	var text string
	if _, err := pgx.ForEachRow(rows, []any{&id, &text}, func() error {
		if all[id] != "" {
			return fmt.Errorf("%s has two rows", id)
		}
		all[id] = text
		return nil
	}); err != nil {
		s.tb.Fatal(err)
	}
	return all
}

// wants compares the freshness of all links with one that most have, and others.
func (s *shop) wants(when, most string, others map[uuid.UUID]string) {
	s.tb.Helper()
	want := map[uuid.UUID]string{}
	for _, id := range s.ids {
		want[id] = most
	}
	maps.Copy(want, others)
	maps.DeleteFunc(want, func(_ uuid.UUID, text string) bool { return text == "" })
	if diff := cmp.Diff(want, s.freshness()); diff != "" {
		s.tb.Errorf("%s:\n%s", when, diff)
	}
}

// column reads the one column of a query as text.
func (s *shop) column(sql string, args ...any) []string {
	s.tb.Helper()
	rows, err := s.db.Pool().Query(s.tb.Context(), sql, args...)
	if err != nil {
		s.tb.Fatal(err)
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		s.tb.Fatal(err)
	}
	return texts
}

func TestAOneShotRunMakesItsLinksFresherAndNoOthers(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.run(s.all())
	s.wants("loaded", "ok changed", nil)
	s.run(s.all())
	s.wants("seen again", "ok run 2", nil)
	three := map[uuid.UUID]string{s.ids[3]: "ok run 3", s.ids[50]: "ok run 3", s.ids[119]: "ok run 3"}
	s.run(s.picked(slices.Collect(maps.Keys(three))...))
	s.wants("three seen once more", "ok run 2", three)
	s.run(s.listed("other", s.ids[50], s.ids[60]))
	three[s.ids[50]], three[s.ids[60]] = "ok run 4", "ok run 4"
	s.wants("two of another source", "ok run 2", three)
	s.polar.Overlay(`7 label "new"`)
	s.run(s.picked(s.ids[7], s.ids[8]))
	three[s.ids[7]], three[s.ids[8]] = "ok changed", "ok run 5"
	s.wants("one changed", "ok run 2", three)
	s.run(s.all())
	s.wants("all once more", "ok run 6", nil)
}

// TestOnlyCompletedRunsMakeFresher ends runs otherwise, and has one that is yet to come.
func TestOnlyCompletedRunsMakeFresher(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.run(s.all())
	s.run(s.all())
	for _, status := range []string{db.Failed, db.Abandoned, "running"} {
		s.run(s.all())
		s.run(s.picked(s.ids[0]))
		s.exec(`UPDATE sync_runs SET status = $1, source = source || number WHERE number > 2 AND status = 'succeeded'`, status)
		s.wants(status, "ok run 2", nil)
	}
	s.run(s.all())
	s.exec(`UPDATE sync_runs SET observing_since = now() + interval '1 day' WHERE number = (SELECT max(number) FROM sync_runs)`)
	s.wants("yet to come", "ok run 2", nil)
}

// TestARunStandsForNoLinkThatItsTokenDoesNotSee lists a link of an organization that
// another source keeps.
func TestARunStandsForNoLinkThatItsTokenDoesNotSee(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.run(s.all())
	foreign := uuid.New()
	s.exec(`INSERT INTO checkout_links (id, created_at, organization_id, url, client_secret, payment_processor, allow_discount_codes, metadata, first_seen_at, changed_at)
		VALUES ($1, now(), gen_random_uuid(), '', '', 'stripe', true, '{}', now(), now())`, foreign)
	report := s.run(s.listed("mixed", s.ids[0], foreign))
	if len(report.Links.Unknown) != 1 {
		t.Fatalf("%+v", report.Links)
	}
	s.run(s.listed("unknown", foreign))
	s.run(s.all())
	s.wants("others", "ok run 4", map[uuid.UUID]string{foreign: "ok changed"})
}

func TestAFailingLinkStaysAsFreshAsItWas(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	bad, worse := s.ids[3], s.ids[4]
	s.run(s.all())
	s.run(s.all())
	s.run(s.listed("two", worse, s.ids[5]))
	s.breaks(bad, worse)
	fails := map[uuid.UUID]string{bad: "failing run 2", worse: "failing run 3", s.ids[5]: "ok run 4"}
	for run := 4; run <= 5; run++ {
		if report := s.run(s.all()); report.Status != db.Partial {
			t.Fatal(report.Status)
		}
		s.wants("failing", fmt.Sprint("ok run ", run), map[uuid.UUID]string{bad: "failing run 2", worse: "failing run 3"})
		told := s.column(`
			SELECT concat_ws(' ', f.link_label = l.label, f.organization_id = l.organization_id, f.failed_attempts, f.failure_kind,
				f.failure_message = x.message, f.failing_since = x.since, f.age = now() - f.seen_at)
			FROM polar_bi.freshness AS f
			JOIN sync_failures AS x USING (checkout_link_id)
			JOIN checkout_links AS l ON l.id = f.checkout_link_id
			WHERE f.status = 'failing' AND f.failing_since > (SELECT finished_at FROM sync_runs WHERE number = 3)`)
		want := fmt.Sprintf("t t %d unavailable t t t", run-3)
		if diff := cmp.Diff([]string{want, want}, told); diff != "" {
			t.Error(diff)
		}
	}

	// A success elsewhere is none where it fails. It fails there as well, later: once is enough.
	s.run(s.listed("two", worse, s.ids[5]))
	fails[s.ids[5]] = "ok run 6"
	s.wants("in two sources", "ok run 5", fails)
	if told := s.column(`SELECT failed_attempts::text FROM polar_bi.freshness WHERE checkout_link_id = $1`, worse); !slices.Equal(told, []string{"2"}) {
		t.Errorf("failed %s times, 2 where it has failed longest", told)
	}
	s.polar.Reset()
	s.run(s.listed("two", worse, s.ids[5]))
	fails[s.ids[5]] = "ok run 7"
	s.wants("healed elsewhere", "ok run 5", fails)
	s.run(s.all())
	s.wants("healed", "ok run 8", nil)
	if told := s.column(`SELECT DISTINCT concat_ws(' ', 'nothing', failing_since, failed_attempts, failure_kind, failure_message) FROM polar_bi.freshness`); !slices.Equal(told, []string{"nothing"}) {
		t.Errorf("of links that do not fail: %q", told)
	}
}

// TestALinkThatNeverLandedIsThereOnce has some without a row, two of which the list does
// not name.
func TestALinkThatNeverLandedIsThereOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.breaks(s.ids[6], s.ids[7])
	s.run(s.all())
	rows := func() []string {
		return s.column(`
			SELECT concat_ws(' ', checkout_link_id, coalesce(link_label, organization_id::text, seen_at::text, age::text, 'nothing'), failed_attempts, failure_kind, failing_since IS NOT NULL, failure_message <> '')
			FROM polar_bi.freshness WHERE status = 'never_seen' ORDER BY failing_since`)
	}
	nobody := uuid.Nil.String() + " nothing 1 unavailable t t"
	if diff := cmp.Diff([]string{nobody, nobody}, rows()); diff != "" {
		t.Error(diff)
	}
	if n := s.column(`SELECT count(*)::text FROM polar_bi.freshness WHERE status = 'ok'`); n[0] != "118" {
		t.Errorf("%s are fresh, all but two", n)
	}
	s.run(s.listed("one", s.ids[6]))
	s.run(s.listed("two", s.ids[6], s.ids[7]))
	s.run(s.listed("one", s.ids[6]))
	some := []string{nobody, nobody, s.ids[6].String() + " nothing 2 unavailable t t", s.ids[7].String() + " nothing 1 unavailable t t"}
	got := rows()
	slices.Sort(got)
	slices.Sort(some)
	if diff := cmp.Diff(some, got); diff != "" {
		t.Error(diff)
	}
	s.polar.Reset()
	for _, source := range []syncer.Source{s.listed("one", s.ids[6]), s.listed("two", s.ids[6], s.ids[7]), s.all()} {
		s.run(source)
	}
	s.wants("landed", "ok run 7", nil)
}

func TestALinkThatIsGoneIsNotThere(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.run(s.all())
	s.polar.Delete(s.ids[0].String())
	s.run(s.all())
	s.wants("gone", "ok run 2", map[uuid.UUID]string{s.ids[0]: ""})
	s.exec(`INSERT INTO sync_failures (source, checkout_link_id, since, last_at, kind, message, run_id)
		VALUES ('other', $1, now(), now(), 'unavailable', 'x', gen_random_uuid())`, s.ids[0])
	s.wants("gone, and failing", "ok run 2", map[uuid.UUID]string{s.ids[0]: ""})
}

// TestAScopeIsWrittenOnce looks at the versions of rows: runs of a known scope write none.
func TestAScopeIsWrittenOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.run(s.all())
	versions := func() []string {
		return s.column(`SELECT concat_ws(' ', scope, checkout_link_id, xmin, ctid) FROM sync_scopes ORDER BY 1`)
	}
	if kept := versions(); len(kept) != 0 {
		t.Errorf("of a run over all: %q", kept)
	}
	s.run(s.listed("one", s.ids[:10]...))
	before := versions()
	if len(before) != 10 {
		t.Errorf("%d are kept", len(before))
	}
	s.run(s.listed("one", s.ids[:10]...))
	s.run(s.listed("two", s.ids[:10]...))
	if diff := cmp.Diff(before, versions()); diff != "" {
		t.Errorf("written again:\n%s", diff)
	}
}

// TestAScopeWithoutLinksStandsForNothing has runs from before links were kept. The next
// run of their scope says what they stood for.
func TestAScopeWithoutLinksStandsForNothing(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.run(s.all())
	s.run(s.picked(s.ids[0], s.ids[1]))
	s.exec(`DELETE FROM sync_scopes`)
	s.wants("unknown", "ok changed", nil)
	s.breaks(s.ids[0])
	s.run(s.picked(s.ids[0], s.ids[1]))
	s.wants("known", "ok changed", map[uuid.UUID]string{s.ids[0]: "failing run 2", s.ids[1]: "ok run 3"})
}

func TestFreshnessBearsAnyRow(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.run(s.all())
	s.exec(`UPDATE checkout_links SET label = E' \t\n\r\f\x0B'`)
	s.exec(`UPDATE checkout_links SET label = 'v' WHERE id = $1`, s.ids[4])
	s.exec(`UPDATE checkout_links SET changed_at = 'infinity' WHERE id = $1`, s.ids[0])
	s.exec(`UPDATE checkout_links SET changed_at = '294276-12-31' WHERE id = $1`, s.ids[1])
	s.exec(`DELETE FROM sync_runs`)
	s.exec(`UPDATE checkout_links SET changed_at = '-infinity' WHERE id = $1`, s.ids[2])
	s.exec(`UPDATE checkout_links SET changed_at = '4713-01-01 BC' WHERE id = $1`, s.ids[3])
	told := s.column(`SELECT concat_ws(' ', count(*), count(link_label), count(seen_at), count(age)) FROM polar_bi.freshness`)
	if diff := cmp.Diff([]string{"120 1 120 118"}, told); diff != "" {
		t.Error(diff)
	}
}

func TestRunsTellWhatTheSyncDid(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.run(s.all())
	s.exec(`UPDATE sync_runs SET links_removed = 3, rows_updated = 4, rows_removed = 5, error = 'why'`)
	told := s.column(`SELECT string_agg(k || '=' || v, ' ' ORDER BY k) FROM polar_bi.runs AS r, jsonb_each_text(to_jsonb(r)) AS e (k, v)`)
	want := s.column(`
		SELECT string_agg(CASE k WHEN 'id' THEN 'run_id' ELSE k END || '=' || v, ' ' ORDER BY CASE k WHEN 'id' THEN 'run_id' ELSE k END)
		FROM sync_runs AS r, jsonb_each_text(to_jsonb(r)) AS e (k, v)
		WHERE k = ANY ('{id,source,trigger,status,started_at,finished_at,links_total,links_changed,links_unchanged,links_removed,
			links_failed,rows_inserted,rows_updated,rows_removed,requests,error}')`)
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
}
