package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"syncer/internal/db"
)

func newMigrate(a *app) *cobra.Command {
	migrate := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database schema up to date",
		Long: `Brings the schema of every configured source up to date: creates the schema if
it is missing and applies what has not been applied yet. Then it makes the views
for analysts beside it (polar_bi) that are missing or not this program's, and
lets the role SYNCER_READER_ROLE read them. Several may start at once; one works,
the others wait.

It needs the server itself, not a pooler, and a role that may create tables: if
SYNCER_MIGRATE_DATABASE_URL is set, it goes there instead of DATABASE_URL.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.migrateUp(cmd.Context()) },
	}
	migrate.AddCommand(
		&cobra.Command{
			Use: "up", Short: "Apply what has not been applied yet (the default)", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return a.migrateUp(cmd.Context()) },
		},
		&cobra.Command{
			Use: "status", Short: "List the migrations and when each was applied", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return a.migrateStatus(cmd.Context()) },
		},
	)
	return migrate
}

// migrationResult is one line of `migrate --json`.
type migrationResult struct {
	Schema    string     `json:"schema"`
	Version   int64      `json:"version"` // 0: no migration, but something about views, which Name says
	Name      string     `json:"name"`
	AppliedAt *time.Time `json:"applied_at"`
}

func (a *app) migrateUp(ctx context.Context) error {
	var failed error // of views: they hold up no other schema's tables
	err := a.migrations(ctx, func(d *db.DB) ([]db.Migration, error) {
		m, err := d.Migrate(ctx)
		if errors.Is(err, db.ErrViews) {
			failed = errors.Join(failed, fmt.Errorf("schema %s: %w", d.Schema(), err))
		} else if err != nil {
			return nil, err
		}
		if !a.json {
			for _, one := range m.Applied {
				fmt.Fprintf(a.stdout, "applied %s\n", one.Name)
			}
			for _, text := range m.Did {
				fmt.Fprintln(a.stdout, text)
			}
			if err == nil && len(m.Applied) == 0 && len(m.Did) == 0 {
				fmt.Fprintf(a.stdout, "schema %s is up to date\n", d.Schema())
			}
		}
		for _, text := range m.Warnings {
			fmt.Fprintf(a.stderr, "Warning: %s\n", text)
		}
		for _, text := range m.Did {
			m.Applied = append(m.Applied, db.Migration{Name: text, AppliedAt: time.Now()})
		}
		return m.Applied, nil
	})
	return errors.Join(err, failed)
}

func (a *app) migrateStatus(ctx context.Context) error {
	return a.migrations(ctx, func(d *db.DB) ([]db.Migration, error) {
		all, err := d.Migrations(ctx)
		if err != nil || a.json {
			return all, err
		}
		fmt.Fprintf(a.stdout, "schema %s\n", d.Schema())
		table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
		for _, m := range all {
			state := "pending"
			if !m.AppliedAt.IsZero() {
				state = m.AppliedAt.UTC().Format(time.RFC3339)
			}
			fmt.Fprintf(table, "  %s\t%s\n", m.Name, state)
		}
		return all, table.Flush()
	})
}

// migrations calls do for every schema, whatever its state, and prints the
// results, as JSON if asked to.
func (a *app) migrations(ctx context.Context, do func(*db.DB) ([]db.Migration, error)) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	c.Database = c.Database.toMigrate()
	results := []migrationResult{}
	err = a.visitSchemas(ctx, c, (*database).connect, func(d *db.DB) error {
		migrations, err := do(d)
		for _, m := range migrations {
			r := migrationResult{Schema: d.Schema(), Version: m.Version, Name: m.Name}
			if !m.AppliedAt.IsZero() {
				r.AppliedAt = new(m.AppliedAt.UTC())
			}
			results = append(results, r)
		}
		return err
	})
	if err != nil || !a.json {
		return err
	}
	return json.NewEncoder(a.stdout).Encode(results)
}
