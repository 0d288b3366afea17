package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"syncer/internal/db"
	"syncer/internal/localpg"
	"syncer/internal/secret"
)

// database opens schemas. Without a configured database it starts a private
// one, migrates it, and says so on stderr.
type database struct {
	app     *app
	config  databaseConfig
	private *localpg.Server
}

// start ensures that there is a server. Call stop afterwards.
func (d *database) start(ctx context.Context) error {
	if !d.config.Private {
		return nil
	}
	if !d.config.MigrateURL.Empty() {
		return usageError{errors.New("no database is configured: " + migrateVariable + " is for `syncer migrate` alone; set DATABASE_URL, too")}
	}
	dir, err := privateFolder()
	if err != nil {
		return err
	}
	fmt.Fprintf(d.app.stderr, "No database is configured: using a private Postgres in %s.\n", dir)
	fmt.Fprintln(d.app.stderr, "Set DATABASE_URL to use your own.")
	if d.private, err = localpg.Start(ctx, localpg.Options{Dir: dir}); err != nil {
		if errors.Is(err, localpg.ErrNotFound) {
			return usageError{fmt.Errorf("no database is configured (DATABASE_URL), and none can be started: %w", err)}
		}
		return err
	}
	return nil
}

// stop ends the private server, if there is one.
func (d *database) stop() error {
	if d.private == nil {
		return nil
	}
	return d.private.Stop()
}

// connect opens a schema, whatever its state.
func (d *database) connect(ctx context.Context, schema string) (*db.DB, error) {
	c := db.Config{URL: d.config.URL, Password: d.config.Password, Schema: schema, Reader: d.config.Reader, App: "syncer"}
	if d.config.migrating {
		c.Variable = migrateVariable
	}
	if d.private != nil {
		c.URL = secret.New(d.private.URL("postgres"))
	}
	return db.Open(ctx, c)
}

// open opens a schema. It migrates a private database; any other must be up to
// date already.
func (d *database) open(ctx context.Context, schema string) (*db.DB, error) {
	opened, err := d.connect(ctx, schema)
	if err != nil {
		return nil, err
	}
	if d.private != nil {
		if _, err = opened.Migrate(ctx); errors.Is(err, db.ErrViews) { // no command needs them
			fmt.Fprintf(d.app.stderr, "Warning: %v\n", err)
			err = nil
		}
	} else {
		err = opened.CheckSchema(ctx)
	}
	if err != nil {
		opened.Close()
		return nil, err
	}
	return opened, nil
}

// A daemon that waits for its database tries every awaitEvery, and says so every
// awaitSaid.
const (
	awaitEvery = time.Second
	awaitSaid  = 30 * time.Second
)

// await opens a schema as soon as its database is there; err says why it was not. It
// ends with any other error.
func (d *database) await(ctx context.Context, logger *slog.Logger, schema string, err error) (*db.DB, error) {
	var said time.Time
	for db.Passing(err) {
		if time.Since(said) >= awaitSaid {
			said = time.Now()
			logger.WarnContext(ctx, "waiting for the database", slog.Any("error", err), slog.String("hint", hint(err)))
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(awaitEvery/2 + rand.N(awaitEvery)): //nolint:gosec // jitter: many daemons may wait for one server
		}
		var opened *db.DB
		if opened, err = d.open(ctx, schema); err == nil {
			logger.InfoContext(ctx, "the database is there")
			return opened, nil
		}
	}
	return nil, err
}

// privateFolder returns the data folder of the private Postgres. Postgres does
// not run as root, and root's home is closed to others.
func privateFolder() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "syncer", "postgres"), nil
	}
	if os.Geteuid() == 0 {
		return "/var/lib/syncer/postgres", nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the user's data folder: %w; set DATABASE_URL to use your own Postgres", err)
	}
	return filepath.Join(home, ".local", "share", "syncer", "postgres"), nil
}
