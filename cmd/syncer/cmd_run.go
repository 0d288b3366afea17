package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"syncer/internal/panics"
	"syncer/internal/schedule"
	"syncer/internal/syncer"
	"syncer/internal/web"
)

func newRun(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Run the daemon: sync every source at once and then on its schedule",
		Long: `Runs the daemon. Every source is synced at once and then at the ticks of its
schedule (SYNCER_SCHEDULE, five cron fields, UTC or CRON_TZ=...), by the wall
clock, also when that is set. A run waits while another run,
of any process, holds its source or organization. A tick is missed while the
source's previous run still works or waits. It also waits for a database that is
not there yet, but not for one that it may not enter.

SIGTERM or SIGINT ends it gracefully within 10 seconds: the batch being written
commits or rolls back. A second signal ends it at once.

GET /healthz at SYNCER_HTTP_ADDR answers 200 while the database can be reached.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd.Context()) },
	}
}

func (a *app) run(ctx context.Context) (err error) {
	signal.Ignore(syscall.SIGPIPE) // a daemon outlives who reads its log
	c, err := a.config()
	if err != nil {
		return err
	}
	if err := checkSources(c); err != nil {
		return err
	}
	logger, err := a.logger(slog.LevelInfo)
	if err != nil {
		return err
	}
	var listener net.Listener
	if c.HTTPAddr != "" {
		if listener, err = new(net.ListenConfig).Listen(ctx, "tcp", c.HTTPAddr); err != nil {
			return usageError{fmt.Errorf("SYNCER_HTTP_ADDR: %w; choose another address, or set it to nothing to turn HTTP off", err)}
		}
		defer listener.Close()
	}
	sources, closeAll, err := a.openSources(ctx, c, logger, patient)
	defer func() { err = errors.Join(err, closeAll()) }()
	if err != nil {
		return err
	}
	if err := checkWritable(sources); err != nil {
		return err
	}
	for i := range sources {
		sources[i].warnOfCycle(ctx, logger)
	}
	return serve(ctx, logger, listener, sources)
}

// serve runs the schedule, and HTTP beside it, until ctx ends or either fails.
func serve(ctx context.Context, logger *slog.Logger, listener net.Listener, sources []openSource) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 2)
	parts := 1
	go func() {
		ended <- panics.Catch(func() error { return schedule.Local(ctx, logger, jobs(logger, sources)) })
	}()
	if listener != nil {
		logger.InfoContext(ctx, "http listens", slog.String("addr", listener.Addr().String()))
		handler := web.Handler(func(ctx context.Context) error { return ping(ctx, sources) })
		parts++
		go func() {
			ended <- panics.Catch(func() error { return web.Serve(ctx, logger, listener, handler) })
		}()
	}
	var err error
	for range parts {
		err = errors.Join(err, <-ended)
		cancel() // whichever ends takes the other along
	}
	logger.InfoContext(ctx, "stopped")
	return err
}

func ping(ctx context.Context, sources []openSource) error {
	var err error
	for _, o := range sources {
		err = errors.Join(err, o.db.Ping(ctx))
	}
	return err
}

// jobs are the calls of Run. They log what goes wrong; the next tick tries again.
func jobs(logger *slog.Logger, sources []openSource) []schedule.Job {
	var all []schedule.Job
	for _, o := range sources {
		logger.Info("source scheduled", slog.String("source", o.config.Name), slog.String("schedule", o.config.Schedule),
			slog.String("server", o.config.Server.String()), slog.Bool("all", o.config.All), slog.Int("links", len(o.config.IDs)), slog.String("fetch", string(o.config.Fetch)),
			slog.String("schema", o.config.Schema), slog.Int("requests_per_minute", o.config.RequestsPerMinute))
		all = append(all, schedule.Job{
			Name: o.config.Name, Spec: o.config.Schedule,
			Do: func(ctx context.Context, trigger string) {
				if _, err := o.syncer.Run(ctx, o.source, syncer.Options{Trigger: trigger}); err != nil && ctx.Err() == nil {
					logger.ErrorContext(ctx, "run stopped early", slog.String("source", o.config.Name), slog.Any("error", err), slog.String("hint", hint(err)))
				}
			},
		})
	}
	return all
}
