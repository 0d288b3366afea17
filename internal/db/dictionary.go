package db

import (
	"context"
	"fmt"
	"strings"

	"syncer/views"
)

// Dictionary is what a schema of tables and the analysts' views of it hold, in the words
// of the database's catalogue.
type Dictionary struct {
	Schema      string // of the tables
	Tables      []Relation
	References  []Reference // of the tables, by foreign keys
	ViewsSchema string      // of the analysts' views
	Views       []Relation
}

// Relation is a table or a view.
type Relation struct {
	Name        string
	IsView      bool
	Description string // its COMMENT
	Columns     []Column
}

// Column is a column of a table or view.
type Column struct {
	Name, Type  string
	NotNull     bool   // of a view it is not known
	KeyPosition int    // place in the primary key, from 1; 0: not part of it
	Description string // its COMMENT
}

// Reference is a column that holds keys of another table.
type Reference struct {
	Table, Column string
	To            string
	Optional      bool // it may be null
}

// Dictionary reads the catalogue, for which every role has the right. It is ErrSchema if
// there are no tables or no views.
func (d *DB) Dictionary(ctx context.Context) (Dictionary, error) {
	all := Dictionary{Schema: d.schema, ViewsSchema: views.Analysts(d.schema)}
	columns, err := d.queries().ListRelations(ctx, []string{all.Schema, all.ViewsSchema})
	if err != nil {
		return all, fmt.Errorf("read the catalogue: %w", classify(err))
	}
	for _, c := range columns { // relation by relation
		in := &all.Tables
		if c.Schema == all.ViewsSchema {
			in = &all.Views
		}
		if last := len(*in) - 1; last < 0 || (*in)[last].Name != c.Relation {
			*in = append(*in, Relation{Name: c.Relation, IsView: c.IsView, Description: c.RelationDescription})
		}
		of := &(*in)[len(*in)-1]
		of.Columns = append(of.Columns, Column{
			Name: c.Name, Type: strings.Replace(c.Type, "timestamp with time zone", "timestamptz", 1),
			NotNull: c.NotNull, KeyPosition: int(c.KeyPosition), Description: c.Description,
		})
	}
	switch {
	case len(all.Tables) == 0:
		return all, fmt.Errorf("%w: schema %q holds no tables yet; run `syncer migrate`", ErrSchema, all.Schema)
	case len(all.Views) == 0:
		return all, fmt.Errorf("%w: schema %q holds no views yet; run `syncer migrate`", ErrSchema, all.ViewsSchema)
	}
	keys, err := d.queries().ListReferences(ctx, d.schema)
	if err != nil {
		return all, fmt.Errorf("read the catalogue: %w", classify(err))
	}
	for _, k := range keys {
		all.References = append(all.References, Reference{Table: k.Relation, Column: k.Name, To: k.RefersTo, Optional: !k.NotNull})
	}
	return all, nil
}
