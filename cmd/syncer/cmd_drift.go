package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"syncer/internal/db"
	"syncer/internal/plain"
)

// driftEntry is one entry of `drift --json`.
type driftEntry struct {
	Schema      string    `json:"schema"`
	Kind        string    `json:"kind"`
	Path        string    `json:"path"`
	Sample      string    `json:"sample"`
	FirstSeenAt time.Time `json:"first_seen_at"`
	LastSeenAt  time.Time `json:"last_seen_at"`
	Count       int64     `json:"count"`
	Suggestion  string    `json:"suggestion"`
}

func newDrift(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "drift",
		Short: "Show what Polar sends that this version does not know",
		Long: `Shows each key and value that Polar sent and this version does not know, with a
suggestion. None is lost: unknown keys are in the column extra, unknown values
are stored as they came.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all := []driftEntry{}
			err := a.eachSchema(cmd.Context(), func(d *db.DB) error {
				drift, err := d.Drift(cmd.Context())
				for _, one := range drift {
					all = append(all, driftEntry{
						Schema: d.Schema(), Kind: one.Kind, Path: one.Path, Sample: one.Sample, FirstSeenAt: one.FirstSeenAt,
						LastSeenAt: one.LastSeenAt, Count: one.Count, Suggestion: suggestion(one.Kind),
					})
				}
				return err
			})
			if err != nil {
				return err
			}
			if a.json {
				return json.NewEncoder(a.stdout).Encode(all)
			}
			if len(all) == 0 {
				fmt.Fprintln(a.stdout, "no drift: this version knows everything Polar has sent so far")
			}
			for _, e := range all {
				fmt.Fprintf(a.stdout, "%s %s = %s\n", plain.Line(e.Kind), plain.Line(e.Path), plain.Line(e.Sample))
				fmt.Fprintf(a.stdout, "  in %s, first %s, last %s\n", counted(int(e.Count), "link", "links"), moment(e.FirstSeenAt), moment(e.LastSeenAt))
				fmt.Fprintf(a.stdout, "  %s\n", e.Suggestion)
			}
			return nil
		},
	}
}

// suggestion advises on a kind of drift.
func suggestion(kind string) string {
	switch kind {
	case "key":
		return "The value is in extra. A newer syncer may have a column for it; until then query extra ->> 'its key'."
	case "value":
		return "It is stored as it came. Check queries that list the known values of this column."
	case "shape":
		return "It did not fit its column and is in extra. Check whether a newer syncer knows this kind."
	case "more":
		return "There was more that this version does not know, too much to list. Nothing of it is lost."
	case "text":
		return "Characters that Postgres cannot hold were replaced by U+FFFD. Something between Polar and here may mangle text."
	}
	return ""
}
