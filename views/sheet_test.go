package views_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// sheet is a database whose rows a test writes itself, as a run or by hand.
type sheet struct {
	tb testing.TB
	db *db.DB
}

func newSheet(tb testing.TB) *sheet {
	tb.Helper()
	return &sheet{tb: tb, db: dbtest.New(tb)}
}

// nth is a made-up id.
func nth(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// cells are a row's columns.
type cells map[string]any

// usual is what a row needs that a test does not care about.
func usual(table string) cells {
	entity := cells{"extra": cells{}, "metadata": cells{}, "created_at": "2026-01-01Z", "organization_id": nth(0), "first_seen_at": "2026-01-02Z", "changed_at": "2026-01-02Z"}
	more := map[string]cells{
		"checkout_links": {"url": "https://buy.polar.sh/a", "client_secret": "a", "payment_processor": "stripe", "allow_discount_codes": true},
		"products":       {"name": "Product", "is_recurring": false, "is_archived": false},
		"prices":         {"amount_type": "fixed", "price_currency": "usd", "price_amount": 1000, "legacy": false, "is_archived": false},
		"meters":         {"name": "Meter", "unit": "scalar"},
		"benefits":       {"type": "custom", "description": "Benefit", "selectable": true, "deletable": true},
		"medias": {
			"name": "Picture", "path": "a.png", "mime_type": "image/png", "size": 1, "service": "product_media", "is_uploaded": true,
			"size_readable": "1 B", "public_url": "https://example.com/a.png",
		},
		"discounts": {"name": "Discount", "type": "percentage", "duration": "once", "redemptions_count": 0},
	}
	if more[table] == nil { // tiers, amounts, join rows
		return cells{}
	}
	maps.Copy(entity, more[table])
	return entity
}

// put inserts a row, with what is usual for its table.
func (s *sheet) put(table string, row cells) {
	s.tb.Helper()
	s.exec(insert(table, row))
}

// insert is the statement of put, for a run.
func insert(table string, row cells) (string, cells) {
	all := usual(table)
	maps.Copy(all, row)
	return `INSERT INTO ` + table + ` SELECT * FROM jsonb_populate_record(NULL::` + table + `, $1)`, all
}

// exec runs a statement by hand.
func (s *sheet) exec(sql string, args ...any) {
	s.tb.Helper()
	if _, err := s.db.Pool().Exec(s.tb.Context(), sql, args...); err != nil {
		s.tb.Fatal(err)
	}
}

// between makes changes as a run does that saw them: later than the one time, and by the other.
func (s *sheet) between(notBefore, notAfter string, change func(exec func(sql string, args ...any))) {
	s.tb.Helper()
	err := pgx.BeginFunc(s.tb.Context(), s.db.Pool(), func(tx pgx.Tx) error {
		exec := func(sql string, args ...any) {
			s.tb.Helper()
			if _, err := tx.Exec(s.tb.Context(), sql, args...); err != nil {
				s.tb.Fatal(err)
			}
		}
		exec(`SELECT set_config('syncer.run_id', $1, true), set_config('syncer.not_before', $2, true), set_config('syncer.not_after', $3, true)`,
			uuid.NewString(), notBefore, notAfter)
		change(exec)
		return nil
	})
	if err != nil {
		s.tb.Fatal(err)
	}
}

// shows compares the answer to a query, a line for each row, with lines of want.
func (s *sheet) shows(what, want, sql string, args ...any) {
	s.tb.Helper()
	rows, err := s.db.Pool().Query(s.tb.Context(), `SELECT t::text FROM (`+sql+`) AS t`, args...)
	if err != nil {
		s.tb.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		s.tb.Fatalf("%s: %v", what, err)
	}
	var lines []string
	for line := range strings.Lines(want) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, "("+line+")")
		}
	}
	if diff := cmp.Diff(lines, got); diff != "" {
		s.tb.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
