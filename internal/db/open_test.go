package db_test

import (
	"errors"
	"strings"
	"testing"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/secret"
)

func TestOpenSetsWhatEveryStatementReliesOn(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	d := openSchema(t, url, "a_1")
	for setting, want := range map[string]string{"search_path": "a_1", "timezone": "UTC", "application_name": "test"} {
		if got := ask[string](t, d, "SELECT current_setting($1)", setting); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	named := openSchema(t, url+"&application_name=mine", "")
	if got := ask[string](t, named, "SELECT current_setting('application_name')"); got != "mine" || named.Schema() != "polar" {
		t.Errorf("application_name %q, schema %q", got, named.Schema())
	}
	if err := d.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOpenRefusesWrongSettings(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	for _, schema := range []string{"Polar", "1polar", "pg_polar", "polar; DROP", `"polar"`, "polär", "a.b", strings.Repeat("x", 57)} {
		_, err := db.Open(t.Context(), db.Config{URL: secret.New(url), Schema: schema})
		if !errors.Is(err, db.ErrConfig) || !strings.Contains(err.Error(), "schema") {
			t.Errorf("schema %q: %v", schema, err)
		}
	}
	for _, bad := range []string{
		"postgres://u:hunter2@host:bad/db", "postgres://u:hun@hunter2@host/db", "postgres://u:hun@hunter2@host:bad/db", "hunter2",
		"host=a,hunter2@b password=x", "postgres://u:hunter2@host/db?sslmode=no",
	} {
		_, err := db.Open(t.Context(), db.Config{URL: secret.New(bad)})
		if !errors.Is(err, db.ErrConfig) || !strings.Contains(err.Error(), "DATABASE_URL: ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestOpenTellsAnUnreachableServer(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	for what, bad := range map[string]string{
		"nobody listens":   "postgres://u:hunter2@127.0.0.1:1/db",
		"no such socket":   "postgres://u:hunter2@/db?host=/there/is/no",
		"no such database": strings.Replace(url, "/test_", "/no_test_", 1),
		"no such role":     strings.Replace(url, "syncer@", "hunter:hunter2@", 1),
	} {
		_, err := db.Open(t.Context(), db.Config{URL: secret.New(bad)})
		if !errors.Is(err, db.ErrUnreachable) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
