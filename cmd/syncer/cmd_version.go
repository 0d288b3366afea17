package main

import (
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				return json.NewEncoder(a.stdout).Encode(map[string]string{"version": versionText(), "go": runtime.Version()})
			}
			_, err := fmt.Fprintf(a.stdout, "syncer %s (%s)\n", versionText(), runtime.Version())
			return err
		},
	}
}
