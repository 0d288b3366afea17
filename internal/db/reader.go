package db

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"syncer/internal/db/query"
	"syncer/views"
)

// This file lets the reader of the analysts' views read them, as the last step of every
// migration.

// DefaultReader is the role that reads the views unless the configuration names another.
const DefaultReader = "polar_reader"

// readerLacks is what the reader lacks.
type readerLacks struct {
	role  bool // itself
	usage bool // of the schema
	views []string
}

// statements returns what gives the reader what it lacks.
func (d *DB) statements(l readerLacks) (all []string) {
	if l.role {
		all = append(all, "CREATE ROLE "+Quoted(d.reader)+" NOLOGIN;")
	}
	schema := Quoted(views.Analysts(d.schema))
	if l.usage {
		all = append(all, "GRANT USAGE ON SCHEMA "+schema+" TO "+Quoted(d.reader)+";")
	}
	if len(l.views) > 0 {
		all = append(all, "GRANT SELECT ON "+strings.Join(l.views, ", ")+" TO "+Quoted(d.reader)+";")
	}
	return all
}

func (d *DB) lookupReader(ctx context.Context, from query.DBTX) (l readerLacks, err error) {
	const sql = `
		SELECT r.oid IS NULL, has_schema_privilege(r.oid, n.oid, 'USAGE') IS NOT TRUE, ARRAY(
			SELECT quote_ident(v.schema_name) || '.' || quote_ident(v.view_name)
			FROM syncer_views AS v
			JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = v.view_name AND c.relkind = 'v'
			WHERE v.schema_name = n.nspname AND has_table_privilege(r.oid, c.oid, 'SELECT') IS NOT TRUE
			ORDER BY 1
		)
		FROM pg_namespace AS n
		LEFT JOIN pg_roles AS r ON r.rolname = $2
		WHERE n.nspname = $1`
	err = from.QueryRow(ctx, sql, views.Analysts(d.schema), d.reader).Scan(&l.role, &l.usage, &l.views)
	if errors.Is(err, pgx.ErrNoRows) { // without views nobody lacks anything
		return l, nil
	}
	return l, err
}

// MissingForReader returns the statements that give the reader's role what it lacks to
// read the views. It only reads.
func (d *DB) MissingForReader(ctx context.Context) ([]string, error) {
	if d.reader == "" {
		return nil, nil
	}
	lacks, err := d.lookupReader(ctx, &d.session)
	if err != nil {
		return nil, fmt.Errorf("look up the reader's rights: %w", classify(err))
	}
	return d.statements(lacks), nil
}

// admitReader makes the reader's role if it is missing, gives it what it lacks, and says
// what it did. What it may not do is a warning, with the statements for whoever may.
func (d *DB) admitReader(ctx context.Context) (did, warnings []string, err error) {
	if d.reader == "" {
		return nil, nil, nil
	}
	lacks, err := d.lookupReader(ctx, &d.session)
	if err != nil {
		return nil, nil, err
	}
	if lacks.role {
		_, err := d.session.Exec(ctx, "CREATE ROLE "+Quoted(d.reader)+" NOLOGIN")
		switch code := codeOf(err); {
		case err == nil:
			did = append(did, "made role "+d.reader)
		case code == "42710" || code == "23505": // somebody else just did
		case code == "42501":
			return nil, []string{fmt.Sprintf("there is no role %s to read the views, and role %s may not make it; have an administrator run:\n%s\nthen run `syncer migrate` again",
				d.reader, d.server.Role, d.statements(readerLacks{role: true})[0])}, nil
		default:
			return nil, nil, fmt.Errorf("role %s: %w", d.reader, err)
		}
	} else if !lacks.usage && len(lacks.views) == 0 {
		return nil, nil, nil
	}
	err = d.locked(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if lacks, err = d.lookupReader(ctx, tx); err != nil { // another migrator may have been here
			return err
		}
		for _, sql := range d.statements(lacks) {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && codeOf(err) != "42501" {
		return did, nil, err
	}
	// Postgres only notes when a role gives what it may not give.
	left, err := d.MissingForReader(ctx)
	if err != nil {
		return did, nil, err
	}
	if len(left) > 0 {
		return did, []string{fmt.Sprintf("role %s cannot read all views, and role %s may not give it the right; have their owner run:\n%s", d.reader, d.server.Role, strings.Join(left, "\n"))}, nil
	}
	if lacks.usage || len(lacks.views) > 0 {
		did = append(did, fmt.Sprintf("let role %s read %s", d.reader, views.Analysts(d.schema)))
	}
	return did, nil, nil
}

// CreateReader makes a login that reads the views and nothing else, with the settings
// that such a login should have. Like a role it belongs to the whole server.
func (d *DB) CreateReader(ctx context.Context, login string) error {
	name := Quoted(login)
	for _, sql := range []string{
		"CREATE ROLE " + name + " LOGIN IN ROLE " + Quoted(d.reader),
		"ALTER ROLE " + name + " SET jit = off",
		"ALTER ROLE " + name + " SET work_mem = '64MB'",
		"ALTER ROLE " + name + " SET default_transaction_read_only = on",
		"ALTER ROLE " + name + " SET statement_timeout = '60s'",
	} {
		if _, err := d.session.Exec(ctx, sql); err != nil {
			return fmt.Errorf("make login %s: %w", login, classify(err))
		}
	}
	return nil
}
