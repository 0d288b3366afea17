package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"syncer/internal/plain"
	"syncer/internal/syncer"
	"syncer/internal/words"
)

// preview is one source in `backfill --dry-run --json`.
type preview struct {
	syncer.Report

	Differences []syncer.Difference `json:"differences"`
}

// dryRun shows what a backfill would change, and writes nothing.
func (a *app) dryRun(ctx context.Context, sources []openSource, o backfillOptions) error {
	var all []preview
	var err error
	for _, source := range sources {
		p := preview{Differences: []syncer.Difference{}}
		options := syncer.Options{AllowMassRemoval: o.allowMassRemoval, NewOrganization: o.newOrganization}
		report, runErr := source.syncer.Preview(ctx, source.source, options, func(d syncer.Difference) {
			if a.json {
				p.Differences = append(p.Differences, d)
				return
			}
			a.printDifference(d)
		})
		p.Report = report
		all = append(all, p)
		if !a.json {
			fmt.Fprintf(a.stdout, "%s: of %s, %d would change, %d would be removed, %d failed; rows: %d new, %d changed, %d removed. Nothing was written.\n",
				plain.Line(report.Source), counted(report.Links.Total, "link", "links"), report.Links.Changed, report.Links.Removed, report.Links.Failed,
				report.Rows.Inserted, report.Rows.Updated, report.Rows.Removed)
			for _, f := range report.Failures {
				fmt.Fprintf(a.stdout, "  failed %s: %s\n", f.ID, plain.Line(f.Message))
			}
			a.printUnknown(report.Links.Unknown)
		}
		switch {
		case runErr != nil:
			err = errors.Join(err, runErr)
		case report.Links.Changed+report.Links.Removed > 0:
			err = errors.Join(err, errDifferent)
		default:
			err = errors.Join(err, incomplete(source, report))
		}
	}
	if a.json {
		encoder := json.NewEncoder(a.stdout)
		if len(all) == 1 {
			return errors.Join(err, encoder.Encode(all[0]))
		}
		return errors.Join(err, encoder.Encode(all))
	}
	return err
}

// printDifference prints what would change about one link, in colour on a terminal.
func (a *app) printDifference(d syncer.Difference) {
	fmt.Fprintln(a.stdout, linkTitle(d.ID, &d.Label))
	var changes []words.Change
	for _, c := range d.Changes {
		subject := d.Names[c.EntityID]
		if c.Entity == "checkout_links" || c.Entity == "checkout_link_products" {
			subject = "" // already printed above
		}
		changes = append(changes, words.Change{Entity: c.Entity, Op: c.Op, Before: c.Before, After: c.After, Subject: subject, Price: c.Price})
	}
	for _, l := range words.Lines(changes, nameFrom(d.Names)) {
		fmt.Fprint(a.stdout, "  ")
		a.paintLine(l)
		fmt.Fprintln(a.stdout)
	}
}

// paintLine prints a line's sign and text, green, red or yellow on a terminal.
func (a *app) paintLine(l words.Line) {
	colour := map[words.Sign]string{words.Came: "32", words.Went: "31", words.Changed: "33"}[l.Sign]
	a.paint(colour, string(rune(l.Sign))+" "+l.Text)
}
