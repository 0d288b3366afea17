package views_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"syncer/internal/db"
)

// analyst is a person's session that may read the views and nothing else, as the page for analysts sets it up. configure may
// change how it connects.
func analyst(tb testing.TB, d *db.DB, configure ...func(*pgx.ConnConfig)) *pgx.Conn {
	tb.Helper()
	config := d.Pool().Config().ConnConfig
	role := "analyst_of_" + config.Database
	if _, err := d.Pool().Exec(tb.Context(), `CREATE ROLE `+role+` LOGIN IN ROLE `+db.DefaultReader); err != nil {
		tb.Fatal(err)
	}
	config.User = role
	config.RuntimeParams = map[string]string{"jit": "off", "work_mem": "64MB", "default_transaction_read_only": "on", "statement_timeout": "60s", "timezone": "UTC"}
	for _, change := range configure {
		change(config)
	}
	conn, err := pgx.ConnectConfig(tb.Context(), config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx := context.WithoutCancel(tb.Context())
		conn.Close(ctx)
		if _, err := d.Pool().Exec(ctx, `DROP OWNED BY `+role+` CASCADE`); err != nil {
			tb.Error(err)
		}
		if _, err := d.Pool().Exec(ctx, `DROP ROLE `+role); err != nil {
			tb.Error(err)
		}
	})
	return conn
}
