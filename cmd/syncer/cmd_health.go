package main

import (
	"errors"

	"github.com/spf13/cobra"

	"syncer/internal/web"
)

func newHealth(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Ask the running daemon whether it is healthy",
		Long: `Asks the daemon at SYNCER_HTTP_ADDR whether it is healthy: exit 0 if it is,
1 if not. Meant for a container's health check.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			if c.HTTPAddr == "" {
				return usageError{errors.New("SYNCER_HTTP_ADDR is empty: the daemon does not answer HTTP")}
			}
			return web.Ask(cmd.Context(), c.HTTPAddr)
		},
	}
}
