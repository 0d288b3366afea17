package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"syncer/internal/db"
	"syncer/internal/plain"
	"syncer/internal/words"
)

// story is all that is known of one link: `explain --json`.
type story struct {
	ID          string       `json:"id"`
	Label       *string      `json:"label"`
	FirstSeenAt *time.Time   `json:"first_seen_at"`
	LastSeenAt  *time.Time   `json:"last_seen_at"`
	RemovedAt   *time.Time   `json:"removed_at"`
	Discount    *string      `json:"discount"`
	Offers      []offer      `json:"offers"` // of a link that is gone: what it last offered, and does not sell any more
	Failures    []failure    `json:"failures"`
	Changes     []storyEvent `json:"changes"` // newest first
}

type offer struct {
	Product string   `json:"product"`
	Prices  []string `json:"prices"`
}

type failure struct {
	Source   string    `json:"source"`
	Since    time.Time `json:"since"`
	Attempts int64     `json:"attempts"`
	Kind     string    `json:"kind"`
	Message  string    `json:"message"`
}

// storyEvent holds the changes of one moment.
type storyEvent struct {
	NotBefore *time.Time `json:"not_before"`
	NotAfter  time.Time  `json:"not_after"`
	Lines     []string   `json:"lines"`
}

func newExplain(a *app) *cobra.Command {
	var most int32
	cmd := &cobra.Command{
		Use:   "explain ID",
		Short: "Tell one link's story: last seen, what changed when, failures, what it offers now",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, ids, err := parseIDs(args)
			if err != nil || all {
				return usageError{fmt.Errorf("explain takes the id of one checkout link: %w", cmp.Or(err, errors.New("`all` is not one")))}
			}
			told := false
			err = a.eachSchema(cmd.Context(), func(d *db.DB) error {
				st, err := readStory(cmd.Context(), d, ids[0], most)
				if err != nil || st == nil {
					return err
				}
				told = true
				if a.json {
					return json.NewEncoder(a.stdout).Encode(st)
				}
				st.print(a.stdout)
				return nil
			})
			if err == nil && !told {
				err = fmt.Errorf("link %s: never synced, and no failure on record; try `syncer backfill %s`", ids[0], ids[0])
			}
			return err
		},
	}
	cmd.Flags().Int32Var(&most, "changes", 50, "show the last `N` row changes")
	return cmd
}

// readStory returns nil for an unknown link.
func readStory(ctx context.Context, d *db.DB, id uuid.UUID, most int32) (*story, error) {
	told, err := d.Story(ctx, id, most)
	if err != nil || told == nil {
		return nil, err
	}
	st := &story{ID: id.String(), Offers: offersOf(told), Failures: []failure{}, Changes: eventsOf(told)}
	for _, f := range told.Failures {
		st.Failures = append(st.Failures, failure{f.Source, f.Since, f.Attempts, f.Kind, f.Message})
	}
	if link := told.Link; link != nil {
		st.Label, st.FirstSeenAt, st.LastSeenAt, st.RemovedAt, st.Discount = link.Label, &link.FirstSeenAt, link.LastSeenAt, link.RemovedAt, link.Discount
	}
	return st, nil
}

func offersOf(told *db.Story) []offer {
	offers := []offer{}
	for _, o := range told.Offers {
		name := o.Product
		if o.Archived {
			name += " (archived)"
		}
		prices := []string{}
		for _, row := range o.Prices {
			prices = append(prices, words.PriceJSON(row))
		}
		offers = append(offers, offer{Product: name, Prices: prices})
	}
	return offers
}

// eventsOf merges changes seen at the same time into one event.
func eventsOf(told *db.Story) []storyEvent {
	events := []storyEvent{}
	for rest := told.Changes; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].NotAfter.Equal(rest[0].NotAfter) {
			n++
		}
		event := storyEvent{NotAfter: rest[0].NotAfter}
		var together []words.Change
		for _, c := range rest[:n] {
			if c.NotBefore != nil && (event.NotBefore == nil || c.NotBefore.Before(*event.NotBefore)) {
				event.NotBefore = c.NotBefore
			}
			together = append(together, words.Change{Entity: c.Entity, Op: c.Op, Before: c.Before, After: c.After, Subject: c.Subject, Price: c.Price})
		}
		for _, l := range words.Lines(together, nameFrom(told.Names)) {
			event.Lines = append(event.Lines, l.Text)
		}
		events, rest = append(events, event), rest[n:]
	}
	return events
}

func (s *story) print(w io.Writer) {
	fmt.Fprintln(w, linkTitle(s.ID, s.Label))
	switch {
	case s.RemovedAt != nil:
		fmt.Fprintf(w, "  gone: Polar has said so since %s\n", moment(*s.RemovedAt))
	case s.FirstSeenAt == nil:
		fmt.Fprintln(w, "  never synced")
	case s.LastSeenAt != nil:
		fmt.Fprintf(w, "  there: last seen %s, first %s\n", moment(*s.LastSeenAt), moment(*s.FirstSeenAt))
	}
	if s.FirstSeenAt != nil && s.RemovedAt == nil && s.LastSeenAt == nil {
		fmt.Fprintf(w, "  its rows are as last seen, before it failed; first seen %s\n", moment(*s.FirstSeenAt))
	}
	for _, f := range s.Failures {
		fmt.Fprintf(w, "  has failed since %s (source %s, %s): %s\n", moment(f.Since), plain.Line(f.Source), counted(int(f.Attempts), "run", "runs"), plain.Line(f.Message))
	}
	switch {
	case len(s.Offers) == 0:
	case s.RemovedAt != nil:
		fmt.Fprintln(w, "\noffered when it was last there, and sells no more")
	default:
		fmt.Fprintln(w, "\noffers now")
	}
	for _, o := range s.Offers {
		fmt.Fprintf(w, "  %s\n", plain.Line(o.Product))
		for _, p := range o.Prices {
			fmt.Fprintf(w, "    %s\n", p)
		}
		if len(o.Prices) == 0 {
			fmt.Fprintln(w, "    no price: it cannot be bought")
		}
	}
	if s.Discount != nil {
		fmt.Fprintf(w, "  discount %q\n", *s.Discount)
	}
	if s.FirstSeenAt == nil {
		return
	}
	fmt.Fprintln(w, "\nchanges")
	if len(s.Changes) == 0 {
		fmt.Fprintln(w, "  none since it was first seen")
	}
	for _, e := range s.Changes {
		for _, l := range e.Lines {
			fmt.Fprintf(w, "  %s, %s\n", l, between(e.NotBefore, e.NotAfter))
		}
	}
}
