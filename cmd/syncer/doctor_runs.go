package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"syncer/internal/db"
	"syncer/internal/plain"
	"syncer/internal/schedule"
	"syncer/internal/syncer"
)

// checkOrganization checks that the source asks the server of what it keeps. Whose the
// token is, a run tells.
func (e *examination) checkOrganization(ctx context.Context) finding {
	kept, err := e.db.KeptOrganizations(ctx, db.Start{Source: e.source.Name, Scope: e.source.scope()})
	if err != nil {
		return unreadable(ctx, err)
	}
	if len(kept) == 0 {
		return good("the first run will note whose links these are")
	}
	var texts []string
	for _, o := range kept {
		text := fmt.Sprintf("organization %s of %s", o.ID, o.Server)
		if o.Server != e.source.Server.String() {
			return wrong(exitRefused, fmt.Sprintf("the source keeps %s, and is set to %s", text, e.source.Server), hint(syncer.ErrOtherOrganization))
		}
		texts = append(texts, text)
	}
	return good("keeps %s", some(texts, 5))
}

func (e *examination) checkRunning(ctx context.Context) finding {
	holder, err := e.db.FindHolder(ctx, e.source.Name)
	switch {
	case err != nil:
		return unreadable(ctx, err)
	case holder == nil:
		return good("no run is under way")
	case holder.Dead:
		return warn(fmt.Sprintf("the run by %s (%s), begun %s, has died or fallen silent", plain.Line(holder.Process), plain.Line(holder.Trigger), moment(holder.Since)),
			"The next run takes over: `syncer backfill`, or the next tick of `syncer run`.")
	}
	e.since = holder.Since
	return good("a run is under way since %s, by %s (%s)", moment(holder.Since), plain.Line(holder.Process), plain.Line(holder.Trigger))
}

// checkLastRun checks that runs end as often as the schedule promises.
func (e *examination) checkLastRun(ctx context.Context) finding {
	last, err := e.db.LastFinishedRun(ctx, e.source.Name, e.source.scope())
	if err != nil {
		return unreadable(ctx, err)
	}
	newest, err := e.db.Runs(ctx, e.source.Name, 1)
	if err != nil {
		return unreadable(ctx, err)
	}
	text := "no run of these links has finished yet"
	if last != nil {
		e.links = last.Links
		e.since = later(e.since, last.FinishedAt)
		text = fmt.Sprintf("finished %s ago, %s", lasting(e.now().Sub(last.FinishedAt)), last.Status)
	}
	switch {
	case len(newest) > 0 && newest[0].Status == db.Failed && newest[0].Error != nil:
		return warn(fmt.Sprintf("%s; the newest run stopped early: %s", text, plain.Line(*newest[0].Error)), "See the other lines here, and `syncer status`.")
	case !e.since.IsZero() && e.missed():
		return warn(fmt.Sprintf("%s, but %q has ticked twice since then", text, e.source.Schedule), "Is `syncer run` running? If it is, see its log.")
	case last == nil:
		return good("%s; start one with `syncer backfill`", text)
	}
	return good("%s", text)
}

// missed reports whether two ticks have passed since the last run ended, or the
// current one began.
func (e *examination) missed() bool {
	n := 0
	for tick := range schedule.Ticks(e.source.Schedule, e.since) {
		if n++; !tick.Before(e.now()) {
			return false
		}
		if n == 2 {
			return true
		}
	}
	return false
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// checkLinks finds configured links that do not exist.
func (e *examination) checkLinks(ctx context.Context) finding {
	if e.source.All {
		return good("all of the organization")
	}
	if len(e.source.IDs) == 0 {
		return skip("not checked: none is configured")
	}
	gone, unseen, err := doubtfulLinks(ctx, e.source, e.db)
	if err != nil {
		return unreadable(ctx, err)
	}
	return judgeLinks(len(e.source.IDs), e.total, gone, unseen)
}

// doubtfulLinks finds the configured links that are gone, and those that Polar does
// not know once a run has asked for them.
func doubtfulLinks(ctx context.Context, s sourceConfig, d *db.DB) (gone, unseen []uuid.UUID, err error) {
	if s.All || len(s.IDs) == 0 {
		return nil, nil, nil
	}
	if gone, unseen, err = d.DoubtfulLinks(ctx, s.Name, s.IDs); err != nil || len(unseen) == 0 {
		return gone, nil, err
	}
	last, err := d.LastFinishedRun(ctx, s.Name, s.scope())
	if last == nil {
		unseen = nil
	}
	return gone, unseen, err
}

// judgeLinks reports which configured links are gone, which were never found,
// and whether the organization has fewer links than configured.
func judgeLinks(configured, total int, gone, unseen []uuid.UUID) finding {
	texts, advice := "", ""
	if len(unseen) > 0 {
		texts = fmt.Sprintf("%d of %d %s unknown to Polar: %s", len(unseen), configured, verb(len(unseen), "is", "are"), someIDs(unseen))
		advice = "They are deleted, of another organization, or mistyped. Correct POLAR_CHECKOUT_LINK_IDS."
	}
	if len(gone) > 0 {
		if texts != "" {
			texts, advice = texts+"\n", advice+"\n"
		}
		texts += fmt.Sprintf("%d of %d %s gone: %s", len(gone), configured, verb(len(gone), "is", "are"), someIDs(gone))
		advice += "Remove what Polar says is gone from POLAR_CHECKOUT_LINK_IDS: asking for it costs requests in every run."
	}
	switch {
	case texts == "" && total != unknown && configured > total:
		return warn(fmt.Sprintf("%d configured, but the organization has only %d", configured, total),
			"The rest are deleted, of another organization, or mistyped: the next run will say which.")
	case texts == "":
		return good("none of the %d is known to be gone or wrong", configured)
	}
	return warn(texts, advice)
}

// someIDs lists the first five ids, and counts the rest.
func someIDs(ids []uuid.UUID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	return some(texts, 5)
}

func (e *examination) checkFailures(ctx context.Context) finding {
	failing, since, err := e.db.CountFailures(ctx, e.source.Name)
	if err != nil {
		return unreadable(ctx, err)
	}
	if failing == 0 {
		return good("no link fails")
	}
	return warn(fmt.Sprintf("%s, since %s", counted(failing, "link fails", "links fail"), moment(since)),
		"`syncer status` says which and why. Every run tries again.")
}
