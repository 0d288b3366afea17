package db

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// This file names the parameters in a URL that are meant for other programs. pgx takes a parameter that
// it does not know for a setting, and the server refuses those that it does not know.

// foreignParams are parameters of other programs for which there is something better
// to say than that the server refuses them.
//
//nolint:gochecknoglobals // a constant list
var foreignParams = map[string]string{
	// Prisma
	"pgbouncer":            "remove it: a pooler is recognised without it",
	"connection_limit":     "remove it; pool_max_conns limits the connections of this program",
	"pool_timeout":         "remove it; pool_max_conns limits the connections of this program",
	"schema":               "remove it; `schema:` in the configuration file names the tables' schema",
	"sslaccept":            "use sslmode=verify-full for strict, sslmode=require for accept_invalid_certs",
	"sslidentity":          "use sslcert and sslkey",
	"socket_timeout":       "use statement_timeout",
	"statement_cache_size": "remove it: a pooler is recognised without it",
	// JDBC
	"currentschema":    "remove it; `schema:` in the configuration file names the tables' schema",
	"preparethreshold": "remove it: a pooler is recognised without it",
	"ssl":              "use sslmode",
	"sockettimeout":    "use statement_timeout",
	"logintimeout":     "use connect_timeout",
	// SQLAlchemy, asyncpg, Rails
	"pool":                          "remove it; pool_max_conns limits the connections of this program",
	"pool_size":                     "remove it; pool_max_conns limits the connections of this program",
	"max_overflow":                  "remove it; pool_max_conns limits the connections of this program",
	"prepared_statements":           "remove it: a pooler is recognised without it",
	"prepared_statement_cache_size": "remove it: a pooler is recognised without it",
	"encoding":                      "remove it: it is always UTF8",
	"charset":                       "remove it: it is always UTF8",
}

// checkParams refuses the parameters of other programs, by name.
func checkParams(params map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if advice, ok := foreignParams[strings.ToLower(name)]; ok {
			return fmt.Errorf("the parameter %s is for another program; %s", name, advice)
		}
	}
	return nil
}

// paramRefusal matches the words of Postgres and PgBouncer about a parameter that they do
// not take when a connection starts.
var paramRefusal = regexp.MustCompile(`^(?:unrecognized configuration parameter|invalid value for parameter|parameter|unsupported startup parameter:) "?([^" ]+)`)

// refusedParam returns the name of the parameter for which a connection was refused,
// or "".
func refusedParam(err error) string {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); !ok {
		return ""
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		if found := paramRefusal.FindStringSubmatch(e.Message); found != nil {
			return found[1]
		}
	}
	return ""
}
