package db

import (
	"bytes"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// rows are the rows of a statement that has ended: whoever reads them holds no
// connection, and cannot meet an error of it any more.
type rows struct {
	types  *pgtype.Map
	fields []pgconn.FieldDescription
	tag    pgconn.CommandTag
	values [][][]byte // of the rows after the present one
	now    [][]byte
	err    error // of Scan
}

// read reads all rows.
func (r *rows) read(from pgx.Rows) error {
	if err := from.Err(); err != nil { // and nothing else
		return err
	}
	r.types, r.fields = pgtype.NewMap(), slices.Clone(from.FieldDescriptions())
	for from.Next() {
		var values [][]byte
		for _, value := range from.RawValues() {
			values = append(values, bytes.Clone(value)) // nil stays nil
		}
		r.values = append(r.values, values)
	}
	r.tag = from.CommandTag()
	return from.Err()
}

// Next implements pgx.Rows.
func (r *rows) Next() bool {
	if r.err != nil || len(r.values) == 0 {
		return false
	}
	r.now, r.values = r.values[0], r.values[1:]
	return true
}

// Scan implements pgx.Rows.
func (r *rows) Scan(to ...any) error {
	if err := pgx.ScanRow(r.types, r.fields, r.now, to...); err != nil {
		r.err = err
	}
	return r.err
}

// Close implements pgx.Rows.
func (r *rows) Close() { r.values = nil }

// Err implements pgx.Rows.
func (r *rows) Err() error { return r.err }

// CommandTag implements pgx.Rows.
func (r *rows) CommandTag() pgconn.CommandTag { return r.tag }

// FieldDescriptions implements pgx.Rows.
func (r *rows) FieldDescriptions() []pgconn.FieldDescription { return r.fields }

// RawValues implements pgx.Rows.
func (r *rows) RawValues() [][]byte { return r.now }

// Values implements pgx.Rows. Nobody asks for them.
func (r *rows) Values() ([]any, error) { return nil, errors.ErrUnsupported }

// TypeMap implements pgx.Rows.
func (r *rows) TypeMap() *pgtype.Map { return r.types }

// Conn implements pgx.Rows: it has been given back.
func (r *rows) Conn() *pgx.Conn { return nil }

// row is the only row of a statement.
type row struct {
	rows pgx.Rows
	err  error
}

// Scan implements pgx.Row.
func (r row) Scan(to ...any) error {
	if r.err != nil {
		return r.err
	}
	if !r.rows.Next() {
		return pgx.ErrNoRows
	}
	return r.rows.Scan(to...)
}
