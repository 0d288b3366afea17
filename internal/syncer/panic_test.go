package syncer_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"syncer/internal/db"
	"syncer/internal/panics"
	"syncer/internal/syncer"
)

// TestAPanicIsTheRunsFailure panics in the middle of a run, after the first batch.
func TestAPanicIsTheRunsFailure(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	var log bytes.Buffer
	b.syncer.Logger = slog.New(slog.NewTextHandler(&log, nil))
	report, err := b.syncer.Run(t.Context(), b.all(), syncer.Options{Trigger: "test", Progress: func(syncer.Progress) { panic("boom") }})
	if _, ok := errors.AsType[*panics.Error](err); !ok || report.Status != db.Failed {
		t.Fatalf("%s: %v", report.Status, err)
	}
	if got := b.column(`SELECT status || ': ' || error FROM sync_runs`)[0]; got != "failed: panic: boom" {
		t.Errorf("sync_runs: %s", got)
	}
	if said := log.String(); strings.Count(said, "TestAPanicIsTheRunsFailure.func1(") != 1 {
		t.Errorf("the stack is not once in the log:\n%s", said)
	}
	if again := b.run(b.all()); again.Status != db.Succeeded {
		t.Errorf("the next run %s", again.Status)
	}
}

// panicking is a log that panics at a message.
type panicking struct {
	slog.Handler

	at string
}

func (panicking) Enabled(context.Context, slog.Level) bool { return true }
func (h panicking) WithAttrs([]slog.Attr) slog.Handler     { return h }
func (h panicking) Handle(_ context.Context, r slog.Record) error {
	if r.Message == h.at {
		panic("boom")
	}
	return nil
}

// TestARunThatDiedInThisProcessIsTakenOverAtOnce lets a run die where it cannot note
// its end any more; its process lives.
func TestARunThatDiedInThisProcessIsTakenOverAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	b.syncer.Logger = slog.New(panicking{at: "run finished"})
	b.exec(`CREATE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$`)
	b.exec(`CREATE TRIGGER stay BEFORE UPDATE OF status ON sync_runs FOR EACH ROW EXECUTE FUNCTION stay()`)
	if err := panics.Catch(func() error {
		_, err := b.syncer.Run(t.Context(), b.all(), syncer.Options{Trigger: "test"})
		return err
	}); err == nil || b.column(`SELECT status FROM sync_runs`)[0] != db.Running {
		t.Fatalf("it did not die: %v", err)
	}
	b.exec(`DROP TRIGGER stay ON sync_runs`)
	b.syncer.Logger = slog.New(slog.DiscardHandler)
	report, err := b.syncer.Run(t.Context(), b.all(), syncer.Options{Trigger: "test", FailIfRunning: true})
	if err != nil || report.Status != db.Succeeded {
		t.Fatalf("%s: %v", report.Status, err)
	}
	if got := b.column(`SELECT status || ': ' || coalesce(error, '') FROM sync_runs ORDER BY number`)[0]; got != "abandoned: its process died, or has given it up; taken over" {
		t.Errorf("the dead one: %s", got)
	}
}
