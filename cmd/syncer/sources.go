package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"syncer/internal/db"
	"syncer/internal/fetch"
	"syncer/internal/syncer"
)

// openSource is a source ready to sync.
type openSource struct {
	config sourceConfig
	db     *db.DB
	source syncer.Source
	syncer *syncer.Syncer
}

// How openSources takes a database that is not there yet.
const (
	impatient = false // as an error
	patient   = true  // it waits
)

// openSources starts the database if need be and opens every source. Call
// closeAll afterwards, also after an error.
func (a *app) openSources(ctx context.Context, c config, logger *slog.Logger, wait bool) (all []openSource, closeAll func() error, err error) {
	server := &database{app: a, config: c.Database}
	closeAll = func() error {
		var closing sync.WaitGroup // at once: each may take its time when there is no way to the database
		for _, o := range all {
			o.source.Client.Close()
			closing.Go(o.db.Close)
		}
		closing.Wait()
		return server.stop()
	}
	if err := server.start(ctx); err != nil {
		return nil, closeAll, err
	}
	for _, s := range c.Sources {
		d, err := server.open(ctx, s.Schema)
		if wait && db.Passing(err) {
			d, err = server.await(ctx, logger, s.Schema, err)
		}
		if err != nil {
			return all, closeAll, err
		}
		client := fetch.New(fetch.Config{
			Server: s.Server, Token: s.Token, Version: s.APIVersion, RequestsPerMinute: s.RequestsPerMinute, UserAgent: userAgent(),
		})
		all = append(all, openSource{
			config: s, db: d,
			source: syncer.Source{Name: s.Name, Client: client, All: s.All, IDs: s.IDs, Picked: s.picked, Strategy: s.Fetch},
			syncer: &syncer.Syncer{DB: d, Logger: logger, KeepChanges: c.KeepChanges, KeepRuns: c.KeepRuns},
		})
	}
	return all, closeAll, nil
}

// opener opens a schema: (*database).open requires one that is up to date,
// connect takes any.
type opener func(d *database, ctx context.Context, schema string) (*db.DB, error)

// eachSource calls do for every configured source with its schema, for commands
// that only read.
func (a *app) eachSource(ctx context.Context, do func(sourceConfig, *db.DB) error) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	return a.visit(ctx, c, (*database).open, do)
}

// eachSchema calls do once for every schema the sources live in, for commands that
// only read.
func (a *app) eachSchema(ctx context.Context, do func(*db.DB) error) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	return a.visitSchemas(ctx, c, (*database).open, do)
}

// visitSchemas starts the database if need be and opens each schema in turn, once.
func (a *app) visitSchemas(ctx context.Context, c config, open opener, do func(*db.DB) error) error {
	seen := map[string]bool{}
	c.Sources = slices.DeleteFunc(c.Sources, func(s sourceConfig) bool {
		again := seen[s.Schema]
		seen[s.Schema] = true
		return again
	})
	return a.visit(ctx, c, open, func(_ sourceConfig, d *db.DB) error { return do(d) })
}

// visit starts the database if need be and opens each source's schema in turn.
func (a *app) visit(ctx context.Context, c config, open opener, do func(sourceConfig, *db.DB) error) (err error) {
	server := &database{app: a, config: c.Database}
	if err := server.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	for _, s := range c.Sources {
		d, err := open(server, ctx, s.Schema)
		if err != nil {
			return err
		}
		err = do(s, d)
		d.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// checkWritable ensures that the sources' databases take what a run writes.
func checkWritable(sources []openSource) error {
	for _, s := range sources {
		if err := s.db.Writable(); err != nil {
			return err
		}
	}
	return nil
}

// checkSources ensures that every source can sync, before anything starts.
func checkSources(c config) error {
	for _, s := range c.Sources {
		if lacks := missing(s); len(lacks) > 0 {
			return usageError{fmt.Errorf("%s%s; %s", about(c, s), lacks[0].what, lacks[0].do)}
		}
	}
	return nil
}

// lack names what a source lacks to sync, and what to do about it.
type lack struct{ what, do string }

func missing(s sourceConfig) (all []lack) {
	if s.Token == nil {
		all = append(all, lack{"no access token", "set POLAR_ACCESS_TOKEN or POLAR_ACCESS_TOKEN_FILE to one with the scope checkout_links:read (in the file: access_token_file)"})
	}
	if !s.All && len(s.IDs) == 0 {
		all = append(all, lack{"no checkout links are configured", "set POLAR_CHECKOUT_LINK_IDS to their ids, or to `all` (in the file: checkout_link_ids)"})
	}
	return all
}

// about prefixes an error text with the source's name if there are several.
func about(c config, s sourceConfig) string {
	if len(c.Sources) > 1 {
		return fmt.Sprintf("source %q: ", s.Name)
	}
	return ""
}
