package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"syncer/internal/db"
	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/localpg"
	"syncer/internal/plain"
	"syncer/internal/schedule"
	"syncer/internal/secret"
	"syncer/internal/syncer"
	"syncer/internal/words"
)

// errDemoDatabase: someone else stopped the demo's Postgres.
var errDemoDatabase = errors.New("the private Postgres ended")

// demoReader is the login of an analyst.
const demoReader = "analyst"

// demoScenario is the recorded catalogue the demo plays.
const demoScenario = "alpha"

// demoOptions are the command's flags.
type demoOptions struct {
	every     time.Duration
	keep, end bool
}

func newDemo(a *app) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch it work: no configuration, no network, no account",
		Long: `Starts a private Postgres and a fake Polar that plays a recorded catalogue and
its changes, and runs the daemon between them. After each step it prints what
changed. Ctrl-C ends it and leaves nothing behind; --keep keeps the database.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.every < time.Second || o.every%time.Second != 0 {
				return usageError{errors.New("--every: use whole seconds, 1s or more")}
			}
			return a.demo(cmd.Context(), o)
		},
	}
	cmd.Flags().DurationVar(&o.every, "every", 5*time.Second, "time between two steps of the catalogue")
	cmd.Flags().BoolVar(&o.keep, "keep", false, "keep the database when the demo ends")
	cmd.Flags().BoolVar(&o.end, "end", false, "end after the last step instead of waiting for Ctrl-C")
	return cmd
}

func (a *app) demo(ctx context.Context, o demoOptions) (err error) {
	logger, err := a.logger(slog.LevelWarn)
	if err != nil {
		return err
	}
	recording, err := fetchtest.Load(demoScenario)
	if err != nil {
		return err
	}
	polar := fetchtest.NewServer(recording)
	if err := polar.Listen(ctx, "127.0.0.1:0"); err != nil {
		return fmt.Errorf("start the fake Polar: %w", err)
	}
	defer polar.Close()
	var options localpg.Options
	if o.keep {
		private, err := privateFolder()
		if err != nil {
			return err
		}
		options.Dir = filepath.Join(filepath.Dir(private), "demo-"+time.Now().UTC().Format("20060102T150405"))
	}
	postgres, err := localpg.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.endDemo(postgres, options.Dir)) }()
	d, err := db.Open(ctx, db.Config{URL: secret.New(postgres.URL("postgres")), Reader: db.DefaultReader, App: "syncer demo"})
	if err != nil {
		return err
	}
	defer d.Close()
	if _, err := d.Migrate(ctx); err != nil {
		return err
	}
	if err := d.CreateReader(ctx, demoReader); err != nil {
		return err
	}
	server, err := url.Parse(polar.URL)
	if err != nil {
		return err
	}
	client := fetch.New(fetch.Config{Server: server, Token: fetch.FixedToken(secret.New(polar.Token())), UserAgent: "syncer demo"})
	defer client.Close()
	play := &demo{
		app: a, db: d, polar: polar,
		syncer: &syncer.Syncer{DB: d, Logger: logger},
		source: syncer.Source{Name: "demo", Client: client, All: true},
	}
	a.welcome(postgres.URL("postgres"), polar.URL, o.every)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if o.end {
		play.end = func() { cancel(nil) }
	}
	go func() { // without its database the demo is over
		select {
		case <-postgres.Done():
			cancel(errDemoDatabase)
		case <-ctx.Done():
		}
	}()
	err = schedule.Local(ctx, logger, []schedule.Job{{Name: "demo", Spec: "@every " + o.every.String(), Do: play.step}})
	if cause := context.Cause(ctx); errors.Is(cause, errDemoDatabase) {
		err = errors.Join(err, cause)
	}
	return err
}

// endDemo stops the database and prints what remains of it.
func (a *app) endDemo(postgres *localpg.Server, dir string) error {
	err := postgres.Stop()
	if dir == "" {
		fmt.Fprintln(a.stdout, "\nStopped. Nothing is left behind.")
		return err
	}
	fmt.Fprintf(a.stdout, "\nStopped. The database is kept in %s; delete that folder when you are done.\n", dir)
	return err
}

func (a *app) welcome(database, polar string, every time.Duration) {
	reader := strings.Replace(database, "//syncer@", "//"+demoReader+"@", 1)
	fmt.Fprintf(a.stdout, `A private Postgres is running, and a fake Polar at %s.
The catalogue moves on every %s. Look at it from another terminal, as an analyst
who may read the views in polar_bi and nothing else:

  psql "%s"

  -- what each link sells, and for how much now
  SELECT link_label, product_name, net_amount_major, currency, recurring_interval, metered_prices, trial_interval
  FROM polar_bi.link_checkouts
  WHERE is_sellable AND is_default_currency IS NOT FALSE
  ORDER BY link_label, product_position;
  -- which links cannot be sold, and why
  SELECT link_label, reason, product_name, since
  FROM polar_bi.unsellable_links
  ORDER BY since DESC NULLS FIRST;
  -- what there is to read
  \dv+ polar_bi.*

Or as the owner, who sees the tables in polar:

  psql "%s"

  -- prices that were replaced
  SELECT p.name, r.price_amount, r.price_currency, r.first_seen_at, r.removed_at
  FROM polar.prices r JOIN polar.products p ON p.id = r.product_id WHERE r.removed_at IS NOT NULL;
  -- what the sync did
  SELECT started_at, status, links_total, links_changed, requests FROM polar.sync_runs ORDER BY started_at;

Ctrl-C ends it.

`, polar, every, reader, database)
}

// demo plays the catalogue step by step and syncs after each one.
type demo struct {
	app    *app
	db     *db.DB
	polar  *fetchtest.Server
	syncer *syncer.Syncer
	source syncer.Source
	end    func() // called after the last step; nil: stay
}

// step is one tick: the catalogue advances, the daemon syncs, and the changes are printed.
func (d *demo) step(ctx context.Context, trigger string) {
	if trigger == schedule.Schedule && !d.polar.Next() {
		return // the recording is over; the tables stay for a look
	}
	began := time.Now()
	report, err := d.syncer.Run(ctx, d.source, syncer.Options{Trigger: trigger})
	if ctx.Err() != nil {
		return
	}
	out := d.app.stdout
	step := d.polar.StepIndex()
	fmt.Fprintf(out, "step %d of %d: %s\n", step, d.polar.Steps()-1, d.polar.StepTitle(step))
	if err != nil {
		fmt.Fprintf(out, "  %s\n", plain.Line(err.Error()))
		return
	}
	fmt.Fprintf(out, "  %s: %d of %d links changed, %d removed, %d failed; rows +%d ~%d -%d; %s, %d ms\n",
		report.Status, report.Links.Changed, report.Links.Total, report.Links.Removed, report.Links.Failed,
		report.Rows.Inserted, report.Rows.Updated, report.Rows.Removed, counted(int(report.Requests), "request", "requests"), report.DurationMS)
	for _, f := range report.Failures {
		fmt.Fprintf(out, "  failed %s: %s\n", f.ID, plain.Line(f.Message))
	}
	if trigger == schedule.Schedule {
		d.list(ctx, began)
	}
	switch {
	case step < d.polar.Steps()-1:
	case d.end != nil:
		d.end()
	default:
		fmt.Fprintln(out, "That was the last step. The tables stay for you to look at; Ctrl-C ends it.")
	}
}

// list prints some of the changes since a moment.
func (d *demo) list(ctx context.Context, since time.Time) {
	changed, err := d.db.ChangedSince(ctx, since)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		fmt.Fprintf(d.app.stdout, "  %s\n", plain.Line(err.Error()))
		return
	}
	const most, width = 8, 90
	for i, c := range changed {
		if i == most {
			fmt.Fprintf(d.app.stdout, "  … and %d more\n", len(changed)-most)
			break
		}
		said := c.Name
		if c.Price != nil {
			said = words.PriceJSON(c.Price) + " of " + c.Name
		}
		name := []rune(strings.Join(strings.Fields(said), " "))
		if len(name) > width {
			name = append(name[:width], '…')
		}
		fmt.Fprintf(d.app.stdout, "  %-8s %-8s %s\n", c.Event, c.Entity, plain.Line(string(name)))
	}
}
