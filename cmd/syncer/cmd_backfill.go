package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"syncer/internal/db"
	"syncer/internal/fetch"
	"syncer/internal/plain"
	"syncer/internal/syncer"
)

// backfillOptions are the command's flags.
type backfillOptions struct {
	ids              []string
	all              bool
	source           string
	failIfRunning    bool
	allowMassRemoval bool
	newOrganization  bool
	restart          bool
	dryRun           bool
}

func newBackfill(a *app) *cobra.Command {
	var o backfillOptions
	cmd := &cobra.Command{
		Use:   "backfill [ID...]",
		Short: "Sync once, now: the configured links, or the given ones",
		Long: `Syncs once and ends: the configured links, the given ones, or with --all every
link of the organization. On a terminal it shows progress; elsewhere it logs a
line every 10 seconds.

Started again within a day, a backfill that was killed, stopped or cut short by
an error resumes: it does not fetch again what it had finished. --restart starts
over.

While another run holds the source or its organization, it says which and waits;
with --fail-if-running it says which and exits 7. A dry run claims nothing and
waits for nobody.

A source remembers whose links it keeps. With a token of another organization, or
on another server, nothing is written and the exit is 4, unless it is meant: with
--new-organization the source goes over to what the token sees. Rows of the former
organization stay as last seen.

Exit: 0 done, 3 done but some links failed, or Polar does not know one of the
given IDs, 4 Polar refused the token, or it is of another organization,
5 Polar unreachable, 6 stopped by the mass-removal guard, 7 another run holds
the source or its organization, 8 schema does not fit, 9 database unreachable,
not in UTF8, read-only, or locked by somebody else, 10 differences found
(--dry-run).`,
		Example: `  syncer backfill
  syncer backfill 01234567-89ab-4cde-8f01-23456789abcd
  syncer backfill --all --json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.ids = args
			return a.backfill(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.all, "all", false, "every link of the organization")
	flags.StringVar(&o.source, "source", "", "only the source with this `NAME`")
	flags.BoolVar(&o.failIfRunning, "fail-if-running", false, "exit 7 instead of waiting while another run holds the source or its organization")
	flags.BoolVar(&o.dryRun, "dry-run", false, "show what would change, link by link, and write nothing; exit 10 if anything would")
	flags.BoolVar(&o.restart, "restart", false, "start over instead of resuming")
	flags.BoolVar(&o.allowMassRemoval, "allow-mass-removal", false, "mark as many links as removed as Polar says are gone")
	flags.BoolVar(&o.newOrganization, "new-organization", false, "go over to the token's organization and server if the source keeps another")
	return cmd
}

func (a *app) backfill(ctx context.Context, o backfillOptions) (err error) {
	c, err := a.config()
	if err != nil {
		return err
	}
	if err := o.choose(&c); err != nil {
		return usageError{err}
	}
	if err := checkSources(c); err != nil {
		return err
	}
	level, watched := slog.LevelInfo, isTerminal(a.stderr)
	if watched {
		level = slog.LevelError // the progress line and the summary cover the rest
	}
	logger, err := a.logger(level)
	if err != nil {
		return err
	}
	sources, closeAll, err := a.openSources(ctx, c, logger, impatient)
	defer func() { err = errors.Join(err, closeAll()) }()
	if err != nil {
		return err
	}
	if o.dryRun {
		return a.dryRun(ctx, sources, o)
	}
	if err := checkWritable(sources); err != nil {
		return err
	}
	var reports []syncer.Report
	for _, source := range sources {
		report, runErr := a.backfillOne(ctx, source, o, watched)
		reports = append(reports, report)
		if runErr != nil && len(sources) > 1 {
			runErr = fmt.Errorf("source %q: %w", source.config.Name, runErr)
		}
		err = errors.Join(err, runErr)
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(err, a.printReports(reports, len(c.Sources) > 1))
}

// choose narrows the configuration to what the command line asks for.
func (o *backfillOptions) choose(c *config) error {
	if o.source != "" {
		var found []sourceConfig
		for _, s := range c.Sources {
			if s.Name == o.source {
				found = append(found, s)
			}
		}
		if found == nil {
			return errors.New("--source: no source has this name; there are " + strings.Join(c.names(), ", "))
		}
		c.Sources = found
	}
	if !o.all && len(o.ids) == 0 {
		return nil
	}
	if len(c.Sources) > 1 {
		return errors.New("which source? Several are configured; name one with --source")
	}
	all, ids, err := parseIDs(o.ids)
	if err != nil {
		return err
	}
	if o.all && len(ids) > 0 {
		return errors.New("--all and ids contradict each other; give one or the other")
	}
	s := &c.Sources[0]
	s.All, s.IDs, s.picked = o.all || all, ids, len(ids) > 0
	if s.All && s.Fetch == fetch.ByID {
		s.Fetch = fetch.Auto // the configured strategy suits the configured ids
	}
	return nil
}

// backfillOne syncs one source.
func (a *app) backfillOne(ctx context.Context, source openSource, o backfillOptions, watched bool) (syncer.Report, error) {
	var terminal io.Writer
	if watched {
		terminal = screen(a.stderr)
	}
	shown := watch(terminal, source.syncer.Logger, source.config.Name)
	defer shown.end()
	report, err := source.syncer.Run(ctx, source.source, syncer.Options{
		Trigger: "backfill", Resume: true, Restart: o.restart,
		AllowMassRemoval: o.allowMassRemoval, NewOrganization: o.newOrganization,
		FailIfRunning: o.failIfRunning, Progress: shown.update,
		Waiting: func(held *db.HeldError) { shown.wait(a.stderr, held) },
	})
	if err == nil {
		err = incomplete(source, report)
	}
	return report, err
}

// incomplete is errPartial if links failed, or Polar does not know one that was asked
// for by hand. One that is configured may have been deleted, which fails no schedule.
func incomplete(source openSource, report syncer.Report) error {
	if report.Status == db.Partial || source.source.Picked && len(report.Links.Unknown) > 0 {
		return errPartial
	}
	return nil
}

// printReports writes the result: JSON on request, otherwise a summary for people.
func (a *app) printReports(reports []syncer.Report, array bool) error {
	if a.json {
		encoder := json.NewEncoder(a.stdout)
		if array {
			return encoder.Encode(reports)
		}
		return encoder.Encode(reports[0])
	}
	for _, r := range reports {
		fmt.Fprintf(a.stdout, "%s: %s, %s in %.1f s with %s\n", plain.Line(r.Source), r.Status,
			counted(r.Links.Total, "link", "links"), float64(r.DurationMS)/1000, counted(int(r.Requests), "request", "requests"))
		fmt.Fprintf(a.stdout, "  links  %d changed, %d unchanged, %d removed, %d failed\n", r.Links.Changed, r.Links.Unchanged, r.Links.Removed, r.Links.Failed)
		fmt.Fprintf(a.stdout, "  rows   %d inserted, %d updated, %d removed\n", r.Rows.Inserted, r.Rows.Updated, r.Rows.Removed)
		const most = 20
		for i, f := range r.Failures {
			if i == most {
				fmt.Fprintf(a.stdout, "  … and %d more, see the table sync_failures\n", len(r.Failures)-most)
				break
			}
			fmt.Fprintf(a.stdout, "  failed %s: %s\n", f.ID, plain.Line(f.Message))
		}
		a.printUnknown(r.Links.Unknown)
	}
	return nil
}

// printUnknown names the links that Polar does not know.
func (a *app) printUnknown(ids []string) {
	for _, id := range ids {
		fmt.Fprintf(a.stdout, "  unknown to Polar: %s (deleted, of another organization, or mistyped)\n", id)
	}
}
