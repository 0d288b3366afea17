package views_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What a test may find in the views, and what it may not.
const (
	plainText  = "NOT-HIDDEN"
	hiddenText = "HIDDEN"
)

// secretColumns are those that no view shows, by table.
func secretColumns() map[string][]string {
	return map[string][]string{
		"checkout_links": {"url", "client_secret", "extra"}, "products": {"extra"}, "prices": {"extra"}, "meters": {"extra"},
		"benefits": {"extra"}, "medias": {"extra"}, "discounts": {"extra"},
		"sync_failures": {"body"}, "sync_runs": {"checkpoint", "holder"},
	}
}

// newSecretSheet is a database with secrets wherever there may be some, now and in the past.
func newSecretSheet(tb testing.TB) *sheet {
	tb.Helper()
	s := newSheet(tb)
	hidden := cells{"key": hiddenText}
	link := cells{"id": nth(200), "label": plainText, "url": hiddenText, "client_secret": hiddenText, "extra": hidden, "discount_id": nth(300)}
	s.put("discounts", cells{"id": nth(300), "extra": hidden})
	s.put("products", cells{"id": nth(100), "extra": hidden})
	s.put("meters", cells{"id": nth(400), "extra": hidden})
	s.put("prices", cells{"id": nth(1), "product_id": nth(100), "meter_id": nth(400), "extra": hidden})
	s.put("benefits", cells{"id": nth(500), "extra": hidden})
	s.put("medias", cells{"id": nth(600), "extra": hidden})
	s.put("product_benefits", cells{"product_id": nth(100), "position": 0, "benefit_id": nth(500)})
	s.put("checkout_links", link)
	s.put("checkout_link_products", cells{"checkout_link_id": nth(200), "product_id": nth(100), "position": 0})
	// Changed, deleted, and gone.
	link["id"], link["label"] = nth(201), nil
	s.put("checkout_links", link)
	s.exec(`UPDATE checkout_links SET url = url || '2', client_secret = client_secret || '2'`)
	for table, columns := range secretColumns() {
		if columns[len(columns)-1] == "extra" {
			s.exec(`UPDATE ` + table + ` SET extra = '{"key": "` + hiddenText + `2"}'`)
		}
	}
	s.exec(`DELETE FROM checkout_links WHERE id = $1`, nth(201))
	s.exec(`UPDATE discounts SET redemptions_count = 1`)
	link["id"] = nth(202)
	s.put("checkout_links", link)
	s.exec(`UPDATE checkout_links SET removed_at = now(), url = url || '2' WHERE id = $1`, nth(202))
	s.exec(`INSERT INTO sync_runs (id, source, trigger, started_at, observing_since, holder, scope, checkpoint, status, finished_at)
		VALUES (md5('')::uuid, 'test', 'test', now(), now(), $1, 'all', jsonb_build_object('key', $1::text), 'succeeded', now())`, hiddenText)
	s.exec(`INSERT INTO sync_failures (source, checkout_link_id, since, last_at, kind, message, body, run_id) VALUES ('test', $1, now(), now(), 'server', '', $2, md5('')::uuid)`, nth(200), hiddenText)
	for table, columns := range secretColumns() {
		for _, column := range columns {
			s.wantSome(table+"."+column, `SELECT FROM `+table+` WHERE position($1 IN `+column+`::text) > 0`)
			if strings.HasPrefix(table, "sync_") {
				continue
			}
			for _, state := range []string{"before", "after"} {
				s.wantSome(column+" of "+state, `SELECT FROM changes WHERE entity = '`+table+`' AND position($1 IN (`+state+` -> '`+column+`')::text) > 0`)
			}
		}
	}
	return s
}

// wantSome fails if a query finds no secret.
func (s *sheet) wantSome(where, sql string) {
	s.tb.Helper()
	tag, err := s.db.Pool().Exec(s.tb.Context(), sql, hiddenText)
	if err != nil {
		s.tb.Fatal(err)
	}
	if tag.RowsAffected() == 0 {
		s.tb.Fatalf("%s holds no secret to look for", where)
	}
}

func TestNoViewShowsASecret(t *testing.T) {
	t.Parallel()
	s := newSecretSheet(t)
	reader := analyst(t, s.db)
	shown := 0
	for _, view := range viewsOf(columnsOfViews(t, s.db)) {
		rows, err := reader.Query(t.Context(), `SELECT v::text FROM polar_bi.`+view+` AS v`)
		if err != nil {
			t.Fatal(err)
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%s: %v", view, err)
		}
		if len(all) == 0 {
			t.Errorf("%s has no rows", view)
		}
		for _, row := range all {
			shown += strings.Count(row, plainText)
			if strings.Contains(strings.ReplaceAll(row, plainText, ""), hiddenText) {
				t.Errorf("%s shows a secret: %s", view, row)
			}
		}
	}
	if shown == 0 {
		t.Error("no label is found, either")
	}
}

// TestAReadersFunctionSeesNoSecret filters by a function of the reader's own that is cheaper than all others: Postgres may call it
// for rows that a view would leave out.
func TestAReadersFunctionSeesNoSecret(t *testing.T) {
	t.Parallel()
	s := newSecretSheet(t)
	seen := map[string]bool{}
	reader := analyst(t, s.db, func(c *pgx.ConnConfig) {
		delete(c.RuntimeParams, "default_transaction_read_only")
		c.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) { seen[notice.Message] = true }
	})
	s.exec(`CREATE SCHEMA mine AUTHORIZATION ` + reader.Config().User)
	exec := func(sql string) {
		t.Helper()
		if _, err := reader.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec(`CREATE FUNCTION mine.look(at text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$
		BEGIN
			RAISE NOTICE '%', at;
			RETURN true;
		END $$`)
	columns := columnsOfViews(t, s.db)
	for _, c := range columns {
		exec(fmt.Sprintf(`SELECT FROM polar_bi.%s WHERE mine.look(%s::text)`, c.table, c.name))
	}
	for _, view := range viewsOf(columns) {
		exec(`SELECT FROM polar_bi.` + view + ` AS v WHERE mine.look(v::text)`)
	}
	if !seen[plainText] || !seen["[hidden]"] {
		t.Errorf("%d values are seen, and no label among them", len(seen))
	}
	for text := range seen {
		if strings.Contains(strings.ReplaceAll(text, plainText, ""), hiddenText) {
			t.Errorf("a secret is seen: %s", text)
		}
	}
}

// viewsOf are the views that have these columns.
func viewsOf(columns []column) (all []string) {
	for _, c := range columns {
		if len(all) == 0 || all[len(all)-1] != c.table {
			all = append(all, c.table)
		}
	}
	return all
}
