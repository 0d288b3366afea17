package db

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"syncer/internal/db/query"
)

// This file asks a server, before anything else, whether it will do.

// probe asks the server about itself, in a transaction as all that follows. The error
// is ErrUnfit if it cannot serve any command.
func probe(ctx context.Context, config *pgx.ConnConfig) (Server, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	config = config.Copy()
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // it may be a pooler
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return Server{}, err
	}
	defer conn.Close(ctx)
	var row query.GetServerRow
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		row, err = query.New(tx).GetServer(ctx)
		return err
	})
	if err != nil {
		return Server{}, statementPooling(err)
	}
	if row.Encoding != "UTF8" {
		return Server{}, wrongEncoding(row)
	}
	return Server{
		Host: config.Host, Version: row.Version, VersionNumber: int(row.VersionNumber),
		Database: row.Database, Role: row.Role, Standby: row.Standby, ReadOnly: row.ReadOnly,
		Superuser: row.Superuser, Unverified: unverified(config),
		// The process that answers is not the one that was connected to.
		Pooled: uint32(row.Pid) != conn.PgConn().PID(), //nolint:gosec // its bits, whatever they mean
	}, nil
}

// statementPooling names a pooler's mode that allows no transaction.
func statementPooling(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && strings.Contains(e.Message, "statement pooling") {
		return fmt.Errorf("%w: the pooler at DATABASE_URL works in statement mode, which has no transactions; set its pool_mode to transaction or session", ErrUnfit)
	}
	return err
}

// wrongEncoding says how to make a database that can hold any text.
func wrongEncoding(row query.GetServerRow) error {
	locale := ""
	if !strings.Contains(row.Locale, "UTF") && !strings.Contains(row.Locale, "utf") && row.Locale != "C" && row.Locale != "POSIX" {
		locale = " LOCALE 'C'" // the server's own is for another encoding
	}
	return fmt.Errorf("%w: the encoding of database %q is %s, but only UTF8 holds all that Polar sends; make another with CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'%s and use that",
		ErrUnfit, row.Database, row.Encoding, Quoted(row.Database+"_utf8"), locale)
}

// finds checks that a new connection finds the schema's tables and no others: somebody
// on the way may drop what a connection asks for.
func finds(ctx context.Context, conn *pgx.Conn, schema string) error {
	var path string
	if err := conn.QueryRow(ctx, "SELECT current_setting('search_path')", pgx.QueryExecModeExec).Scan(&path); err != nil {
		return err
	}
	if path != schema {
		return fmt.Errorf("%w: a connection has the search_path %q instead of %q: something between here and the server drops what it is asked for; use the server's own address", ErrUnfit, path, schema)
	}
	return nil
}
