package main

import (
	"fmt"
	"syscall"
	"testing"

	"syncer/internal/fetch/fetchtest"
)

func TestDoctorFindsLinksThatAreNotThere(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	ids := append([]string{someID, otherID}, p.polar.LinkIDs()...)
	env := p.only(ids...)
	diagnosed(t, env, exitDone).wants("links", "warning", "22 configured, but the organization has only 20", "the next run will say which")
	backfilled(t, env, exitDone)
	diagnosed(t, env, exitDone).wants("links", "warning", "2 of 22 are unknown to Polar: "+someID+", "+otherID, "Correct POLAR_CHECKOUT_LINK_IDS.")
	p.polar.Delete(ids[2])
	backfilled(t, env, exitDone)
	d := diagnosed(t, env, exitDone)
	d.wants("links", "warning", "\n1 of 22 is gone: "+ids[2], "\nRemove what Polar says is gone")
	d.wantsRest("ok", "links")
	diagnosed(t, p.all(), exitDone).wantsRest("ok")
}

func TestDoctorSaysWhoseLinksASourceKeeps(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	diagnosed(t, p.env, exitDone).wants("organization", "ok", "the first run will note whose links these are", "")
	backfilled(t, p.env, exitDone)
	diagnosed(t, p.env, exitDone).wants("organization", "ok", "keeps organization 60b979a2-1829-4414-a96e-657da0aa15fa of "+p.polar.URL, "")
	other := newPlace(t, "seed-ads")
	diagnosed(t, p.env.with("POLAR_SERVER", other.polar.URL), exitRefused).
		wants("organization", "problem", "of "+p.polar.URL+", and is set to "+other.polar.URL, "`syncer backfill --new-organization`")
}

func TestDoctorCountsTheLinksThatFail(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	p.polar.Goto(7) // one of its links is poisoned
	backfilled(t, p.env, exitPartial)
	d := diagnosed(t, p.env, exitDone)
	d.wants("failures", "warning", "1 link fails, since ", "`syncer status` says which and why.")
	d.wants("last_run", "ok", " ago, partial", "")
	d.wantsRest("ok", "failures") // it has no row, but that does not make it unknown
}

func TestDoctorLooksAtTheRuns(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	backfilled(t, p.env, exitDone)
	finishedAgo := func(interval string) {
		t.Helper()
		do(t, p.database, "UPDATE sync_runs SET started_at = started_at - interval '"+interval+"', finished_at = finished_at - interval '"+interval+"' WHERE status = 'succeeded'")
	}
	hourly := p.env.with("SYNCER_SCHEDULE", "@every 1h")
	finishedAgo("110 minutes")
	diagnosed(t, hourly, exitDone).wants("last_run", "ok", "finished 1 h 50 min ago, succeeded", "")
	finishedAgo("15 minutes")
	d := diagnosed(t, hourly, exitDone)
	d.wants("last_run", "warning", `finished 2 h 5 min ago, succeeded, but "@every 1h" has ticked twice since then`, "Is `syncer run` running?")
	d.wantsRest("ok", "last_run")

	entered, release := p.polar.Hold(fetchtest.OnLink(p.polar.LinkIDs()[0]))
	t.Cleanup(release)
	q := start(t, p.env, "backfill")
	await(t, "a request", entered)
	d = diagnosed(t, hourly, exitDone)
	d.wants("running", "ok", fmt.Sprintf("process %d (backfill)", q.cmd.Process.Pid), "")
	d.wantsRest("ok")
	q.signal(syscall.SIGKILL)
	q.exits(-1)
	release()
	d = diagnosed(t, hourly, exitDone)
	d.wants("running", "warning", " has died", "The next run takes over: ")
	d.wants("last_run", "warning", "has ticked twice since then", "")

	p.polar.SetToken("")
	backfilled(t, p.env, exitRefused)
	p.polar.SetToken(testToken)
	d = diagnosed(t, hourly, exitDone)
	d.wants("last_run", "warning", "finished 2 h 5 min ago, succeeded; the newest run stopped early: Polar refused the token", "`syncer status`")
	d.wantsRest("ok", "last_run")
}
