// Package integrations_test runs what the files beside it ask of a database, as one who
// may only read the views.
package integrations_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db/dbtest"
	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/secret"
	"syncer/internal/syncer"
)

// filled returns an analyst's connection to a database that has seen a whole recording.
func filled(tb testing.TB) *pgx.Conn {
	tb.Helper()
	database := dbtest.URL(tb)
	fill(tb, database)
	return analyst(tb, database)
}

// analyst returns a connection of a login whose only right is polar_reader.
func analyst(tb testing.TB, database string) *pgx.Conn {
	tb.Helper()
	u, err := url.Parse(database)
	if err != nil {
		tb.Fatal(err)
	}
	name := "analyst_" + strings.TrimPrefix(u.Path, "/") // roles belong to the server
	owner := dbtest.Open(tb, database).Pool()
	if _, err := owner.Exec(tb.Context(), "CREATE ROLE "+name+" LOGIN IN ROLE polar_reader"); err != nil {
		tb.Fatal(err)
	}
	u.User = url.User(name)
	conn, err := pgx.Connect(tb.Context(), u.String())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		conn.Close(context.WithoutCancel(tb.Context()))
		if _, err := owner.Exec(context.WithoutCancel(tb.Context()), "DROP ROLE "+name); err != nil {
			tb.Error(err)
		}
	})
	return conn
}

// fill syncs every step of a recording.
func fill(tb testing.TB, database string) {
	tb.Helper()
	recording, err := fetchtest.Load("alpha")
	if err != nil {
		tb.Fatal(err)
	}
	polar := fetchtest.StartServer(tb, fetchtest.NewServer(recording))
	server, err := url.Parse(polar.URL)
	if err != nil {
		tb.Fatal(err)
	}
	client := fetch.New(fetch.Config{Server: server, Token: fetch.FixedToken(secret.New(polar.Token())), UserAgent: "test"})
	tb.Cleanup(client.Close)
	s := syncer.Syncer{DB: dbtest.Open(tb, database), Logger: slog.New(slog.DiscardHandler)}
	for more := true; more; more = polar.Next() {
		if _, err := s.Run(tb.Context(), syncer.Source{Name: "shop", Client: client, All: true}, syncer.Options{Trigger: "backfill"}); err != nil {
			tb.Fatal(err)
		}
	}
}

// rows returns what a query finds, and its columns.
func rows(tb testing.TB, conn *pgx.Conn, what, sql string) (columns []string, found [][]any) {
	tb.Helper()
	result, err := conn.Query(tb.Context(), sql)
	if err == nil {
		for _, f := range result.FieldDescriptions() {
			columns = append(columns, f.Name)
		}
		found, err = pgx.CollectRows(result, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	}
	if err != nil {
		tb.Errorf("%s: %v\n%s", what, err, sql)
	}
	return columns, found
}

// TestEveryPanelOfTheDashboardShowsSomething lets its period be all time.
func TestEveryPanelOfTheDashboardShowsSomething(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("grafana/catalogue.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		UID        string
		Templating struct {
			List []struct{ Name, Type, Query string }
		}
		Panels []struct {
			ID         int
			Type       string
			Title      string
			Datasource struct{ Type, UID string }
			Targets    []struct{ Format, RawSQL string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	variable := dashboard.Templating.List
	if dashboard.UID == "" || len(variable) != 1 || variable[0].Name != "datasource" || variable[0].Type != "datasource" {
		t.Errorf("%q, variables %+v", dashboard.UID, variable)
	}
	conn := filled(t)
	filter := regexp.MustCompile(`\$__timeFilter\(([a-z_.]+)\)`)
	ids := map[int]bool{}
	for _, p := range dashboard.Panels {
		what := fmt.Sprintf("%s %q", p.Type, p.Title)
		if ids[p.ID] || p.Datasource.UID != "${datasource}" || p.Datasource.Type != variable[0].Query || len(p.Targets) != 1 {
			t.Errorf("%s: id %d, data source %+v, %d queries", what, p.ID, p.Datasource, len(p.Targets))
			continue
		}
		ids[p.ID] = true
		sql := filter.ReplaceAllString(p.Targets[0].RawSQL, "$1 BETWEEN '-infinity' AND 'infinity'")
		if strings.Contains(sql, "$") {
			t.Errorf("%s: not known here: %s", what, sql)
		}
		columns, found := rows(t, conn, what, sql)
		if empty := []string{"Failing links", "Discounts that end within 30 days"}; len(found) == 0 && !slices.Contains(empty, p.Title) {
			t.Errorf("%s is empty", what)
		}
		if series := p.Type == "timeseries"; series != (p.Targets[0].Format == "time_series") || series && !slices.Equal(columns[:2], []string{"time", "metric"}) {
			t.Errorf("%s: format %s, columns %v", what, p.Targets[0].Format, columns)
		}
	}
	if len(ids) < 10 {
		t.Errorf("%d panels", len(ids))
	}
}

// source is the part of sources.yml that dbt asks the database about.
type source struct {
	Schema string
	Tables []struct {
		Name          string
		LoadedAtField string `yaml:"loaded_at_field"`
		Columns       []struct {
			Name      string
			DataTests []any `yaml:"data_tests"`
		}
	}
}

// TestDBTsTestsPass asks what dbt's own tests ask. Each returns the rows that are wrong.
func TestDBTsTestsPass(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("dbt/sources.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Sources []source }
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	conn := filled(t)
	asked := map[string]int{}
	for _, s := range file.Sources {
		for _, table := range s.Tables {
			from := s.Schema + "." + table.Name
			if field := table.LoadedAtField; field != "" {
				if _, found := rows(t, conn, from, "SELECT max("+field+") AS latest FROM "+from+" HAVING max("+field+") IS NOT NULL"); len(found) != 1 {
					t.Errorf("%s has no %s", from, field)
				}
				asked["freshness"]++
			}
			for _, c := range table.Columns {
				for _, test := range c.DataTests {
					name, sql := question(t, from, c.Name, test)
					if _, wrong := rows(t, conn, from, sql); len(wrong) > 0 {
						t.Errorf("%s of %s.%s: %v", name, from, c.Name, wrong)
					}
					asked[name]++
				}
			}
		}
	}
	for _, name := range []string{"freshness", "not_null", "unique", "relationships", "accepted_values"} {
		if asked[name] == 0 {
			t.Errorf("nothing asks for %s", name)
		}
	}
}

// question returns the name of a test, and its SQL as dbt makes it.
func question(tb testing.TB, from, column string, test any) (name, sql string) {
	tb.Helper()
	name, _ = test.(string)
	arguments := map[string]any{}
	if of, ok := test.(map[string]any); ok {
		for name = range of {
			arguments, _ = of[name].(map[string]any)
		}
	}
	if config, ok := arguments["config"].(map[string]any); ok && config["where"] != nil {
		from = fmt.Sprintf("(SELECT * FROM %s WHERE %s) AS chosen", from, config["where"])
	}
	switch name {
	case "not_null":
		return name, fmt.Sprintf("SELECT 1 FROM %s WHERE %s IS NULL", from, column)
	case "unique":
		return name, fmt.Sprintf("SELECT %[2]s FROM %[1]s WHERE %[2]s IS NOT NULL GROUP BY 1 HAVING count(*) > 1", from, column)
	case "relationships":
		to := regexp.MustCompile(`^source\('(\w+)', '(\w+)'\)$`).ReplaceAllString(arguments["to"].(string), "$1.$2")
		return name, fmt.Sprintf("SELECT %[2]s FROM %[1]s WHERE %[2]s IS NOT NULL AND %[2]s NOT IN (SELECT %[4]s FROM %[3]s)", from, column, to, arguments["field"])
	case "accepted_values":
		var values []string
		for _, v := range arguments["values"].([]any) {
			values = append(values, "'"+v.(string)+"'")
		}
		if severity := arguments["config"].(map[string]any)["severity"]; severity != "warn" {
			tb.Errorf("%s.%s: severity %v", from, column, severity)
		}
		return name, fmt.Sprintf("SELECT DISTINCT %[2]s FROM %[1]s WHERE %[2]s NOT IN (%[3]s)", from, column, strings.Join(values, ", "))
	}
	tb.Fatalf("dbt has no test %q", name)
	return "", ""
}

// TestAnAnalystReadsTheViewsAndNothingElse holds what the other tests here rely on.
func TestAnAnalystReadsTheViewsAndNothingElse(t *testing.T) {
	t.Parallel()
	_, found := rows(t, analyst(t, dbtest.URL(t)), "rights", `
		SELECT n.nspname::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname LIKE 'polar%' AND c.relkind IN ('r', 'v') AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
		GROUP BY 1`)
	if diff := cmp.Diff([][]any{{"polar_bi"}}, found); diff != "" {
		t.Error(diff)
	}
}

// TestThePageForAnalystsIsTrue runs its ten queries, and looks for every view in its picture.
func TestThePageForAnalystsIsTrue(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/analysts.md")
	if err != nil {
		t.Fatal(err)
	}
	conn := analyst(t, dbtest.URL(t))
	queries := regexp.MustCompile("(?s)```sql\n(SELECT .*?)```").FindAllStringSubmatch(string(page), -1)
	for _, query := range queries {
		rows(t, conn, "query", query[1])
	}
	if len(queries) != 10 {
		t.Errorf("%d queries", len(queries))
	}
	_, views := rows(t, conn, "views", "SELECT DISTINCT view_name FROM polar_bi.data_dictionary")
	for _, view := range views {
		if !regexp.MustCompile(`(?m)^\W*` + view[0].(string) + ` `).Match(page) {
			t.Errorf("%s is not in the picture", view[0])
		}
	}
	if len(views) == 0 {
		t.Error("no views")
	}
}
