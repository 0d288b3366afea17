// Package db speaks rows and knows Postgres.
//
// DB opens the database, migrates it, saves batches of rows, and keeps the
// record of runs and failures. A batch is one transaction and one round trip.
// The SQL is in queries/, the schema in migrations/, and sqlc's output in
// package query. Others see neither: they ask DB, get plain structs, and every
// error they may act on has a kind.
//
// The package knows nothing of Polar and HTTP, and it does not log.
package db

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"syncer/internal/db/query"
	"syncer/internal/secret"
)

// The kinds of error that callers act on.
var (
	// ErrConfig: the settings are wrong.
	ErrConfig = errors.New("wrong database settings")
	// ErrUnreachable: no connection, a wrong password, no such database, or the
	// connection broke.
	ErrUnreachable = errors.New("database unreachable")
	// ErrUnfit: the server answers, but cannot do what is asked of it: the database is
	// not in UTF-8, or is behind a pooler without transactions.
	ErrUnfit = errors.New("the database will not do")
	// ErrSchema: the schema does not match this program.
	ErrSchema = errors.New("schema does not fit")
	// ErrViews: the analysts' views are not as this program makes them, while the tables
	// are.
	ErrViews = errors.New("the tables are up to date, the views are not")
	// ErrDenied: the role lacks a right.
	ErrDenied = errors.New("the database role lacks a right")
	// ErrRejected: Postgres refuses these rows, and would do so again.
	ErrRejected = errors.New("Postgres refuses the rows")
	// ErrReadOnly: the server takes no writes: a standby, or one that was set so.
	ErrReadOnly = errors.New("the database only reads")
	// ErrLocked: somebody else holds a lock for too long.
	ErrLocked = errors.New("a lock in the database is not to be had")
	// ErrHeld: another run holds the source, or an organization.
	ErrHeld = errors.New("another run holds the source")
	// ErrLost: the run no longer holds its source and organizations.
	ErrLost = errors.New("the run was taken over")
)

// DefaultSchema holds the tables unless the configuration names another.
const DefaultSchema = "polar"

// Config locates a database, and the tables in it.
type Config struct {
	URL      secret.Text // libpq URL or key=value; empty: libpq's PG* environment
	Password secret.Text // used if URL and environment have none
	Schema   string      // "": DefaultSchema
	Reader   string      // role that Migrate lets read the views; "": none
	App      string      // application_name
	Variable string      // that holds URL, for errors; "": DATABASE_URL
}

// DB is one schema of one database.
type DB struct {
	session session
	schema  string
	reader  string // role; "": none
	server  Server // as probed
}

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,55}$`)

// Open prepares the connections and tries one. The error is ErrConfig,
// ErrUnreachable, or ErrUnfit, with advice.
func Open(ctx context.Context, config Config) (*DB, error) {
	if config.Schema == "" {
		config.Schema = DefaultSchema
	}
	if !schemaName.MatchString(config.Schema) || strings.HasPrefix(config.Schema, "pg_") {
		return nil, fmt.Errorf("%w: schema: use lower-case letters, digits and _, at most 56, not beginning with a digit or pg_", ErrConfig)
	}
	if config.Variable == "" {
		config.Variable = "DATABASE_URL"
	}
	url := strings.TrimSpace(config.URL.Reveal())
	err := checkURL(url)
	var pc *pgxpool.Config
	if err == nil {
		pc, err = pgxpool.ParseConfig(url)
	}
	if err == nil {
		err = checkHosts(pc.ConnConfig)
	}
	if err == nil {
		err = checkParams(pc.ConnConfig.RuntimeParams)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, config.Variable, hideURL(err))
	}
	if pc.ConnConfig.Password == "" {
		pc.ConnConfig.Password = config.Password.Reveal()
	}
	if pc.ConnConfig.RuntimeParams["application_name"] == "" {
		pc.ConnConfig.RuntimeParams["application_name"] = config.App
	}
	d, err := connect(ctx, pc, config.Schema)
	if name := refusedParam(err); name != "" {
		return nil, fmt.Errorf("%w: %s: the server refuses the parameter %q; correct or remove it", ErrConfig, config.Variable, name)
	}
	if err != nil {
		return nil, classify(err)
	}
	d.reader = config.Reader
	return d, nil
}

// hideURL keeps the URL out of a parse error: pgx tries to mask the password in
// it, and sometimes fails.
func hideURL(err error) error {
	if _, ok := errors.AsType[*pgconn.ParseConfigError](err); !ok {
		return err
	}
	text := err.Error()
	reason := text[strings.LastIndex(text, "`: ")+len("`: "):]
	reason, _, _ = strings.Cut(reason, " (") // what follows shows the value
	if strings.Contains(reason, "TLS") {
		reason += ": check sslmode, sslrootcert, sslcert and sslkey"
	}
	return fmt.Errorf("%s; use postgres://user@host/database or key=value words", reason)
}

// checkHosts catches an unescaped @ in the password, which makes half of it
// part of the host's name. Looking that up would show it to others.
func checkHosts(c *pgx.ConnConfig) error {
	hosts := []string{c.Host}
	for _, f := range c.Fallbacks {
		hosts = append(hosts, f.Host)
	}
	for _, host := range hosts {
		if strings.Contains(strings.TrimPrefix(host, "@"), "@") && !strings.HasPrefix(host, "/") { // a leading @ is an abstract socket
			return errors.New("the host's name has an @ in it; write an @ of the password as %40")
		}
	}
	return nil
}

// Close closes all connections. It gives them up after 2 seconds.
func (d *DB) Close() { d.session.close() }

// Pool returns the connections themselves, for tests. Without a pooler their search_path
// finds the tables.
func (d *DB) Pool() *pgxpool.Pool { return d.session.pool }

// Schema returns the name of the schema that holds the tables.
func (d *DB) Schema() string { return d.schema }

// Ping checks that the database answers.
func (d *DB) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	return classify(d.session.pool.Ping(ctx))
}

// queries returns the generated queries. Pass their errors to classify.
func (d *DB) queries() *query.Queries { return query.New(&d.session) }

// classify gives err its kind, if it has one.
func classify(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok { // whatever the server's reason
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case e.Code == "SYN01":
			return fmt.Errorf("%w: %s", ErrLost, e.Message)
		case e.Code == "42P01" || e.Code == "42703" || e.Code == "42883" || e.Code == "42704" || e.Code == "3F000":
			// A missing table, column, function, type or schema.
			return fmt.Errorf("%w: %w", ErrSchema, err)
		case e.Code == "42501":
			return fmt.Errorf("%w: %w", ErrDenied, err)
		case rejects(e.Code):
			return fmt.Errorf("%w: %w", ErrRejected, err)
		case e.Code == readOnly:
			return fmt.Errorf("%w: %w", ErrReadOnly, err)
		case e.Code == lockNotAvailable:
			if errors.Is(err, ErrLocked) { // and says by whom
				return err
			}
			return fmt.Errorf("%w: %w", ErrLocked, err)
		case away(e.Code) || refused(e.Code) || renewed(e):
			return fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		return err
	}
	if Passing(err) {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return err
}

// rejects reports whether an SQLSTATE concerns the data: a row stands twice, cannot
// be stored, or breaks a constraint.
func rejects(code string) bool {
	return strings.HasPrefix(code, "21") || strings.HasPrefix(code, "22") || strings.HasPrefix(code, "23") ||
		code == "54000" || code == "54001" // program limit (an index row), statement too complex (deep JSON)
}

// refused reports whether an SQLSTATE says that there is no way in: a wrong user or
// password, no such database.
func refused(code string) bool { return strings.HasPrefix(code, "28") || strings.HasPrefix(code, "3D") }
