package db

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db/query"
	"syncer/internal/secret"
)

const (
	// BeatEvery is the time between two signs of life of a running run.
	BeatEvery = 2 * time.Second
	// beatWithin bounds one: the next one is to come before the lease is over.
	beatWithin = Lease / 2
	// Lease is how long a run may give no sign of life. Then it is taken over: one whose
	// process died holds nobody up for longer.
	Lease = 8 * time.Second
	// A stopped run can be resumed within resumeWithin of its start.
	resumeWithin = 24 * time.Hour
)

// Run is a run that holds its source and the organizations it has claimed: until it
// ends or is taken over, no other run writes their rows.
type Run struct {
	ID            uuid.UUID
	Source        string
	Server        string          // base URL of Polar's server that it asks
	Organizations []uuid.UUID     // claimed
	Kept          []Organization  // that the source keeps, of earlier runs and of this one
	Moves         bool            // those of earlier runs are forgotten once one of this run is on record
	Since         time.Time       // when this run began, or the stopped one that it resumes
	Checkpoint    json.RawMessage // how far that one came; nil: start at the beginning
	Clock         Clock           // of the database

	number int64
}

// Start is what a run begins with.
type Start struct {
	Source  string
	Trigger string           // what called it
	Server  string           // base URL of Polar's server that it asks
	Scope   string           // what it is to sync; runs of one scope ask for the same
	Links   []uuid.UUID      // the same as ids; nil: all of the organization
	Resume  bool             // resume the last run of this scope, if it was stopped within a day
	Now     func() time.Time // of this machine, with monotonic reading; nil: time.Now
}

// Result is how a run ended: the row it leaves in sync_runs.
type Result struct {
	Status                                  string // Succeeded, Partial, Failed, Abandoned
	Total, Changed, Unchanged, Gone, Failed int    // links
	Inserted, Updated, Removed              int    // rows
	Requests                                int64
	Seen                                    []uuid.UUID     // organizations that Polar showed links of
	APIVersion                              *string         // that Polar answered; "": its default; nil: none
	Checkpoint                              json.RawMessage // how far it came; nil: as noted
	Error                                   string
}

// StartRun begins a run that claims the organizations that its source keeps and has
// live links of. The error is a *HeldError while another run holds the source or an organization. A
// holder that is dead or silent is taken over.
func (d *DB) StartRun(ctx context.Context, start Start) (*Run, error) {
	if start.Now == nil {
		start.Now = time.Now
	}
	run := &Run{}
	err := d.claiming(ctx, func(q *query.Queries) error {
		run.LetGo() // of a try before this one, which may have begun and not been told
		id, err := uuid.NewV7()
		if err != nil {
			return fmt.Errorf("make a run id: %w", err)
		}
		*run = Run{ID: id, Source: start.Source, Server: start.Server}
		atWork.Store(run.ID, nil) // before anyone sees its row
		if run.Kept, err = keptOrganizations(ctx, q, start); err != nil {
			return err
		}
		for _, o := range run.Kept {
			if o.live {
				run.Organizations = append(run.Organizations, o.ID)
			}
		}
		if err := takeOver(ctx, q, run, start.Source, run.Organizations); err != nil {
			return err
		}
		return run.start(ctx, q, start)
	})
	if err != nil {
		run.LetGo()
		return nil, fmt.Errorf("start a run: %w", err)
	}
	return run, nil
}

// LetGo says that this process does not work on the run any more. If its row is still
// running, the next run that wants what it holds takes over at once.
func (r *Run) LetGo() { atWork.Delete(r.ID) }

// start looks up where the run goes on and writes its row, and which links its scope
// stands for if no run has had it before.
func (r *Run) start(ctx context.Context, q *query.Queries, start Start) (err error) {
	var since *time.Time
	if start.Resume {
		last, err := q.GetLastRun(ctx, query.GetLastRunParams{
			Source: start.Source, Scope: start.Scope, WithinSeconds: resumeWithin.Seconds(),
		})
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if last.Checkpoint != nil && (last.Status == Abandoned || last.Status == Failed) {
			r.Checkpoint, since = last.Checkpoint, &last.ObservingSince
		}
	}
	r.Clock.asked = start.Now()
	row, err := q.StartRun(ctx, query.StartRunParams{
		ID: r.ID, Source: start.Source, Trigger: start.Trigger, Holder: holder(), Scope: start.Scope,
		OrganizationIDs: append([]uuid.UUID{}, r.Organizations...), ObservingSince: since, Checkpoint: r.Checkpoint,
	})
	r.Clock.answered = start.Now()
	r.number, r.Clock.told, r.Since = row.Number, row.StartedAt, row.ObservingSince
	if err != nil || start.Links == nil {
		return err
	}
	return q.KeepScope(ctx, query.KeepScopeParams{Scope: start.Scope, CheckoutLinkID: start.Links})
}

// Claim makes the run hold the given organizations beside those it holds: all of
// them, or none any more. It is overtaken when another run of one of them has ended
// since this one began: that one may have written later answers than this one has
// observed until now. The error is a *HeldError while another run holds one of
// them; the run has let go of all then, so that two never wait for each other. It is
// ErrLost when the run was taken over.
func (d *DB) Claim(ctx context.Context, run *Run, organizations []uuid.UUID) (overtaken bool, err error) {
	wanted := slices.Concat(run.Organizations, organizations)
	slices.SortFunc(wanted, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	wanted = slices.Compact(wanted)
	var held *HeldError
	err = d.claiming(ctx, func(q *query.Queries) error {
		claim := wanted
		switch err := takeOver(ctx, q, run, "", wanted); {
		case errors.As(err, &held):
			claim = []uuid.UUID{}
		case err != nil:
			return err
		}
		n, err := q.ClaimOrganizations(ctx, query.ClaimOrganizationsParams{ID: run.ID, OrganizationIDs: claim})
		if err == nil && n == 0 {
			err = ErrLost
		}
		if err != nil {
			return err
		}
		run.Organizations = claim
		overtaken, err = q.IsOvertaken(ctx, query.IsOvertakenParams{Number: run.number, OrganizationIDs: wanted})
		return err
	})
	switch {
	case err != nil:
		return false, fmt.Errorf("claim an organization: %w", err)
	case held != nil:
		return false, held
	}
	return overtaken, nil
}

// takeOver ends the runs that hold the source or one of the organizations and are
// dead or silent. The error is a *HeldError when one of them lives.
func takeOver(ctx context.Context, q *query.Queries, run *Run, source string, organizations []uuid.UUID) error {
	holders, err := q.ListHolders(ctx, query.ListHoldersParams{
		ID: run.ID, Source: source, OrganizationIDs: append([]uuid.UUID{}, organizations...),
	})
	if err != nil {
		return err
	}
	var dead []query.AbandonRunParams
	for _, h := range holders {
		silent := time.Duration(h.SilentSeconds * float64(time.Second))
		switch {
		case stale(silent):
			text := fmt.Sprintf("no sign of life for %s, taken over", silent.Round(time.Second))
			if silent < 0 {
				text = fmt.Sprintf("its last sign of life lies %s ahead, taken over", -silent.Round(time.Second))
			}
			dead = append(dead, query.AbandonRunParams{ID: h.ID, Error: text})
		case !alive(h.Holder, h.ID):
			dead = append(dead, query.AbandonRunParams{ID: h.ID, Error: "its process died, or has given it up; taken over"})
		default:
			return &HeldError{Source: h.Source, Wanted: run.Source, Holder: h.Holder, Trigger: h.Trigger, Since: h.StartedAt}
		}
	}
	for _, params := range dead {
		if _, err := q.AbandonRun(ctx, params); err != nil {
			return err
		}
	}
	return nil
}

// stale reports whether a run may be taken over, by the time since its last sign of
// life. A sign that lies ahead comes from a restored dump, or from before the
// database's clock was set back: a run that lives gives another one at once.
func stale(silent time.Duration) bool { return silent.Abs() > Lease }

// claiming calls do in a transaction of its own, one at a time in the schema.
func (d *DB) claiming(ctx context.Context, do func(*query.Queries) error) error {
	err := d.session.transaction(ctx, func(q *query.Queries) error {
		if err := q.LockClaims(ctx); err != nil {
			return err
		}
		return do(q)
	})
	return classify(err)
}

// Beat gives a sign of life, and notes how far the run is; nil: as noted. It takes 4
// seconds at most. The error is ErrLost when the run was taken over.
func (d *DB) Beat(ctx context.Context, run *Run, requests int64, checkpoint json.RawMessage) error {
	ctx, cancel := context.WithTimeout(ctx, beatWithin)
	defer cancel()
	n, err := d.queries().BeatRun(ctx, query.BeatRunParams{ID: run.ID, Requests: requests, Checkpoint: checkpoint})
	return d.held(n, err)
}

// FinishRun ends a run. The error is ErrLost when it was taken over.
func (d *DB) FinishRun(ctx context.Context, run *Run, r Result) error {
	p := query.FinishRunParams{
		ID: run.ID, Status: r.Status, Requests: r.Requests,
		LinksTotal: int64(r.Total), LinksChanged: int64(r.Changed), LinksUnchanged: int64(r.Unchanged),
		LinksRemoved: int64(r.Gone), LinksFailed: int64(r.Failed),
		RowsInserted: int64(r.Inserted), RowsUpdated: int64(r.Updated), RowsRemoved: int64(r.Removed),
		SeenOrganizationIDs: append([]uuid.UUID{}, r.Seen...), APIVersion: r.APIVersion, Checkpoint: r.Checkpoint,
	}
	if r.Error != "" {
		p.Error = new(secret.Mask(r.Error))
	}
	return d.claiming(ctx, func(q *query.Queries) error {
		n, err := q.FinishRun(ctx, p)
		return d.held(n, err)
	})
}

func (d *DB) held(rows int64, err error) error {
	if err == nil && rows == 0 {
		return ErrLost
	}
	return classify(err)
}

// FailuresSince lists the links of a source that have failed since a moment, without
// those whose id nobody knows.
func (d *DB) FailuresSince(ctx context.Context, source string, since time.Time) ([]uuid.UUID, error) {
	ids, err := d.queries().ListFailuresSince(ctx, query.ListFailuresSinceParams{Source: source, Since: since})
	return ids, classify(err)
}

// ForgetStaleFailures forgets what fails no more, at the end of a run that has tried
// all that its source wants, or the given links: failures that it has not met again
// are of links that landed, are gone, or are wanted no more.
func (d *DB) ForgetStaleFailures(ctx context.Context, run *Run, links []uuid.UUID) error {
	err := d.queries().ClearStaleFailures(ctx, query.ClearStaleFailuresParams{
		Source: run.Source, RunID: run.ID, Every: links == nil, CheckoutLinkID: links,
	})
	if err != nil {
		return fmt.Errorf("forget failures: %w", classify(err))
	}
	return nil
}
