// Command bench measures syncer, beside a straightforward program that does the
// same (bench/baseline), on this machine: a private Postgres, a synthetic
// organization (bench/api), and both programs as processes.
//
// It needs only Go and Postgres' server binaries, and leaves nothing behind.
// See docs/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are the command's flags.
type options struct {
	links    int // of the organization
	sample   int // links for the baseline, which takes as long for each
	runs     int
	often    int // runs of a small organization, which are quick
	markdown bool
	update   string // file
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	o, err := parse(os.Args[1:])
	if err == nil {
		err = bench(ctx, o, os.Stdout, os.Stderr)
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	o := options{often: 10}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.links, "links", 10_000, "links of the organization; ten times as many show how the cost grows")
	flags.IntVar(&o.sample, "baseline-links", 300, "links of it that the baseline syncs")
	flags.IntVar(&o.runs, "runs", 3, "how often everything is measured; the median is told")
	quick := flags.Bool("quick", false, "a smoke test: 1 000 links, 30 for the baseline, one run")
	flags.BoolVar(&o.markdown, "markdown", false, "print Markdown")
	flags.StringVar(&o.update, "update", "", "write the result into this `FILE` too, in place of the last one")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if *quick {
		o.links, o.sample, o.runs, o.often = 1_000, 30, 1, 2
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q: there are flags only, see -help", flags.Arg(0))
	case o.sample < 30 || o.links <= o.sample || o.runs < 1:
		return o, errors.New("use 30 -baseline-links or more, more -links than that, and 1 of -runs or more")
	}
	return o, nil
}

// bench reports part by part, as results come in.
func bench(ctx context.Context, o options, out, progress io.Writer) (err error) {
	if o.update != "" { // better now than after ten minutes
		if _, _, err := around(o.update); err != nil {
			return err
		}
	}
	began := time.Now()
	fmt.Fprintln(progress, "building the programs, starting Postgres")
	l, err := newLab(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()

	b := &benchmark{options: o, lab: l, report: &report{out: out, markdown: o.markdown}, progress: progress}
	b.machine(ctx)
	for _, part := range []func(context.Context) error{
		b.compare,   // side by side, at several distances
		b.grow,      // ten times as many links
		b.byID,      // all links, given one by one
		b.everyday,  // a hundred links, none changed
		b.daemon,    // the same in a process that stays
		b.writePath, // the write path alone, against COPY
		b.questions, // what analysts ask
	} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	b.text(fmt.Sprintf("All of it took %s.", time.Since(began).Round(time.Second)))
	if o.update == "" {
		return nil
	}
	return update(o.update, b.all.String())
}
