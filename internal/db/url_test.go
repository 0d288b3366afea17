package db_test

import (
	"errors"
	"strings"
	"testing"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/secret"
)

// TestNothingButPostgresIsAsked gives URLs that pgx takes for key=value words, in an
// environment whose default server answers.
func TestNothingButPostgresIsAsked(t *testing.T) {
	url := dbtest.Empty(t)
	d := dbtest.Open(t, url)
	c := d.Pool().Config().ConnConfig
	t.Setenv("PGHOST", c.Host)
	t.Setenv("PGUSER", c.User)
	t.Setenv("PGDATABASE", c.Database)
	for text, says := range map[string]string{
		"postgress://u:hunter2@host/db":                   "its beginning has a typo",
		"postgress://u:hunter2@host/db?sslmode=disable":   "its beginning has a typo", // has a =
		"postgres:/u:hunter2@host/db?x=y":                 "its beginning has a typo",
		"postgres:u:hunter2@host/db?x=y":                  "neither a URL nor key=value words",
		"http://u:hunter2@host/db?x=y":                    "a URL of something else",
		"https://buy.polar.sh/polar_cl_hunter2?x=y":       "a URL of something else",
		"jdbc:postgresql://host/db?password=hunter2":      "jdbc:postgresql: is for another program",
		"postgresql+psycopg2://u:hunter2@host/db?a=b":     "postgresql+psycopg2:// is for another program",
		"POSTGRES://u:hunter2@host/db?sslmode=disable":    "its beginning has a typo",
		`"postgres://u:hunter2@host/db?sslmode=disable"`:  "begins with a quote",
		"\ufeffpostgres://u:hunter2@host/db":              "begins with a quote or a byte order mark",
		"polar_oat_hunter2":                               "neither a URL nor key=value words",
		"hunter2=":                                        "neither a URL nor key=value words",
		"postgres://u@host:hunter2/db":                    "invalid port",
		"postgres://u@host/db?sslmode=hunter2":            "failed to configure TLS: check sslmode,",
		"postgres://u@host/db?connect_timeout=hunter2":    "invalid connect_timeout",
		"host=h port=hunter2":                             "invalid port",
		"host=h service=hunter2 servicefile=/there/is/no": "failed to read service",
		"host=h hunter2":                                  "failed to parse as keyword/value",
	} {
		_, err := db.Open(t.Context(), db.Config{URL: secret.New(text)})
		if !errors.Is(err, db.ErrConfig) || !strings.Contains(err.Error(), "DATABASE_URL: ") || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", text, err, says)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: shows it: %v", text, err)
		}
	}
	for _, text := range []string{"", " " + url + "\n", "dbname = " + c.Database, " host=" + c.Host} {
		d, err := db.Open(t.Context(), db.Config{URL: secret.New(text)})
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		d.Close()
	}
}
