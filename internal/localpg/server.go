package localpg

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Server is a running Postgres. All of its methods are safe for concurrent use.
type Server struct {
	root  string
	owner *folderLock // of a kept folder; nil: temporary

	hold    *os.File // the watchdog's pipe: when it is closed, the server ends
	letGo   sync.Once
	stopped atomic.Bool

	done chan struct{}
	err  error // of the server's end; read it after done
}

// URL returns where a database of the server is, for pgx and for psql:
// postgres://syncer@/postgres?host=/tmp/syncer-pg-ABC&port=5432. The role syncer
// is the superuser; a new server has the database postgres.
func (s *Server) URL(database string) string { return serverURL(s.root, database) }

func serverURL(root, database string) string {
	// libpq takes a plus sign for what it is. The port is there because a PGPORT
	// in the environment would win over its absence.
	escape := func(text string) string {
		return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(text))
	}
	return "postgres://syncer@/" + escape(database) + "?host=" + escape(root) + "&port=" + port
}

// Done is closed when the server has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop ends the server (sessions are cut off, transactions rolled back), waits
// until it is gone, and deletes what is temporary. The error is the same at every
// call; it says so if the server had ended by itself before.
func (s *Server) Stop() error {
	s.letGo.Do(func() {
		s.stopped.Store(true)
		_ = s.hold.Close()
	})
	<-s.done
	return s.err
}

// logEnd is how long the log may stay open after the watchdog has ended. It
// takes that long only if the watchdog was killed, or if someone's COPY TO
// PROGRAM left a process behind.
const logEnd = 10 * time.Second

// watch owns the server until the last of it is gone.
func (s *Server) watch(cmd *exec.Cmd, log *logTail, temporary bool) {
	defer close(s.done)
	defer s.owner.release() // before that: who has seen the end may start the next
	var reading sync.WaitGroup
	reading.Go(log.read)

	_ = cmd.Wait() // its result is in ProcessState
	asked := s.stopped.Load()
	killed := !cmd.ProcessState.Exited()
	if killed {
		// Without its watchdog nobody would stop the server. Both are in the
		// watchdog's process group, which has that name while either lives.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGQUIT)
	}
	_ = log.pipe.SetReadDeadline(time.Now().Add(logEnd))
	reading.Wait()
	if killed {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}

	switch {
	case !asked:
		s.err = fmt.Errorf("server ended by itself: %v%s", cmd.ProcessState, log)
	case !cmd.ProcessState.Success():
		s.err = fmt.Errorf("stop postgres: %v%s", cmd.ProcessState, log)
	}
	if temporary { // the watchdog has done it, unless it was killed
		s.err = errors.Join(s.err, os.RemoveAll(s.root))
	}
}
