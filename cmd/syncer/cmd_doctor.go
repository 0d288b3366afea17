package main

import (
	"time"

	"github.com/spf13/cobra"
)

func newDoctor(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Find out what is wrong with the set-up, and what to do about it",
		Long: `Looks at everything a sync needs: configuration, database, schema, rights,
views, clocks, Polar and the token, the last runs, and whether the budget is enough for
the schedule; and at what is unsafe: files with secrets that others may read, a
superuser's role, a remote database without verified TLS. Says what it found, and
what to do if something is wrong.

It changes nothing, and sends Polar one request for each source, at most two.

Exit 0 if there are no problems (warnings do not count), otherwise the code of
the first: 2 configuration, 4 token, 5 Polar unreachable, 8 schema, 9 database.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &doctor{app: a, now: time.Now}
			findings, err := d.examine(cmd.Context())
			if err != nil {
				return err
			}
			if err := a.printFindings(findings); err != nil {
				return err
			}
			return firstProblem(findings)
		},
	}
}
