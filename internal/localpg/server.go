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

// Server is a running Postgres. All methods are safe for concurrent use.
type Server struct {
	root  string
	owner *folderLock // of a kept folder; nil: temporary

	hold    *os.File // the watchdog's pipe: closing it ends the server
	letGo   sync.Once
	stopped atomic.Bool

	done chan struct{}
	err  error // of the server's end; read it after done
}

// URL returns the address of a database, for pgx and for psql:
// postgres://syncer@/postgres?host=/tmp/syncer-pg-ABC&port=5432. The role
// syncer is the superuser; a new server has the database postgres.
func (s *Server) URL(database string) string { return serverURL(s.root, database) }

func serverURL(root, database string) string {
	// libpq reads a plus sign literally. The port is given because otherwise a
	// PGPORT in the environment would apply.
	escape := func(text string) string {
		return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(text))
	}
	return "postgres://syncer@/" + escape(database) + "?host=" + escape(root) + "&port=" + port
}

// Done is closed once the server has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop ends the server (it cuts sessions and rolls transactions back), waits
// until it is gone, and deletes what is temporary. Every call returns the same
// error, which tells if the server had already ended by itself.
func (s *Server) Stop() error {
	s.letGo.Do(func() {
		s.stopped.Store(true)
		_ = s.hold.Close()
	})
	<-s.done
	return s.err
}

// logEnd limits how long the log may stay open after the watchdog has ended. It
// takes that long only if the watchdog was killed, or if someone's COPY TO
// PROGRAM left a process behind.
const logEnd = 10 * time.Second

// watch owns the server until the last of it is gone.
func (s *Server) watch(cmd *exec.Cmd, log *logTail, temporary bool) {
	defer close(s.done)
	defer s.owner.release() // before that: whoever sees the end may start the next
	var reading sync.WaitGroup
	reading.Go(log.read)

	_ = cmd.Wait() // its result is in ProcessState
	asked := s.stopped.Load()
	killed := !cmd.ProcessState.Exited()
	if killed {
		// Without its watchdog nobody would stop the server. Both are in the
		// watchdog's process group, which keeps that name while either lives.
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
	if temporary { // the watchdog did it, unless it was killed
		s.err = errors.Join(s.err, os.RemoveAll(s.root))
	}
}
