package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"syncer/internal/panics"
)

// This file tries again what may work the next time, and says who is in the way.

const (
	// lockTimeout is how long a statement waits for somebody's lock.
	lockTimeout = 5 * time.Second
	// lockTries bounds how often.
	lockTries = 3
	// idleTimeout is how long a session of ours may say nothing in a transaction: its
	// process is frozen, or there is no way to it.
	idleTimeout = 10 * time.Second
	// collisionTries bounds how often a transaction is tried that meets a deadlock or a
	// serialization failure, which takes somebody who edits by hand.
	collisionTries = 5
	// reviveWithin is how long a server may be away. After longer than a run's lease
	// others may hold what the run held.
	reviveWithin = Lease - 2*time.Second
)

// insist calls do, a transaction, until it works or fails for a reason that stays. All
// transactions are such that a second time does no harm: when the answer to a commit
// is lost, nobody knows whether it was made.
func (s *session) insist(ctx context.Context, do func(context.Context) error) error {
	var failing time.Time // since when
	reset := false
	for try := 1; ; try++ {
		err := s.watched(ctx, do)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if failing.IsZero() {
			failing = time.Now()
		}
		switch code := codeOf(err); {
		case code == "40P01" || code == "40001":
			if try == collisionTries {
				return err
			}
		case code == lockNotAvailable:
			if try == lockTries {
				return err
			}
		case outdated(err):
			if reset {
				return err
			}
			reset = true
			s.reset()
		case errors.Is(err, context.DeadlineExceeded) || !Passing(err) || time.Since(failing) > reviveWithin:
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(rand.N(50 * time.Millisecond << min(try, 4))): //nolint:gosec // jitter
		}
	}
}

// reset makes the pool open new connections, which know the schema, and the server,
// as they are now.
func (s *session) reset() {
	if s.types != nil {
		s.types.domains.Store(nil)
	}
	s.pool.Reset()
}

const lockNotAvailable = "55P03"

// codeOf is the SQLSTATE of an error; "": none.
func codeOf(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// Passing reports whether an error of the database may be gone in a moment: the
// server stops or starts, is full, or out of reach. A wrong password, say, stays.
func Passing(err error) bool {
	if code := codeOf(err); code != "" {
		return away(code)
	}
	_, ok := errors.AsType[net.Error](err) // names and timeouts too
	return ok || pgconn.SafeToRetry(err) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// away reports whether an SQLSTATE says that the server, or the connection, is gone.
func away(code string) bool {
	for _, class := range []string{
		"08",                               // connection
		"53",                               // out of memory, disk, connections
		"57P01", "57P02", "57P03", "57P05", // the server stops, starts, or has cut an idle connection
		"25P03", // or one that was idle in a transaction
	} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return false
}

// outdated reports whether a connection may be older than what it speaks of: the
// server only reads since another one took over, or a schema was dropped and made
// again, with other types.
func outdated(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == readOnly || e.Code == "42704" || renewed(e))
}

const readOnly = "25006"

// renewed matches what says nothing about the schema, only about the connection.
func renewed(e *pgconn.PgError) bool {
	return e.Code == "0A000" && strings.Contains(e.Message, "cached plan") ||
		e.Code == "XX000" && strings.Contains(e.Message, "cache lookup failed")
}

// watched calls do. Should it wait for a lock in vain, its error names who holds it,
// which must be asked while it waits.
func (s *session) watched(ctx context.Context, do func(context.Context) error) error {
	looked := make(chan error, 1)
	var holder string
	look := time.AfterFunc(lockTimeout/2, func() {
		looked <- panics.Catch(func() error {
			holder = s.lockHolder(ctx)
			return nil
		})
	})
	err := do(ctx)
	if looks := !look.Stop(); looks && codeOf(err) == lockNotAvailable {
		if e := <-looked; e != nil {
			return errors.Join(err, e)
		}
		if holder != "" {
			return fmt.Errorf("%w: %w: %s", ErrLocked, err, holder)
		}
	}
	return err
}

// lockHolder says who holds what a session of this program waits for; "": nobody knows.
// Behind a pooler it is not known which session is whose.
func (s *session) lockHolder(ctx context.Context) string {
	const sql = `
		SELECT h.pid, h.application_name, coalesce(h.usename, ''), h.xact_start
		FROM pg_stat_activity AS w
		CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS b (pid)
		JOIN pg_stat_activity AS h ON h.pid = b.pid
		WHERE w.datname = current_database()
			AND w.usename = current_user
			AND w.application_name = current_setting('application_name')
			AND w.wait_event_type = 'Lock'
		ORDER BY h.wait_event_type = 'Lock', h.xact_start -- who waits too is not the first
		LIMIT 1`
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	found, err := s.once(ctx, sql)
	if err != nil {
		return ""
	}
	var pid int
	var app, user string
	var since *time.Time // hidden from roles that may not see it
	if (row{found, nil}).Scan(&pid, &app, &user, &since) != nil {
		return ""
	}
	who := fmt.Sprintf("it is held by the session with process id %d, application %q, of role %s", pid, app, user)
	if since != nil {
		who += ", in a transaction since " + since.UTC().Format(time.RFC3339)
	}
	return who + fmt.Sprintf("; wait for its end, or end it: SELECT pg_terminate_backend(%d)", pid)
}
