package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/fetch"
	"syncer/internal/schedule"
	"syncer/internal/secret"
	"syncer/views"
)

const (
	defaultSchedule = "*/15 * * * *"
	defaultAddr     = "127.0.0.1:8080"
	defaultName     = "default"
	defaultKeepRuns = 90 // days
)

// config is all that a command needs to know, merged from every source and checked.
type config struct {
	Database databaseConfig
	HTTPAddr string // "": off
	// KeepChanges limits the age of history, KeepRuns that of the record of runs; 0: no limit.
	KeepChanges, KeepRuns time.Duration
	Sources               []sourceConfig
}

// pruned are the tables of which a run deletes old rows.
func (c *config) pruned() (tables []string) {
	if c.KeepChanges > 0 {
		tables = append(tables, "changes")
	}
	if c.KeepRuns > 0 {
		tables = append(tables, "sync_runs")
	}
	return tables
}

// names lists the sources' names.
func (c config) names() []string {
	names := make([]string, len(c.Sources))
	for i, s := range c.Sources {
		names[i] = s.Name
	}
	return names
}

// databaseConfig locates Postgres.
type databaseConfig struct {
	URL        secret.Text
	MigrateURL secret.Text // for `syncer migrate`; empty: URL
	Password   secret.Text // from PGPASSWORD_FILE
	Reader     string      // role that may read the views; "": none
	Private    bool        // neither DATABASE_URL nor PG* is set: start one

	migrating bool // MigrateURL counts
}

// migrateVariable holds the URL that only `syncer migrate` uses.
const migrateVariable = "SYNCER_MIGRATE_DATABASE_URL"

// toMigrate is the database as `syncer migrate` reaches it.
func (d databaseConfig) toMigrate() databaseConfig {
	if d.migrating = !d.MigrateURL.Empty(); d.migrating {
		d.URL, d.Private = d.MigrateURL, false
	}
	return d
}

// sourceConfig is one organization's links to keep.
type sourceConfig struct {
	Name              string
	Server            *url.URL
	Token             fetch.Token // nil: none configured
	SecretFiles       []string    // that hold its token or the database's password
	All               bool
	IDs               []uuid.UUID // sorted, each once
	picked            bool        // IDs are given by hand, for this run only
	Fetch             fetch.Strategy
	Schedule          string
	Schema            string
	RequestsPerMinute int
	APIVersion        string // of Polar's, or auto
}

// loadConfig merges flag, environment, file and defaults, in this order of
// precedence. path is --config, env is os.LookupEnv.
func loadConfig(path string, env environment) (config, error) {
	if path == "" {
		path = env.get("SYNCER_CONFIG")
	}
	var file fileConfig
	if path != "" {
		var err error
		if file, err = readFile(path); err != nil {
			return config{}, err
		}
	}
	database, err := loadDatabase(file, env)
	if err != nil {
		return config{}, err
	}
	c := config{Database: database, HTTPAddr: defaultAddr}
	if file.HTTPAddr != nil {
		c.HTTPAddr = *file.HTTPAddr
	}
	if _, set := env("SYNCER_HTTP_ADDR"); set { // set but empty turns it off
		c.HTTPAddr = env.get("SYNCER_HTTP_ADDR")
	}
	if c.HTTPAddr != "" {
		if _, port, err := net.SplitHostPort(c.HTTPAddr); err != nil || strings.Trim(port, "0123456789") != "" {
			return config{}, fmt.Errorf("SYNCER_HTTP_ADDR: use host:port such as %s, or nothing to turn it off", defaultAddr)
		}
	}
	if c.KeepChanges, err = loadDays(env, "SYNCER_KEEP_CHANGES_DAYS", file.KeepChangesDays); err != nil {
		return config{}, err
	}
	keepRuns := defaultKeepRuns
	if file.KeepRunsDays != nil {
		keepRuns = *file.KeepRunsDays
	}
	if c.KeepRuns, err = loadDays(env, "SYNCER_KEEP_RUNS_DAYS", keepRuns); err != nil {
		return config{}, err
	}
	sources := file.Sources
	if len(sources) == 0 {
		sources = []fileSource{{Name: defaultName}}
	}
	if name := env.firstSet(sourceVariables...); name != "" && len(sources) > 1 {
		return config{}, fmt.Errorf("%s describes one source, but %s holds %d; unset it, or keep one source in the file", name, path, len(sources))
	}
	for i, s := range sources {
		source, err := loadSource(s, file.Schema, env, filepath.Dir(path))
		if err != nil {
			if len(sources) > 1 || s.Name != defaultName {
				err = fmt.Errorf("source %q: %w", cmp.Or(s.Name, strconv.Itoa(i+1)), err)
			}
			return config{}, err
		}
		if slices.ContainsFunc(c.Sources, func(o sourceConfig) bool { return o.Name == source.Name }) {
			return config{}, fmt.Errorf("two sources are named %q; give each a name of its own", source.Name)
		}
		for _, o := range c.Sources {
			if source.Schema == views.Analysts(o.Schema) || o.Schema == views.Analysts(source.Schema) {
				return config{}, fmt.Errorf("schema %s of one source is where the views of the other's schema %s would be; give one of them another schema", max(source.Schema, o.Schema), min(source.Schema, o.Schema))
			}
		}
		source.SecretFiles = secretFiles(path, file, s, env)
		c.Sources = append(c.Sources, source)
	}
	return c, nil
}

// loadDays reads a number of days; 0: no limit.
func loadDays(env environment, variable string, days int) (time.Duration, error) {
	if text := env.get(variable); text != "" {
		var err error
		if days, err = strconv.Atoi(text); err != nil {
			return 0, fmt.Errorf("%s: not a whole number", variable)
		}
	}
	if days < 0 || days > maxDays {
		return 0, fmt.Errorf("%s %d: use 1 to %d, or 0 to keep everything", variable, days, maxDays)
	}
	return time.Duration(days) * 24 * time.Hour, nil
}

// sourceVariables describe the environment's one source.
//
//nolint:gochecknoglobals // a constant list
var sourceVariables = []string{
	"POLAR_ACCESS_TOKEN", "POLAR_ACCESS_TOKEN_FILE", "POLAR_SERVER", "POLAR_CHECKOUT_LINK_IDS",
	"SYNCER_SCHEDULE", "SYNCER_REQUESTS_PER_MINUTE", "SYNCER_FETCH", "SYNCER_API_VERSION",
}

func loadSource(s fileSource, schema string, env environment, folder string) (sourceConfig, error) {
	c := sourceConfig{Name: s.Name, Schema: cmp.Or(s.Schema, schema, db.DefaultSchema)}
	if s.Name == "" {
		return c, errors.New("has no name; add `name:`, which tells its runs and failures apart")
	}
	var err error
	if c.Server, err = fetch.ParseServer(cmp.Or(env.get("POLAR_SERVER"), s.Server)); err != nil {
		return c, fmt.Errorf("POLAR_SERVER: %w", err)
	}
	if c.Token, err = loadToken(s, env, folder); err != nil {
		return c, err
	}
	texts := s.CheckoutLinkIDs
	if ids := env.get("POLAR_CHECKOUT_LINK_IDS"); ids != "" {
		texts = splitIDs(ids)
	}
	if c.All, c.IDs, err = parseIDs(texts); err != nil {
		return c, fmt.Errorf("POLAR_CHECKOUT_LINK_IDS: %w", err)
	}
	if c.Fetch, err = fetch.ParseStrategy(cmp.Or(env.get("SYNCER_FETCH"), s.Fetch)); err != nil {
		return c, fmt.Errorf("SYNCER_FETCH: %w", err)
	}
	if c.All && c.Fetch == fetch.ByID {
		return c, errors.New("SYNCER_FETCH: id asks for known links one by one, but with `all` only LIST can name them; use auto or list, or configure ids")
	}
	if c.APIVersion, err = fetch.ParseVersion(cmp.Or(strings.TrimSpace(env.get("SYNCER_API_VERSION")), s.APIVersion)); err != nil {
		return c, fmt.Errorf("SYNCER_API_VERSION: %w", err)
	}
	c.Schedule = cmp.Or(env.get("SYNCER_SCHEDULE"), s.Schedule, defaultSchedule)
	if _, err := schedule.Parse(c.Schedule); err != nil {
		return c, fmt.Errorf("SYNCER_SCHEDULE: %w", err)
	}
	c.RequestsPerMinute = fetch.DefaultBudget(c.Server)
	if s.RequestsPerMinute != nil {
		c.RequestsPerMinute = *s.RequestsPerMinute
	}
	if text := env.get("SYNCER_REQUESTS_PER_MINUTE"); text != "" {
		if c.RequestsPerMinute, err = strconv.Atoi(text); err != nil {
			return c, errors.New("SYNCER_REQUESTS_PER_MINUTE: not a whole number")
		}
	}
	if c.RequestsPerMinute < 1 || c.RequestsPerMinute > maxBudget {
		return c, fmt.Errorf("SYNCER_REQUESTS_PER_MINUTE %d: use 1 to %d", c.RequestsPerMinute, maxBudget)
	}
	return c, nil
}

// maxDays is a hundred years.
const maxDays = 36500

// maxBudget is far beyond what Polar allows anyone.
const maxBudget = 1_000_000

// maxName is the length of a name in Postgres.
const maxName = 63

// isRole reports whether a role may have a name, or there is none. A secret in the wrong
// place, whose kind shows, is no name.
func isRole(name string) bool {
	return len(name) <= maxName && name != "public" && name != "none" && !strings.HasPrefix(name, "pg_") &&
		!strings.ContainsFunc(name, unicode.IsControl) && secret.Mask(name) == name
}

// loadDatabase finds the database. pgx itself reads libpq's PG* variables.
func loadDatabase(file fileConfig, env environment) (databaseConfig, error) {
	d := databaseConfig{URL: file.DatabaseURL.Text, MigrateURL: file.MigrateDatabaseURL.Text}
	if text := env.get("DATABASE_URL"); text != "" {
		d.URL = secret.New(text)
	}
	if text := env.get(migrateVariable); text != "" {
		d.MigrateURL = secret.New(text)
	}
	if path := env.get("PGPASSWORD_FILE"); path != "" {
		var err error
		if d.Password, err = readSecret("PGPASSWORD_FILE", path); err != nil {
			return d, err
		}
	}
	d.Reader = db.DefaultReader
	if file.ReaderRole != nil {
		d.Reader = *file.ReaderRole
	}
	if _, set := env("SYNCER_READER_ROLE"); set { // set but empty: none
		d.Reader = env.get("SYNCER_READER_ROLE")
	}
	if !isRole(d.Reader) {
		return d, fmt.Errorf("SYNCER_READER_ROLE: use the name of a role, at most %d bytes, that Postgres does not keep for itself, or nothing for none", maxName)
	}
	d.Private = d.URL.Empty() && env.firstSet("PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD",
		"PGPASSWORD_FILE", "PGSERVICE", "PGSERVICEFILE", "PGPASSFILE") == ""
	return d, nil
}

// splitIDs splits at commas and white space.
func splitIDs(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
}

// parseIDs reads link ids, with or without dashes, in any case, or "all". The error
// does not show what is none: it may be a secret.
func parseIDs(texts []string) (all bool, ids []uuid.UUID, err error) {
	if len(texts) == 1 && texts[0] == "all" {
		return true, nil, nil
	}
	for i, text := range texts {
		id, err := uuid.Parse(text)
		switch which := fmt.Sprintf("number %d of %d", i+1, len(texts)); {
		case err == nil && (len(text) == 36 || len(text) == 32):
		case strings.Contains(text, "polar_cl_"):
			return false, nil, fmt.Errorf("%s is a link's URL or client secret, not its id (and not shown: whoever has it can open the checkout). "+
				"The id is a UUID: `id` beside `url` in Polar's GET /v1/checkout-links/, and after a `syncer backfill --all` in the table checkout_links", which)
		default:
			return false, nil, fmt.Errorf("%s is not a checkout link id: an id is a UUID such as 01234567-89ab-4cde-8f01-23456789abcd; or give `all` alone for every link", which)
		}
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	return false, slices.Compact(ids), nil
}
