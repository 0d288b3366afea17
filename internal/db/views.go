package db

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"syncer/internal/db/query"
	"syncer/views"
)

// This file makes the analysts' views: the step at the end of every migration that is
// taken again whenever something is not as it should be. Where all is, it only looks.

// standing is what the database knows of one name: of a view that a migration has made,
// of what now bears its name, or of both.
type standing struct {
	kind     string // of the relation, as in pg_class; "": there is none
	columns  []string
	ours     bool     // a migration has made it
	checksum string   // of the text it was made with
	recorded []string // its columns then
}

// is reports whether a view is there as v wants it.
func (s standing) is(v views.View) bool {
	return s.ours && s.kind == "v" && s.checksum == checksum(v) && slices.Equal(s.columns, s.recorded)
}

// lookup finds out how things stand, by qualified name. It needs no right in the
// analysts' schema.
func (d *DB) lookup(ctx context.Context, from query.DBTX) (map[string]standing, error) {
	const sql = `
		SELECT coalesce(v.schema_name, r.schema_name), coalesce(v.view_name, r.name), coalesce(r.kind, ''), r.columns,
			v.view_name IS NOT NULL, coalesce(v.checksum, ''), v.columns
		FROM syncer_views AS v
		FULL JOIN (
			SELECT n.nspname::text AS schema_name, c.relname::text AS name, c.relkind::text AS kind, ARRAY(
				SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
				FROM pg_attribute AS a
				WHERE a.attrelid = c.oid AND a.attnum > 0
				ORDER BY a.attnum
			) AS columns
			FROM pg_class AS c
			JOIN pg_namespace AS n ON n.oid = c.relnamespace
			WHERE n.nspname IN ($1, $2)
		) AS r ON r.schema_name = v.schema_name AND r.name = v.view_name`
	rows, err := from.Query(ctx, sql, d.schema, views.Analysts(d.schema))
	if err != nil {
		return nil, err
	}
	all := map[string]standing{}
	var schema, name string
	var s standing
	_, err = pgx.ForEachRow(rows, []any{&schema, &name, &s.kind, &s.columns, &s.ours, &s.checksum, &s.recorded}, func() error {
		all[qualified(schema, name)] = s
		return nil
	})
	return all, err
}

// compare lists the views that are not there as they should be, and the names of those
// that are there and should no longer be. It is an error if something else has the name
// of one.
func compare(all []views.View, there map[string]standing) (wanting []views.View, over []string, err error) {
	gone := map[string]bool{}
	for name, s := range there {
		gone[name] = s.ours
	}
	for _, v := range all {
		name := qualified(v.Schema, v.Name)
		s := there[name]
		if s.kind != "" && (!s.ours || s.kind != "v") {
			return nil, nil, fmt.Errorf("%s is not a view that syncer has made, and stays as it is, but has the name of one; rename it, and run `syncer migrate`", name)
		}
		if !s.is(v) {
			wanting = append(wanting, v)
		}
		gone[name] = false
	}
	for name := range gone {
		if gone[name] {
			over = append(over, name)
		}
	}
	slices.Sort(over)
	return wanting, over, nil
}

// makeViews makes, or makes anew, the views that are not as they should be, in one
// transaction, and says what it did.
func (d *DB) makeViews(ctx context.Context, all []views.View) (did []string, err error) {
	there, err := d.lookup(ctx, &d.session)
	if err != nil {
		return nil, err
	}
	wanting, over, err := compare(all, there)
	if err != nil || len(wanting) == 0 && len(over) == 0 {
		return nil, err
	}
	err = d.locked(ctx, func(ctx context.Context, tx pgx.Tx) error {
		m := maker{db: d, tx: tx, made: map[string]int{}}
		if err := m.makeAll(ctx, all); err != nil {
			return err
		}
		did = m.did()
		return nil
	})
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "SYN02" {
		err = errors.New(e.Message)
	}
	return did, err
}

// locked calls do in a transaction that no other migrator's meets, perhaps again, see
// insist.
func (d *DB) locked(ctx context.Context, do func(context.Context, pgx.Tx) error) error {
	return d.session.insist(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, saveWithin)
		defer cancel()
		return pgx.BeginFunc(ctx, d.session.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "LOCK TABLE syncer_views IN SHARE ROW EXCLUSIVE MODE"); err != nil { // others read it meanwhile
				return err
			}
			return do(ctx, tx)
		})
	})
}

// maker makes views in a transaction.
type maker struct {
	db      *DB
	tx      pgx.Tx
	made    map[string]int // by schema
	dropped []string
}

// did says what was made in the analysts' schema, or, if nothing was, of what theirs share.
func (m *maker) did() (all []string) {
	for _, schema := range []string{views.Analysts(m.db.schema), m.db.schema} {
		n := m.made[schema]
		if n == 0 {
			continue
		}
		noun := "views"
		if n == 1 {
			noun = "view"
		}
		all = append(all, fmt.Sprintf("made %d %s in %s", n, noun, schema))
		break
	}
	if len(m.dropped) > 0 {
		all = append(all, "dropped "+strings.Join(m.dropped, ", "))
	}
	return all
}

func (m *maker) makeAll(ctx context.Context, all []views.View) error {
	there, err := m.db.lookup(ctx, m.tx) // again: another migrator may have been here
	if err != nil {
		return err
	}
	_, over, err := compare(all, there)
	if err != nil {
		return err
	}
	if err := m.prepare(ctx); err != nil {
		return err
	}
	for _, v := range all {
		name := qualified(v.Schema, v.Name)
		if there[name].is(v) {
			continue
		}
		err := m.replace(ctx, v)
		if codeOf(err) == "42P16" && there[name].kind != "" { // a column goes, or is another
			if err = m.drop(ctx, there, name); err != nil {
				return err
			}
			if there, err = m.db.lookup(ctx, m.tx); err != nil { // what read it went, too
				return err
			}
			err = m.replace(ctx, v)
		}
		if err != nil {
			return fmt.Errorf("view %s: %w", name, err)
		}
		m.made[v.Schema]++
	}
	if len(over) == 0 {
		return nil
	}
	m.dropped = over
	if err := m.drop(ctx, there, over...); err != nil {
		return err
	}
	_, err = m.tx.Exec(ctx, "DELETE FROM syncer_views WHERE schema_name || '.' || view_name = ANY ($1)", over)
	return err
}

// prepare makes the schema of the analysts if it is missing.
func (m *maker) prepare(ctx context.Context) error {
	schema := views.Analysts(m.db.schema)
	var may *bool // null: there is no such schema
	if err := m.tx.QueryRow(ctx, "SELECT has_schema_privilege(to_regnamespace($1), 'CREATE')", schema).Scan(&may); err != nil {
		return err
	}
	if may != nil {
		if !*may {
			return fmt.Errorf("role %s may not make views in schema %s; have its owner run:\n%s", m.db.server.Role, schema, m.db.entrust(schema))
		}
		return nil
	}
	if err := pgx.BeginFunc(ctx, m.tx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "CREATE SCHEMA "+Quoted(schema))
		return err
	}); err != nil {
		return m.db.adviseSchema(schema, err)
	}
	_, err := m.tx.Exec(ctx, "COMMENT ON SCHEMA "+Quoted(schema)+" IS 'What analysts read: views of the tables in "+m.db.schema+", made by syncer migrate'")
	return err
}

// replace makes a view, also in the place of one with the same columns, and notes it. A
// failure leaves the transaction as it was.
func (m *maker) replace(ctx context.Context, v views.View) error {
	return pgx.BeginFunc(ctx, m.tx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, v.SQL, pgx.QueryExecModeSimpleProtocol); err != nil { // several statements
			return err
		}
		const note = `
			INSERT INTO syncer_views (schema_name, view_name, checksum, columns)
			SELECT $1, $2, $3, array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum)
			FROM pg_attribute AS a
			WHERE a.attrelid = $4::text::regclass AND a.attnum > 0
			ON CONFLICT (schema_name, view_name) DO UPDATE SET checksum = excluded.checksum, columns = excluded.columns`
		if _, err := tx.Exec(ctx, note, v.Schema, v.Name, checksum(v), qualified(v.Schema, v.Name)); err != nil {
			return err
		}
		return giveAgain(ctx, tx, v)
	})
}

// giveAgain gives the grants of a view that was dropped, and no others: default
// privileges may have given more. Roles and columns that are gone get none.
func giveAgain(ctx context.Context, tx pgx.Tx, v views.View) error {
	const statements = `
		SELECT s.sql
		FROM syncer_views AS v
		JOIN pg_class AS c ON c.oid = format('%I.%I', v.schema_name, v.view_name)::regclass
		CROSS JOIN LATERAL (
			SELECT DISTINCT 1 AS step, format('REVOKE ALL ON %s FROM %s', c.oid::regclass, coalesce(quote_ident(r.rolname), 'PUBLIC')) AS sql
			FROM aclexplode(c.relacl) AS a
			LEFT JOIN pg_roles AS r ON r.oid = a.grantee
			WHERE a.grantee <> c.relowner
			UNION ALL
			SELECT 2, format('GRANT %s %s ON %s TO %s %s', g.privilege, '(' || quote_ident(g.attribute) || ')', c.oid::regclass,
				coalesce(quote_ident(g.grantee), 'PUBLIC'), CASE WHEN g.grantable THEN 'WITH GRANT OPTION' END)
			FROM jsonb_to_recordset(v.grants) AS g (attribute text, grantee text, privilege text, grantable boolean)
			WHERE g.privilege ~ '^[A-Z]+$'
				AND (g.grantee IS NULL OR EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = g.grantee))
				AND (g.attribute IS NULL OR EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = g.attribute))
		) AS s
		WHERE v.schema_name = $1 AND v.view_name = $2 AND v.grants IS NOT NULL
		ORDER BY s.step`
	rows, err := tx.Query(ctx, statements, v.Schema, v.Name)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, sql := range all {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, "UPDATE syncer_views SET grants = NULL WHERE schema_name = $1 AND view_name = $2 AND grants IS NOT NULL", v.Schema, v.Name)
	return err
}

// drop drops those of some views that are there, and views of ours that read them.
func (m *maker) drop(ctx context.Context, there map[string]standing, names ...string) error {
	var left []string
	for _, name := range names {
		if there[name].kind == "v" {
			left = append(left, name)
		}
	}
	if left == nil {
		return nil
	}
	_, err := m.tx.Exec(ctx, "CALL drop_views($1::text[]::regclass[])", left)
	return err
}

// CheckViews says which views are missing, or not this program's; nil: none. It only
// reads, and needs no right in their schema.
func (d *DB) CheckViews(ctx context.Context) error {
	all, err := views.For(d.schema)
	if err != nil {
		return err
	}
	there, err := d.lookup(ctx, &d.session)
	if err != nil {
		return fmt.Errorf("look for the views: %w", classify(err))
	}
	wanting, over, err := compare(all, there)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrViews, err)
	}
	for _, v := range wanting {
		over = append(over, qualified(v.Schema, v.Name))
	}
	if len(over) == 0 {
		return nil
	}
	slices.Sort(over)
	return fmt.Errorf("%w: missing, or not those of this program: %s; run `syncer migrate`", ErrViews, strings.Join(over, ", "))
}

// adviseSchema says what an administrator can do about a schema that could not be made.
func (d *DB) adviseSchema(schema string, err error) error {
	if codeOf(err) != "42501" {
		return err
	}
	return fmt.Errorf("%w; have an administrator run in database %s:\nCREATE SCHEMA %s;\n%s\nthen run `syncer migrate` again",
		err, d.server.Database, Quoted(schema), d.entrust(schema))
}

// entrust is the statement that lets this role make things in a schema, and let others
// use them.
func (d *DB) entrust(schema string) string {
	return "GRANT USAGE, CREATE ON SCHEMA " + Quoted(schema) + " TO " + Quoted(d.server.Role) + " WITH GRANT OPTION;"
}

// qualified is a view's name with its schema, which is as SQL takes it: neither has
// letters that need quotes.
func qualified(schema, name string) string { return schema + "." + name }

func checksum(v views.View) string {
	sum := sha256.Sum256([]byte(v.SQL))
	return hex.EncodeToString(sum[:])
}
