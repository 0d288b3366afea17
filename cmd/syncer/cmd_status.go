package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"syncer/internal/db"
	"syncer/internal/plain"
)

// sourceStatus is one source in `status --json`.
type sourceStatus struct {
	Source   string          `json:"source"`
	Schema   string          `json:"schema"`
	Runs     []runStatus     `json:"runs"`     // newest first
	Failures []failureStatus `json:"failures"` // the longest first
	Unknown  []string        `json:"unknown"`  // configured links that Polar does not know
}

type runStatus struct {
	ID         string     `json:"id"`
	Trigger    string     `json:"trigger"`
	Status     string     `json:"status"`
	Holder     string     `json:"holder"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	Links      int64      `json:"links"`
	Changed    int64      `json:"changed"`
	Removed    int64      `json:"removed"`
	Failed     int64      `json:"failed"`
	Requests   int64      `json:"requests"`
	APIVersion *string    `json:"api_version"`
	Error      *string    `json:"error"`
}

type failureStatus struct {
	ID       string    `json:"id"` // or the place in LIST, in words
	Label    *string   `json:"label"`
	Since    time.Time `json:"since"`
	Attempts int64     `json:"attempts"`
	Kind     string    `json:"kind"`
	Message  string    `json:"message"`
	Path     *string   `json:"path"`
}

func newStatus(a *app) *cobra.Command {
	var runs int32
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the last runs, and which links fail since when and why",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []sourceStatus
			err := a.eachSource(cmd.Context(), func(s sourceConfig, d *db.DB) error {
				one, err := readStatus(cmd.Context(), s, d, runs)
				all = append(all, one)
				return err
			})
			if err != nil {
				return err
			}
			if a.json {
				return json.NewEncoder(a.stdout).Encode(all)
			}
			for _, s := range all {
				if err := a.printStatus(s); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().Int32Var(&runs, "runs", 5, "show the last `N` runs")
	return cmd
}

// mostFailures bounds how many of a source's failing links status shows.
const mostFailures = 1000

func readStatus(ctx context.Context, s sourceConfig, d *db.DB, most int32) (sourceStatus, error) {
	status := sourceStatus{Source: s.Name, Schema: s.Schema, Runs: []runStatus{}, Failures: []failureStatus{}, Unknown: []string{}}
	runs, err := d.Runs(ctx, s.Name, most)
	if err != nil {
		return status, err
	}
	for _, r := range runs {
		status.Runs = append(status.Runs, runStatus{
			ID: r.ID.String(), Trigger: r.Trigger, Status: r.Status, Holder: r.Holder, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt,
			Links: r.Links, Changed: r.Changed, Removed: r.Removed, Failed: r.Failed, Requests: r.Requests, APIVersion: r.APIVersion, Error: r.Error,
		})
	}
	failing, err := d.FailingLinks(ctx, s.Name, mostFailures)
	for _, f := range failing {
		status.Failures = append(status.Failures, failureStatus{
			ID: f.Link, Label: f.Label, Since: f.Since, Attempts: f.Attempts, Kind: f.Kind, Message: f.Message, Path: f.Path,
		})
	}
	if err != nil {
		return status, err
	}
	_, unknown, err := doubtfulLinks(ctx, s, d)
	for _, id := range unknown {
		status.Unknown = append(status.Unknown, id.String())
	}
	return status, err
}

func (a *app) printStatus(s sourceStatus) error {
	fmt.Fprintf(a.stdout, "source %s, schema %s\n", plain.Line(s.Source), s.Schema)
	if len(s.Runs) == 0 {
		fmt.Fprintln(a.stdout, "  no run yet; start one with `syncer backfill`")
		return nil
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  started\ttook\ttrigger\tstatus\tlinks\tchanged\tremoved\tfailed\trequests\tAPI")
	for _, r := range s.Runs {
		took := "-"
		if r.FinishedAt != nil {
			took = max(0, r.FinishedAt.Sub(r.StartedAt)).Round(10 * time.Millisecond).String()
		}
		version := "-"
		if r.APIVersion != nil {
			version = cmp.Or(*r.APIVersion, "default")
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\n", moment(r.StartedAt), took, plain.Line(r.Trigger), r.Status, r.Links, r.Changed, r.Removed, r.Failed, r.Requests, version)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if last := s.Runs[0]; last.Status == db.Running {
		fmt.Fprintf(a.stdout, "  running on %s\n", plain.Line(last.Holder))
	} else if last.Error != nil {
		fmt.Fprintf(a.stdout, "  the last run stopped: %s\n", plain.Line(*last.Error))
	}
	a.printUnknown(s.Unknown)
	if len(s.Failures) == 0 {
		fmt.Fprintln(a.stdout, "  no link fails")
		return nil
	}
	fmt.Fprintf(a.stdout, "  %s\n", counted(len(s.Failures), "link fails", "links fail"))
	for _, f := range s.Failures {
		fmt.Fprintf(a.stdout, "    %s  since %s, %s: %s\n", f.ID, moment(f.Since), counted(int(f.Attempts), "run", "runs"), plain.Line(f.Message))
	}
	return nil
}
