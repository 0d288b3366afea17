package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"syncer/internal/db"
	"syncer/internal/db/query"
	"syncer/internal/words"
)

// story is what is known of one link: `explain --json`.
type story struct {
	ID          string       `json:"id"`
	Label       *string      `json:"label"`
	FirstSeenAt *time.Time   `json:"first_seen_at"`
	LastSeenAt  *time.Time   `json:"last_seen_at"`
	RemovedAt   *time.Time   `json:"removed_at"`
	Discount    *string      `json:"discount"`
	Offers      []offer      `json:"offers"`
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

// storyEvent is what changed at one time.
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
				return usageError{fmt.Errorf("explain takes the id of one checkout link: %w", cmpErr(err, errors.New("`all` is none")))}
			}
			told := false
			done := map[string]bool{}
			err = a.eachSource(cmd.Context(), func(s sourceConfig, d *db.DB) error {
				if done[s.Schema] {
					return nil
				}
				done[s.Schema] = true
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
				err = fmt.Errorf("link %s: never synced, and no attempt has failed; `syncer backfill %s` tries it", ids[0], ids[0])
			}
			return err
		},
	}
	cmd.Flags().Int32Var(&most, "changes", 50, "how many row changes to look back")
	return cmd
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// readStory is nil for a link that nothing is known of.
func readStory(ctx context.Context, d *db.DB, id uuid.UUID, most int32) (*story, error) {
	q := d.Queries()
	st := &story{ID: id.String(), Offers: []offer{}, Failures: []failure{}, Changes: []storyEvent{}}
	failures, err := q.GetFailure(ctx, id)
	if err != nil {
		return nil, d.Explain(err)
	}
	for _, f := range failures {
		st.Failures = append(st.Failures, failure{f.Source, f.Since, f.Attempts, f.Kind, f.Message})
	}
	link, err := q.GetCheckoutLinkStory(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		if len(failures) == 0 {
			return nil, nil
		}
		return st, nil
	}
	if err != nil {
		return nil, d.Explain(err)
	}
	st.Label, st.FirstSeenAt, st.RemovedAt, st.Discount = link.Label, &link.FirstSeenAt, link.RemovedAt, link.Discount
	if st.LastSeenAt, err = lastSeen(ctx, q, link, failures); err != nil {
		return nil, d.Explain(err)
	}
	if st.Offers, err = readOffers(ctx, q, id); err != nil {
		return nil, d.Explain(err)
	}
	st.Changes, err = readEvents(ctx, q, id, most)
	return st, d.Explain(err)
}

// lastSeen is when Polar last showed the link, as far as is known: in the last
// finished run, unless it is gone or fails.
func lastSeen(ctx context.Context, q *query.Queries, link query.GetCheckoutLinkStoryRow, failures []query.GetFailureRow) (*time.Time, error) {
	if link.RemovedAt != nil || len(failures) > 0 {
		return nil, nil
	}
	seen, err := q.GetLastSight(ctx)
	if errors.Is(err, pgx.ErrNoRows) || seen.Before(link.ChangedAt) {
		return &link.ChangedAt, nil
	}
	return &seen, err
}

func readOffers(ctx context.Context, q *query.Queries, id uuid.UUID) ([]offer, error) {
	rows, err := q.ListOffers(ctx, id)
	offers := []offer{}
	last := int32(-1)
	for _, r := range rows {
		if r.Position != last {
			name := r.Product
			if r.IsArchived {
				name += " (archived)"
			}
			offers, last = append(offers, offer{Product: name, Prices: []string{}}), r.Position
		}
		var price map[string]any
		if r.Price != nil && json.Unmarshal(r.Price, &price) == nil && price != nil {
			o := &offers[len(offers)-1]
			o.Prices = append(o.Prices, words.PriceJSON(r.Price))
		}
	}
	return offers, err
}

// readEvents puts changes that were seen at the same time into one event.
func readEvents(ctx context.Context, q *query.Queries, id uuid.UUID, most int32) ([]storyEvent, error) {
	rows, err := q.ListLinkChanges(ctx, query.ListLinkChangesParams{LinkID: id, Most: most})
	if err != nil {
		return nil, err
	}
	var changes []db.Change
	for _, r := range rows {
		changes = append(changes, db.Change{Entity: r.Entity, EntityID: r.EntityID, Op: r.Op, Before: r.Before, After: r.After})
	}
	named, err := q.ListNames(ctx, mentioned(changes))
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, n := range named {
		names[n.ID.String()] = n.Name
	}
	events := []storyEvent{}
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].NotAfter.Equal(rows[0].NotAfter) {
			n++
		}
		event := storyEvent{NotAfter: rows[0].NotAfter}
		var together []words.Change
		for _, r := range rows[:n] {
			if r.NotBefore != nil && (event.NotBefore == nil || r.NotBefore.Before(*event.NotBefore)) {
				event.NotBefore = r.NotBefore
			}
			together = append(together, words.Change{Entity: r.Entity, Op: r.Op, Before: hide(r.Before), After: hide(r.After), Subject: r.Subject, Price: r.Price})
		}
		for _, l := range words.Lines(together, func(id string) string { return names[id] }) {
			event.Lines = append(event.Lines, l.Text)
		}
		events, rows = append(events, event), rows[n:]
	}
	return events, nil
}

// mentioned are the ids of other things that changes mention.
func mentioned(changes []db.Change) []uuid.UUID {
	var ids []uuid.UUID
	for _, c := range changes {
		for _, raw := range []json.RawMessage{c.Before, c.After} {
			var columns map[string]json.RawMessage
			if json.Unmarshal(raw, &columns) != nil {
				continue
			}
			for _, column := range []string{"product_id", "benefit_id", "media_id", "meter_id", "discount_id"} {
				var id uuid.UUID
				if v, ok := columns[column]; ok && json.Unmarshal(v, &id) == nil {
					ids = append(ids, id)
				}
			}
		}
	}
	return ids
}

func (s *story) print(w io.Writer) {
	label := ""
	if s.Label != nil && *s.Label != "" {
		label = fmt.Sprintf(" %q", *s.Label)
	}
	fmt.Fprintf(w, "link %s%s\n", s.ID, label)
	switch {
	case s.RemovedAt != nil:
		fmt.Fprintf(w, "  gone: Polar says so since %s\n", moment(*s.RemovedAt))
	case s.FirstSeenAt == nil:
		fmt.Fprintln(w, "  never synced")
	case s.LastSeenAt != nil:
		fmt.Fprintf(w, "  there: last seen %s, first %s\n", moment(*s.LastSeenAt), moment(*s.FirstSeenAt))
	}
	if s.FirstSeenAt != nil && s.RemovedAt == nil && s.LastSeenAt == nil {
		fmt.Fprintf(w, "  its rows are as last seen, before it failed; first seen %s\n", moment(*s.FirstSeenAt))
	}
	for _, f := range s.Failures {
		fmt.Fprintf(w, "  fails since %s (source %s, %s): %s\n", moment(f.Since), f.Source, counted(int(f.Attempts), "run", "runs"), f.Message)
	}
	if len(s.Offers) > 0 {
		fmt.Fprintln(w, "\noffers now")
	}
	for _, o := range s.Offers {
		fmt.Fprintf(w, "  %s\n", o.Product)
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

// between says when something happened, as well as is known.
func between(notBefore *time.Time, notAfter time.Time) string {
	if notBefore == nil {
		return "by " + moment(notAfter)
	}
	if y, m, d := notBefore.UTC().Date(); time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Equal(notAfter.UTC().Truncate(24 * time.Hour)) {
		return fmt.Sprintf("%s between %s and %s", notBefore.UTC().Format("2006-01-02"), notBefore.UTC().Format("15:04:05"), notAfter.UTC().Format("15:04:05"))
	}
	return fmt.Sprintf("between %s and %s", moment(*notBefore), moment(notAfter))
}
