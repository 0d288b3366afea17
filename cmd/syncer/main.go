// Command syncer keeps Polar.sh checkout links, with their products, prices,
// benefits, medias and discounts, as rows in Postgres.
//
// cmd_NAME.go defines the command NAME, and root.go assembles them. The other
// files are what commands share, and call none of them.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // CRON_TZ works on machines and in containers without time zones
)

func main() {
	trimPostgres()
	log.SetOutput(outlet{to: os.Stderr}) // net/http logs there what it cannot make sense of
	os.Exit(realMain(os.Args[1:], os.Stdout, os.Stderr, os.LookupEnv))
}

// trimPostgres drops the white space around libpq's variables, which pgx reads by
// itself, as loadConfig does around the others.
func trimPostgres() {
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "PG") && trimmed(value) != value {
			_ = os.Setenv(name, trimmed(value)) // it was a valid name until now
		}
	}
}

// realMain runs one command and returns the exit code.
func realMain(args []string, stdout, stderr io.Writer, env environment) int {
	stdout, stderr = outlet{to: stdout}, outlet{to: stderr}
	ctx, stop := untilSignal(context.Background(), stderr)
	defer stop()
	root := newRoot(stdout, stderr, env)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	code := exitCode(ctx, err)
	if err != nil && !reported(err) && code < exitSignal {
		fmt.Fprintf(stderr, "syncer: %s\n", strings.ReplaceAll(err.Error(), "\n", "\n  "))
		if text := hint(err); text != "" {
			fmt.Fprintln(stderr, text)
		}
	}
	return code
}

// untilSignal returns a context that ends at the first SIGINT or SIGTERM. The
// second one ends the process at once.
func untilSignal(parent context.Context, stderr io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals) // back to the system's default
			fmt.Fprintln(stderr, "syncer: stopping; a second signal ends it at once")
			cancel(signalError{s})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}
