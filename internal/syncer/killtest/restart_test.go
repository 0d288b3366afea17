//go:build faults

package killtest

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"syncer/internal/db/dbtest"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/localpg"
	"syncer/internal/syncer/oracle"
)

// server is a Postgres of its own that can be restarted.
type server struct {
	tb      testing.TB
	options localpg.Options
	running *localpg.Server
}

func startServer(tb testing.TB) *server {
	tb.Helper()
	// The test's own folder is closed to the user that Postgres runs as, if this one is root.
	dir, err := os.MkdirTemp("/tmp", "syncer-restart-") //nolint:usetesting // see above
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		tb.Fatal(err)
	}
	s := &server{tb: tb, options: localpg.Options{Dir: filepath.Join(dir, "pg"), Settings: map[string]string{"fsync": "off"}}}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	s.start()
	tb.Cleanup(func() { _ = s.running.Stop() })
	return s
}

func (s *server) start() {
	s.tb.Helper()
	var err error
	if s.running, err = localpg.Start(context.WithoutCancel(s.tb.Context()), s.options); err != nil {
		s.tb.Fatal(err)
	}
}

// restart ends the server, as pg_ctl's fast and immediate modes do, and starts it again.
func (s *server) restart(immediate bool) {
	s.tb.Helper()
	if immediate {
		content, err := os.ReadFile(filepath.Join(s.options.Dir, "data", "postmaster.pid"))
		if err != nil {
			s.tb.Fatal(err)
		}
		line, _, _ := bytes.Cut(content, []byte("\n"))
		pid, err := strconv.Atoi(string(line))
		if err != nil {
			s.tb.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
			s.tb.Fatal(err)
		}
		<-s.running.Done()
	} else if err := s.running.Stop(); err != nil {
		s.tb.Fatal(err)
	}
	s.start()
}

// TestARestartedPostgresDoesNotEndABackfill restarts the server again and again while
// backfills read and write: each ends well, and the tables are what Polar answered.
func TestARestartedPostgresDoesNotEndABackfill(t *testing.T) {
	t.Parallel()
	rec, err := fetchtest.Load("alpha")
	if err != nil {
		t.Fatal(err)
	}
	postgres := startServer(t)
	p := &program{binary: build(t), database: postgres.running.URL("postgres"), polar: fetchtest.Start(t, "alpha"), way: "id"}
	d := dbtest.Open(t, p.database)
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	const steps = 4 // of the catalogue's; a restart takes seconds
	o := oracle.New()
	restarts := 0
	for step := range steps {
		p.polar.Goto(step)
		if err := o.Observe(time.Unix(int64(step), 0), answers(t, rec, step)); err != nil {
			t.Fatal(err)
		}
		var requests atomic.Int64
		due, done := make(chan struct{}, 1), make(chan struct{})
		counter := p.polar.Inject(fetchtest.Fault{Play: func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
			if n := requests.Add(1); n%60 == 30 || n == 105 { // while it reads, and while it saves the first batch
				select {
				case due <- struct{}{}:
				default: // one is under way
				}
			}
			normal.ServeHTTP(w, r)
		}})
		go func() {
			defer close(done)
			for range due {
				postgres.restart(restarts%2 == 0)
				restarts++
			}
		}()
		p.finish(t, "--allow-mass-removal")
		counter.Stop()
		close(due)
		<-done
		check(t, d, o, step)
	}
	t.Logf("%d restarts", restarts)
	if restarts < steps {
		t.Errorf("only %d restarts", restarts)
	}
}
