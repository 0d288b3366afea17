package syncer_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/syncer"
)

// another is a client of its own, as another process has, and a log that says when
// it finds the budget used.
func (b *bench) another(perMinute int) (client *fetch.Client, found <-chan string) {
	b.tb.Helper()
	config := b.config
	config.RequestsPerMinute = perMinute
	client = fetch.New(config)
	b.tb.Cleanup(client.Close)
	log := &lines{looked: "earlier runs have used some of the budget", found: make(chan string, 1)}
	b.syncer.Logger = slog.New(slog.NewTextHandler(log, nil))
	return client, log.found
}

// lines hands over the log line that is looked for.
type lines struct {
	mu     sync.Mutex
	looked string
	found  chan string
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if bytes.Contains(line, []byte(l.looked)) {
		l.found <- string(line)
	}
	return len(line), nil
}

func TestTheBudgetOutlivesTheRun(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		second string // source
		before string // a statement before the second run
		used   string
	}{
		"of the same source": {"test", ``, "requests=20"},
		"of the same organization": {"second", `INSERT INTO source_organizations (source, organization_id, server, first_seen_at)
			SELECT 'second', organization_id, server, now() FROM source_organizations`, "requests=20"},
		"of a killed run": {"test", `UPDATE sync_runs SET status = 'abandoned', heartbeat_at = heartbeat_at - interval '30 s', finished_at = now()`, "requests=20"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "seed-ads")
			source := b.links()
			source.Client, _ = b.another(20)
			b.run(source)
			if row.before != "" {
				b.exec(row.before)
			}
			var found <-chan string
			source.Client, found = b.another(20)
			source.Name = row.second
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error)
			go func() { _, err := b.syncer.Run(ctx, source, syncer.Options{Trigger: "test"}); done <- err }()
			select {
			case line := <-found:
				if !strings.Contains(line, row.used) {
					t.Error(line)
				}
				cancel() // it would wait for a minute
				if err := <-done; !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			case err := <-done:
				t.Errorf("ended with %v", err)
			}
			if n := b.polar.Requests().Total; n != 20 {
				t.Errorf("%d requests within a minute", n)
			}
		})
	}
}

func TestAClientsOwnRunsCountOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	source := b.links()
	var found <-chan string
	source.Client, found = b.another(60)
	for range 3 { // as a daemon's
		b.run(source)
	}
	select {
	case line := <-found:
		t.Error(line)
	default:
	}
	if n := b.polar.Requests().Total; n != 60 {
		t.Errorf("%d requests", n)
	}
}

// TestTheBudgetIsTheOrganizations has a source that learns its organization only from
// Polar's first answer: what others have used of it counts from then on.
func TestTheBudgetIsTheOrganizations(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	source := b.links()
	source.Client, _ = b.another(60)
	b.run(source)
	second := b.all()
	second.Name = "second"
	var found <-chan string
	second.Client, found = b.another(60)
	b.run(second)
	select {
	case line := <-found:
		if !strings.Contains(line, "requests=20") {
			t.Error(line)
		}
	default:
		t.Error("what the first source has used does not count")
	}
}

func TestADryRunTakesUpTheBudget(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	source := b.links()
	source.Client, _ = b.another(60)
	b.run(source)
	source.Client, _ = b.another(60)
	if _, err := b.syncer.Preview(t.Context(), source, syncer.Options{}, func(syncer.Difference) {}); err != nil {
		t.Fatal(err)
	}
	uses, err := b.db.RecentUse(t.Context(), source.Name, nil, fetch.Window)
	if err != nil || len(uses) != 1 || uses[0].Requests != 20 {
		t.Fatalf("%+v, %v", uses, err)
	}
	if n := source.Client.TakeUp(uuid.Nil, []fetch.Use{fetch.Use(uses[0])}); n != 0 {
		t.Errorf("%d requests of the run before are new to the dry run's client", n)
	}
}

func TestWhatIsLongAgoDoesNotCount(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	source := b.links()
	source.Client, _ = b.another(20)
	b.run(source)
	b.exec(`UPDATE sync_runs SET heartbeat_at = heartbeat_at - interval '69 s', finished_at = now(), status = 'abandoned'`)
	source.Client, _ = b.another(20)
	b.run(source)
}

// Whatever moment a process is killed at, its row has no fewer requests than Polar.
func TestARunningRowHasAllRequestsThatWereSent(t *testing.T) {
	t.Parallel()
	b := newBench(t, "seed-ads")
	source := b.links()
	source.Client, _ = b.another(1000)
	seen := 0
	b.polar.Inject(fetchtest.Fault{Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
		seen++ // one request at a time, below
		var noted int
		if err := b.db.Pool().QueryRow(r.Context(), `SELECT requests FROM sync_runs WHERE status = 'running'`).Scan(&noted); err != nil || noted < seen {
			t.Errorf("%d requests have arrived, %d are on record, %v", seen, noted, err)
		}
		normal.ServeHTTP(w, r)
	}})
	for _, id := range source.IDs[:3] {
		one := source
		one.IDs = ids(t, id.String())
		seen = 0
		b.run(one)
	}
	if got := b.column(`SELECT DISTINCT requests::text FROM sync_runs`); len(got) != 1 || got[0] != "1" {
		t.Errorf("at the end: %q", got)
	}
}

func TestTheRunSaysWhichVersionAnswered(t *testing.T) {
	t.Parallel()
	b := newBench(t, "alpha")
	log := &bytes.Buffer{}
	b.syncer.Logger = slog.New(slog.NewTextHandler(log, nil))
	said := func(want int, text string) {
		t.Helper()
		if n := strings.Count(log.String(), text); n != want {
			t.Errorf("%q %d times, want %d:\n%s", text, n, want, log)
		}
	}
	b.polar.SetVersions("2026-04", "2026-10")
	b.run(b.all())
	b.run(b.all())
	said(1, `msg="polar answers"`)
	said(1, "api_version=2026-10")
	b.polar.SetVersions("2027-01")
	b.run(b.all())
	said(1, "api_version=2027-01")
	b.polar.SetVersions("2028-01")
	b.run(b.all())
	said(1, `api_version="its default"`)
	b.polar.SetVersions()
	if _, err := b.syncer.Run(t.Context(), b.links(), syncer.Options{}); !errors.Is(err, fetch.ErrVersion) {
		t.Error(err)
	}
	got := strings.Join(b.column(`SELECT concat_ws(' ', status, coalesce(api_version, 'null'), links_failed) FROM sync_runs ORDER BY number`), ", ")
	if want := "succeeded 2026-10 0, succeeded 2026-10 0, succeeded 2027-01 0, succeeded  0, failed null 0"; got != want {
		t.Errorf("on record: %s", got)
	}
}
