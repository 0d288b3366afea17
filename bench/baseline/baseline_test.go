package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/polarsource/polar-go/models/components"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer/oracle"
)

// The baseline is a fair measure only while its tables are right: they hold
// what the oracle makes of the same answers, except for what the SDK drops.
func TestTheTablesHoldWhatTheSDKShows(t *testing.T) {
	t.Parallel()
	polar, url, want := fetchtest.Start(t, "alpha"), dbtest.URL(t), oracle.New()
	d := dbtest.Open(t, url)
	for i, step := range []int{0, polar.Steps() - 1} {
		polar.Goto(step)
		links, readable := answered(t, polar)
		if len(readable) == 0 || len(readable) == len(links) {
			t.Fatalf("the SDK reads %d of %d links: a test needs both kinds", len(readable), len(links))
		}
		if err := want.Observe(time.Unix(int64(i), 0), readable); err != nil {
			t.Fatal(err)
		}
		for range 2 { // again: what exists stays as it is
			r, err := run(t.Context(), config{
				server: polar.URL, token: polar.Token(), database: url, schema: db.DefaultSchema, ids: idsFile(t, links),
			})
			if err != nil {
				t.Fatal(err)
			}
			if r.Links != len(links) || r.Written != len(readable) || len(r.Unreadable) != len(links)-len(readable) || r.Seconds <= 0 || r.UnreadableSeconds <= 0 {
				t.Errorf("step %d: reported %+v, want %d links, %d written", step, r, len(links), len(readable))
			}
			got, err := oracle.Read(t.Context(), d.Pool())
			if err != nil {
				t.Fatal(err)
			}
			if diff := oracle.Diff(withoutDropped(want.Tables()), withoutDropped(got)); diff != "" {
				t.Fatalf("step %d: %s", step, diff)
			}
		}
	}
}

// answered returns the links that the server shows, and the answers that the SDK can read.
func answered(t *testing.T, polar *fetchtest.Server) (links []string, readable []oracle.Answer) {
	t.Helper()
	for _, a := range polar.Links() {
		if a.Status != http.StatusOK {
			continue
		}
		links = append(links, a.ID)
		if json.Unmarshal(a.Body, new(components.CheckoutLink)) == nil {
			readable = append(readable, oracle.Answer{ID: a.ID, Status: a.Status, Body: a.Body})
		}
	}
	return links, readable
}

func idsFile(t *testing.T, ids []string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ids")
	if err := os.WriteFile(name, []byte(strings.Join(ids, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// dropped lists the columns whose values the SDK lacks.
var dropped = map[string][]string{
	"checkout_links": {"seats", "units"},
	"products":       {"meter_interval", "meter_interval_count"},
	"prices":         {"price_per_seat"},
	"meters":         {"unit", "custom_label", "custom_multiplier"},
	"benefits":       {"is_deleted"},
	"discounts":      {"max_redemptions_per_customer"},
}

// long matches a number that may have more digits than the SDK's float64.
var long = regexp.MustCompile(`\d{17,}`)

// withoutDropped removes what the SDK drops, and our own times. It changes
// tables and returns them.
func withoutDropped(tables oracle.Tables) oracle.Tables {
	for name, rows := range tables.WithoutTimes() {
		for _, row := range rows {
			for _, column := range dropped[name] {
				row[column] = nil
			}
			if name == "prices" && *row["legacy"] == "false" { // deprecated on all others, but still sent
				row["type"], row["recurring_interval"] = nil, nil
			}
			if metadata := row["metadata"]; metadata != nil {
				row["metadata"] = new(long.ReplaceAllStringFunc(*metadata, rounded))
			}
		}
	}
	return tables
}

func rounded(digits string) string {
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return digits
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// What is not the fault of a link's answer ends the run.
func TestAnyOtherErrorEndsTheRun(t *testing.T) {
	t.Parallel()
	polar, url := fetchtest.Start(t, "alpha"), dbtest.URL(t)
	links, _ := answered(t, polar)
	good := config{server: polar.URL, token: polar.Token(), database: url, schema: db.DefaultSchema, ids: idsFile(t, links)}
	for _, test := range []struct {
		name   string
		change func(*config)
		want   string
	}{
		{"no such link", func(c *config) { c.ids = idsFile(t, []string{"00000000-0000-4000-8000-000000000000"}) }, "Not found"},
		{"wrong token", func(c *config) { c.token = "wrong" }, "401"},
		{"no token", func(c *config) { c.token = "" }, "401"},
		{"nobody listens", func(c *config) { c.server = "http://127.0.0.1:1" }, "connection refused"},
		{"no tables", func(c *config) { c.schema = "elsewhere" }, "does not exist"},
		{"no server", func(c *config) { c.server = "" }, "-server"},
		{"no file", func(c *config) { c.ids += ".gone" }, "no such file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := good
			test.change(&c)
			if _, err := run(t.Context(), c); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}
}
