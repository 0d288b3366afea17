package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"syncer/internal/db"
	"syncer/internal/dictionary"
)

// dictionaryEntry is one column of `dictionary --json`.
type dictionaryEntry struct {
	Schema              string `json:"schema"`
	Relation            string `json:"relation"`
	IsView              bool   `json:"is_view"`
	RelationDescription string `json:"relation_description"`
	Position            int    `json:"position"`
	Column              string `json:"column"`
	Type                string `json:"type"`
	NotNull             bool   `json:"not_null"`
	Description         string `json:"description"`
}

func newDictionary(a *app) *cobra.Command {
	var dbt bool
	cmd := &cobra.Command{
		Use:   "dictionary",
		Short: "Print what each view, table and column means",
		Long: `Prints what the analysts' views and the tables hold, column by column, as a page
in Markdown; --json prints one entry a column, --dbt the views as sources.yml of a
dbt project. It reads the comments in the database's catalogue, never a row: a role
without any right on the tables is enough.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dbt && a.json {
				return usageError{errors.New("--dbt and --json contradict each other; give one or the other")}
			}
			all, err := a.dictionaries(cmd.Context())
			if err != nil {
				return err
			}
			switch {
			case a.json:
				return json.NewEncoder(a.stdout).Encode(dictionaryEntries(all))
			case dbt:
				fmt.Fprintln(a.stdout, dictionary.DBT(all...))
			default:
				for i, d := range all {
					if i > 0 {
						fmt.Fprintln(a.stdout)
					}
					fmt.Fprintln(a.stdout, dictionary.Markdown(d))
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&dbt, "dbt", false, "print the views as sources.yml of a dbt project")
	return cmd
}

// dictionaries returns those of all configured schemas.
func (a *app) dictionaries(ctx context.Context) ([]db.Dictionary, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	var all []db.Dictionary
	// Whoever may not read the tables cannot tell whether they are up to date either: what
	// is there is what counts.
	open := (*database).connect
	if c.Database.Private {
		open = (*database).open
	}
	err = a.visitSchemas(ctx, c, open, func(d *db.DB) error {
		one, err := d.Dictionary(ctx)
		all = append(all, one)
		return err
	})
	return all, err
}

// dictionaryEntries lists all columns, the views' first.
func dictionaryEntries(all []db.Dictionary) []dictionaryEntry {
	var entries []dictionaryEntry
	add := func(schema string, relations []db.Relation) {
		for _, r := range relations {
			for i, c := range r.Columns {
				entries = append(entries, dictionaryEntry{
					Schema: schema, Relation: r.Name, IsView: r.IsView, RelationDescription: r.Description,
					Position: i + 1, Column: c.Name, Type: c.Type, NotNull: c.NotNull, Description: c.Description,
				})
			}
		}
	}
	for _, d := range all {
		add(d.ViewsSchema, d.Views)
		add(d.Schema, d.Tables)
	}
	return entries
}
