package main

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const otherID = "76543210-89ab-4cde-8f01-23456789abcd"

// settings are the places each setting can come from, and what it reads as.
var settings = []struct {
	name     string
	file     string // of one source; "" if a file cannot set it
	variable string
	value    string // of the variable
	read     func(c config) string

	wantDefault, wantFile, wantVariable string
}{
	{
		name: "database",
		file: "database_url: postgres://file", variable: "DATABASE_URL", value: "postgres://environment",
		read:        func(c config) string { return c.Database.URL.Reveal() },
		wantDefault: "", wantFile: "postgres://file", wantVariable: "postgres://environment",
	},
	{
		name: "http address",
		file: "http_addr: 127.0.0.1:1", variable: "SYNCER_HTTP_ADDR", value: "127.0.0.1:2",
		read:        func(c config) string { return c.HTTPAddr },
		wantDefault: "127.0.0.1:8080", wantFile: "127.0.0.1:1", wantVariable: "127.0.0.1:2",
	},
	{
		name: "http off", // set but empty differs from unset
		file: `http_addr: ""`, variable: "SYNCER_HTTP_ADDR", value: "",
		read:        func(c config) string { return c.HTTPAddr },
		wantDefault: "127.0.0.1:8080", wantFile: "", wantVariable: "",
	},
	{
		name: "http off by the environment",
		file: "http_addr: 127.0.0.1:1", variable: "SYNCER_HTTP_ADDR", value: "",
		read:        func(c config) string { return c.HTTPAddr },
		wantDefault: "127.0.0.1:8080", wantFile: "127.0.0.1:1", wantVariable: "",
	},
	{
		name: "reader",
		file: "reader_role: file", variable: "SYNCER_READER_ROLE", value: "environment",
		read:        func(c config) string { return c.Database.Reader },
		wantDefault: "polar_reader", wantFile: "file", wantVariable: "environment",
	},
	{
		name: "no reader", // set but empty differs from unset
		file: `reader_role: ""`, variable: "SYNCER_READER_ROLE", value: "",
		read:        func(c config) string { return c.Database.Reader },
		wantDefault: "polar_reader", wantFile: "", wantVariable: "",
	},
	{
		name: "runs kept",
		file: "keep_runs_days: 0", variable: "SYNCER_KEEP_RUNS_DAYS", value: "7",
		read:        func(c config) string { return c.KeepRuns.String() },
		wantDefault: "2160h0m0s", wantFile: "0s", wantVariable: "168h0m0s",
	},
	{
		name: "history kept",
		file: "keep_changes_days: 1", variable: "SYNCER_KEEP_CHANGES_DAYS", value: "7",
		read:        func(c config) string { return c.KeepChanges.String() },
		wantDefault: "0s", wantFile: "24h0m0s", wantVariable: "168h0m0s",
	},
	{
		name: "server",
		file: "sources: [{name: default, server: sandbox}]", variable: "POLAR_SERVER", value: "http://127.0.0.1:1/",
		read:        func(c config) string { return c.Sources[0].Server.String() },
		wantDefault: "https://api.polar.sh", wantFile: "https://sandbox-api.polar.sh", wantVariable: "http://127.0.0.1:1",
	},
	{
		name: "token",
		file: "sources: [{name: default, access_token: file}]", variable: "POLAR_ACCESS_TOKEN", value: " environment\n",
		read:        tokenOf,
		wantDefault: "none", wantFile: "file", wantVariable: "environment",
	},
	{
		name: "ids",
		file: "sources: [{name: default, checkout_link_ids: [" + someID + "]}]", variable: "POLAR_CHECKOUT_LINK_IDS",
		value:       strings.ToUpper(otherID) + ",\n" + strings.ReplaceAll(someID, "-", "") + "  " + otherID,
		read:        func(c config) string { return fmt.Sprint(c.Sources[0].All, c.Sources[0].IDs) },
		wantDefault: "false []", wantFile: "false [" + someID + "]", wantVariable: "false [" + someID + " " + otherID + "]",
	},
	{
		name: "all links",
		file: "sources: [{name: default, checkout_link_ids: all}]", variable: "POLAR_CHECKOUT_LINK_IDS", value: someID,
		read:        func(c config) string { return fmt.Sprint(c.Sources[0].All, c.Sources[0].IDs) },
		wantDefault: "false []", wantFile: "true []", wantVariable: "false [" + someID + "]",
	},
	{
		name: "all links by the environment",
		file: "sources: [{name: default, checkout_link_ids: " + someID + "}]", variable: "POLAR_CHECKOUT_LINK_IDS", value: "all",
		read:        func(c config) string { return fmt.Sprint(c.Sources[0].All, c.Sources[0].IDs) },
		wantDefault: "false []", wantFile: "false [" + someID + "]", wantVariable: "true []",
	},
	{
		name: "way to fetch",
		file: "sources: [{name: default, fetch: list}]", variable: "SYNCER_FETCH", value: "id",
		read:        func(c config) string { return string(c.Sources[0].Fetch) },
		wantDefault: "auto", wantFile: "list", wantVariable: "id",
	},
	{
		name: "schedule",
		file: "sources: [{name: default, schedule: '@hourly'}]", variable: "SYNCER_SCHEDULE", value: "CRON_TZ=UTC 1 2 * * *",
		read:        func(c config) string { return c.Sources[0].Schedule },
		wantDefault: "*/15 * * * *", wantFile: "@hourly", wantVariable: "CRON_TZ=UTC 1 2 * * *",
	},
	{
		name: "budget",
		file: "sources: [{name: default, requests_per_minute: 7}]", variable: "SYNCER_REQUESTS_PER_MINUTE", value: "8",
		read:        func(c config) string { return strconv.Itoa(c.Sources[0].RequestsPerMinute) },
		wantDefault: "400", wantFile: "7", wantVariable: "8",
	},
	{
		name: "API version",
		file: "sources: [{name: default, api_version: 2026-10}]", variable: "SYNCER_API_VERSION", value: "2031-04",
		read:        func(c config) string { return c.Sources[0].APIVersion },
		wantDefault: "auto", wantFile: "2026-10", wantVariable: "2031-04",
	},
}

func tokenOf(c config) string {
	if c.Sources[0].Token == nil {
		return "none"
	}
	token, err := c.Sources[0].Token()
	if err != nil {
		return err.Error()
	}
	return token.Reveal()
}

func TestEnvironmentWinsOverFileOverDefault(t *testing.T) {
	t.Parallel()
	for _, s := range settings {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			read := func(path string, env variables) string {
				t.Helper()
				c, err := loadConfig(path, env.lookup)
				if err != nil {
					t.Fatal(err)
				}
				return s.read(c)
			}
			file, env := writeFile(t, "syncer.yaml", s.file), variables{s.variable: s.value}
			got := []string{read("", nil), read(file, nil), read("", env), read(file, env)}
			if diff := cmp.Diff([]string{s.wantDefault, s.wantFile, s.wantVariable, s.wantVariable}, got); diff != "" {
				t.Errorf("default, file, variable, file and variable:\n%s", diff)
			}
		})
	}
}

func TestTheFlagNamesTheFileBeforeTheEnvironmentDoes(t *testing.T) {
	t.Parallel()
	byFlag, byVariable := writeFile(t, "flag.yaml", "http_addr: 127.0.0.1:1"), writeFile(t, "variable.yaml", "http_addr: 127.0.0.1:2")
	for flag, want := range map[string]string{byFlag: "127.0.0.1:1", "": "127.0.0.1:2"} {
		c, err := loadConfig(flag, variables{"SYNCER_CONFIG": byVariable}.lookup)
		if err != nil || c.HTTPAddr != want {
			t.Errorf("--config %q: %s, %v; want %s", flag, c.HTTPAddr, err, want)
		}
	}
}

func TestTheNearerSchemaCounts(t *testing.T) {
	t.Parallel()
	for file, want := range map[string][]string{
		"":                                {"polar"},
		"schema: a":                       {"a"},
		"sources: [{name: x, schema: b}]": {"b"},
		"schema: a\nsources: [{name: x}]": {"a"},
		"{schema: a, sources: [{name: x}, {name: y, schema: b}]}": {"a", "b"},
	} {
		c, err := loadConfig(writeFile(t, "syncer.yaml", file), variables{}.lookup)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range c.Sources {
			got = append(got, s.Schema)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", file, diff)
		}
	}
}

func TestSandboxHasASmallerBudget(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]int{"production": 400, "sandbox": 80, "https://sandbox-api.polar.sh/": 80, "http://localhost:1": 400} {
		c, err := loadConfig("", variables{"POLAR_SERVER": server}.lookup)
		if err != nil || c.Sources[0].RequestsPerMinute != want {
			t.Errorf("%s: %d requests a minute, %v; want %d", server, c.Sources[0].RequestsPerMinute, err, want)
		}
	}
}

func TestAPrivateDatabaseOnlyWhenNoneIsConfigured(t *testing.T) {
	t.Parallel()
	password := writeFile(t, "password", testPassword)
	for _, env := range []variables{
		{"DATABASE_URL": "postgres://x"},
		{"PGHOST": "x"},
		{"PGPORT": "1"},
		{"PGDATABASE": "x"},
		{"PGUSER": "x"},
		{"PGPASSWORD": "x"},
		{"PGPASSWORD_FILE": password},
		{"PGSERVICE": "x"},
		{"PGSERVICEFILE": "x"},
		{"PGPASSFILE": "x"},
	} {
		if c, err := loadConfig("", env.lookup); err != nil || c.Database.Private {
			t.Errorf("%v: private %v, %v", env, c.Database.Private, err)
		}
	}
	if c, err := loadConfig("", variables{"DATABASE_URL": "", "PGHOST": ""}.lookup); err != nil || !c.Database.Private {
		t.Errorf("nothing set: private %v, %v", c.Database.Private, err)
	}
}

func TestTheExampleFileIsRead(t *testing.T) {
	t.Parallel()
	c, err := loadConfig("../../syncer.example.yaml", variables{"POLAR_ACCESS_TOKEN": testToken}.lookup) // the example's own is in a file
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Sources[0]; s.Name != "shop" || !s.All || s.Schema != "polar" || s.Schedule != defaultSchedule || !c.Database.Private {
		t.Errorf("%+v", c)
	}
}
