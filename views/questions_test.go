package views_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// questionsIn is the folder of what analysts ask, a query a file.
const questionsIn = "../docs/questions"

// questions returns the queries by the numbers that their files begin with. They have one parameter at most.
func questions(tb testing.TB) map[string]string {
	tb.Helper()
	files, err := filepath.Glob(questionsIn + "/*.sql")
	if err != nil {
		tb.Fatal(err)
	}
	all := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		asked, sql, _ := strings.Cut(string(text), "\n")
		if !strings.HasPrefix(asked, "-- ") || !strings.HasSuffix(asked, "?") || !strings.HasSuffix(sql, ";\n") || strings.Count(sql, ";") != 1 {
			tb.Errorf("%s is not a question in words and a query", file)
		}
		sql = strings.ReplaceAll(sql, "= :product", "= $1")
		all[filepath.Base(file)[:2]] = strings.TrimSuffix(sql, ";\n")
	}
	if len(all) != 10 {
		tb.Fatalf("%d questions in %s, want 10", len(all), questionsIn)
	}
	return all
}

// TestTheQuestionsAreAnswered asks them as an analyst of a catalogue that has seen months.
func TestTheQuestionsAreAnswered(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for more := true; more; more = s.polar.Next() {
		s.run(s.all())
	}
	s.exec(`UPDATE discounts SET ends_at = now() + interval '3 days' WHERE name = '早割 6'`)
	s.exec(`UPDATE discounts SET ends_at = now() + interval '8 days' WHERE name = 'Friend of the house 1'`)
	reader := analyst(t, s.db)
	for number, sql := range questions(t) {
		q := answers()[number]
		rows, err := reader.Query(t.Context(), sql, q.args...)
		if err != nil {
			t.Fatalf("%s: %v", number, err)
		}
		var columns []string
		for _, f := range rows.FieldDescriptions() {
			columns = append(columns, f.Name)
		}
		rows.Close()
		if diff := cmp.Diff(q.columns, strings.Join(columns, " ")); diff != "" {
			t.Errorf("%s: columns (-want +got):\n%s", number, diff)
		}
		rows, err = reader.Query(t.Context(), `SELECT q::text FROM (`+sql+`) AS q`, q.args...)
		if err != nil {
			t.Fatalf("%s: %v", number, err)
		}
		got, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%s: %v", number, err)
		}
		if q.rows > 0 && len(got) != q.rows || len(got) == 0 {
			t.Errorf("%s: %d rows, want %d", number, len(got), q.rows)
		}
		for _, part := range q.parts {
			if !slices.ContainsFunc(got, func(row string) bool { return strings.Contains(row, part) }) {
				t.Errorf("%s: no row has %s:\n%s", number, part, strings.Join(got, "\n"))
			}
		}
	}
}

// TestThePageForAnalystsAsksTheSame compares the queries there, which name a product where the file has a parameter.
func TestThePageForAnalystsAsksTheSame(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/analysts.md")
	if err != nil {
		t.Fatal(err)
	}
	for number, sql := range questions(t) {
		_, sql, _ = strings.Cut("\n"+sql, "\nSELECT ")
		sql = strings.ReplaceAll("SELECT "+sql, "$1", "'eBook vector 10'")
		if !strings.Contains(string(page), "<!-- question "+number+" -->\n\n```sql\n"+sql+";\n```") {
			t.Errorf("docs/analysts.md has another question %s:\n%s", number, sql)
		}
	}
}

type answer struct {
	args    []any
	columns string
	rows    int      // 0: some
	parts   []string // of rows
}

// answers are what the recording holds.
func answers() map[string]answer {
	return map[string]answer{
		"01": {
			columns: "link_label product_name net_amount_major currency recurring_interval metered_prices trial_interval",
			rows:    225,
			parts: []string{
				`("  spaces around  ","Sponsor annual 32",0.00,usd,year,1,)`, `("  spaces around  ","Enterprise 🏳️‍🌈 12",24.99,usd,month,0,month)`,
				`"Team upgrade 37",999999.99,usd,day,0,)`, `"Pro (renamed) – “smart quotes”",0.00,usd,year,3,week)`,
			},
		},
		"02": {columns: "link_label reason product_name since", rows: 11, parts: []string{`("½ price",no_open_product,,)`, `(newsletter-2026-07,gone,,"2`}},
		"03": {
			args:    []any{"eBook vector 10"},
			columns: "valid_from valid_to amount_type amount_major unit_amount_major currency",
			rows:    8,
			parts: []string{
				`("2026-05-30 01:12:50.570591+00","`, `",fixed,60.00,,inr)`, `("2026-11-22 19:00:35.719879+00",,fixed,199.00,,inr)`,
				`",metered_unit,,0.00000000000500,inr)`, `("2026-11-22 19:00:35.720882+00",,metered_unit,,0.01000000000000,inr)`,
			},
		},
		"04": {columns: "label name ends_at redemptions_count", rows: 6, parts: []string{`(newsletter-2026-07,"早割 6","`, `",5)`}},
		"05": {
			columns: "not_after entity name op field before after",
			rows:    326,
			parts: []string{
				`,discounts,"早割 6",update,redemptions_count,0,5)`, `,products,"Final name ✅",update,name,"Add-on deploy 9","Final name ✅")`,
				`,prices,"eBook vector 10",remove,,,)`, `,prices,"eBook vector 10",insert,,,)`,
			},
		},
		// How many there are changes when a recorded discount ends.
		"06": {columns: "product currency recurring_interval min max", parts: []string{`("eBook 🚀✨ 26",krw,,0,800)`, `("Sponsor annual 32",usd,year,0.00,199.00)`}},
		"07": {
			columns: "checkout_link_id label discount_name created_at",
			rows:    74,
			parts:   []string{`(6301079b-20bd-421d-b204-c78ca3ff84fa,"رابط الدفع للعملاء",,"2025-05-26 00:13:32+00")`, `(40e2b882-8505-400c-990d-e420e5fb0c39,,"Edited خطة احترافية 636",`},
		},
		"08": {columns: "link_label status seen_at age failure_message", rows: 121, parts: []string{`("QR code booth #4",ok,"`, `:00:`}},
		"09": {columns: "product_name benefit_type benefit_description", rows: 0, parts: []string{`("Add-on naïve café 22",github_repository,"Priority shard")`, `("Credits İstanbul ı 27",meter_credit,"🎁 pipeline")`}},
		"10": {columns: "day discount_name redemptions", rows: 0, parts: []string{` 00:00:00+00","早割 6",5)`, `"Friend of the house 3",5)`}},
	}
}
