package main

import (
	"context"
	"net"
	"net/http"
	"slices"
	"syscall"
	"testing"

	"syncer/internal/db/dbtest"
	"syncer/internal/fetch/fetchtest"
)

// stuckOnTheLast never answers requests for the last link, and reports when one arrives.
func stuckOnTheLast(p *place) (arrived <-chan struct{}) {
	in := make(chan struct{}, 1)
	p.polar.Inject(fetchtest.Fault{
		Match: fetchtest.OnLink(slices.Max(p.polar.LinkIDs())), Times: 1,
		Play: func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
			in <- struct{}{}
			<-r.Context().Done()
		},
	})
	return in
}

// heard waits until a daemon has received a signal: then it takes no more requests.
func heard(tb testing.TB, address string) {
	tb.Helper()
	eventually(tb, "the signal is heard", func() bool {
		conn, err := new(net.Dialer).DialContext(tb.Context(), "tcp", address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
}

// wantStopped expects that the only run was stopped after some links had
// landed, all of them whole. It returns their number.
func wantStopped(tb testing.TB, p *place) int {
	tb.Helper()
	there := live(tb, p)
	if got := runs(tb, p); got != "start abandoned" || there == 0 || there == 120 {
		tb.Errorf("sync_runs: %s; %d links", got, there)
	}
	wantWhole(tb, p)
	return there
}

func TestASignalDuringARequestEndsTheRunWhole(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{terminate, interrupt} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, "alpha")
			arrived := stuckOnTheLast(p)
			d := start(t, p.env, "run")
			await(t, "the last request", arrived)
			eventually(t, "a batch has landed", func() bool { return live(t, p) > 0 })
			d.signal(signal)
			d.exits(exitSignal+int(signal)).saying("status=abandoned", "msg=stopped")
			there := wantStopped(t, p)
			sameReport(t, backfilled(t, p.env, exitDone, "--fail-if-running"), "default", "succeeded", [5]int{120, 120 - there, there, 0, 0})
			wantWhole(t, p)
		})
	}
}

func TestASignalWhileIdleEndsTheDaemon(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	for _, signal := range []syscall.Signal{terminate, interrupt} {
		d := start(t, p.env, "run")
		finished(d)
		d.signal(signal)
		d.exits(exitSignal + int(signal)).saying("msg=stopped")
	}
	if got := runs(t, p); got != "start succeeded, start succeeded" {
		t.Errorf("sync_runs: %s", got)
	}
}

// lockLinks blocks every write to links until unlock.
func lockLinks(tb testing.TB, p *place) (unlock func()) {
	tb.Helper()
	tx, err := dbtest.Open(tb, p.database).Pool().Begin(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(tb.Context())) })
	for _, sql := range []string{"SET LOCAL idle_in_transaction_session_timeout = 0", "LOCK TABLE checkout_links IN SHARE MODE"} {
		if _, err := tx.Exec(tb.Context(), sql); err != nil {
			tb.Fatal(err)
		}
	}
	return func() {
		if err := tx.Rollback(tb.Context()); err != nil {
			tb.Fatal(err)
		}
	}
}

// writing waits until a process waits for that lock.
func writing(tb testing.TB, p *place) {
	tb.Helper()
	eventually(tb, "a batch is being written", func() bool {
		return ask[bool](tb, p.database, "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'checkout_links'::regclass AND NOT granted)")
	})
}

func TestABatchThatIsBeingWrittenStillLands(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	stuckOnTheLast(p)
	unlock := lockLinks(t, p)
	d := start(t, p.env, "run")
	address := listens(d)
	writing(t, p)
	d.signal(terminate)
	heard(t, address)
	unlock()
	d.exits(exitSignal + int(terminate))
	wantStopped(t, p)
}

func TestASecondSignalEndsTheDaemonAtOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	stuckOnTheLast(p)
	unlock := lockLinks(t, p)
	d := start(t, p.env, "run")
	address := listens(d)
	writing(t, p)
	d.signal(interrupt)
	heard(t, address)
	d.signal(terminate)
	d.exits(-1)
	if status, ok := d.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != terminate {
		t.Errorf("not ended by the second signal itself: %v", d.cmd.ProcessState)
	}
	unlock()
	eventually(t, "Postgres has rolled back", func() bool {
		return ask[int](t, p.database, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'syncer' AND datname = current_database()") == 0
	})
	wantWhole(t, p) // the batch or nothing, depending on how far Postgres was
}
