package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newRoot(stdout, stderr io.Writer, env environment) *cobra.Command {
	a := &app{stdout: stdout, stderr: stderr, env: env}
	root := &cobra.Command{
		Use:   "syncer",
		Short: "Keep Polar.sh checkout links as rows in Postgres",
		Long: `syncer keeps Polar.sh checkout links, with their products, prices, benefits,
medias and discounts, as normalised rows in Postgres.

Try it without any configuration:   syncer demo
Then, with a token and a database:  syncer migrate && syncer backfill && syncer run`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see `%s --help`", withoutValue(err), cmd.CommandPath())}
	})
	root.PersistentPreRunE = func(*cobra.Command, []string) error { // before anything is opened
		_, err := a.logger(slog.LevelInfo)
		return err
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.configPath, "config", "", "configuration `FILE`, YAML (also SYNCER_CONFIG)")
	flags.BoolVar(&a.json, "json", false, "print the result as JSON on stdout")
	flags.StringVar(&a.logLevel, "log-level", "", "debug, info, warn or error (default info)")
	flags.StringVar(&a.logFormat, "log-format", "auto", "auto (coloured on a terminal, else text), text or json")
	root.AddCommand(newDemo(a), newRun(a), newBackfill(a), newMigrate(a), newStatus(a), newExplain(a), newDoctor(a), newDictionary(a), newDrift(a), newHealth(a), newVersion(a))
	root.InitDefaultCompletionCmd() // now, so that mistakes in its arguments exit like ours
	usageErrors(root)
	return root
}

// withoutValue drops from an error about a flag what was given to it: that may be a
// secret.
func withoutValue(err error) error {
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return fmt.Errorf("--%s: needs a value of type %s", e.GetFlag().Name, e.GetFlag().Value.Type())
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok && e.GetSpecifiedShortnames() != "" {
		return fmt.Errorf("unknown flag: -%s", e.GetSpecifiedName())
	}
	if _, ok := errors.AsType[*pflag.InvalidSyntaxError](err); ok {
		return errors.New("bad flag syntax")
	}
	return err
}

// usageErrors makes wrong arguments exit as usage errors.
func usageErrors(cmd *cobra.Command) {
	if !cmd.Runnable() { // cobra checks the arguments of runnable commands only
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				text := err.Error()
				for _, arg := range args { // each may be a secret
					text = strings.ReplaceAll(text, " "+strconv.Quote(arg), "")
				}
				return usageError{fmt.Errorf("%s; see `%s --help`", text, cmd.CommandPath())}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		usageErrors(sub)
	}
}
