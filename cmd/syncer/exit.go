package main

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"syscall"

	"syncer/internal/db"
	"syncer/internal/fetch"
	"syncer/internal/localpg"
	"syncer/internal/syncer"
)

// The exit codes. Scripts depend on them.
const (
	exitDone        = 0
	exitUnexpected  = 1
	exitUsage       = 2
	exitPartial     = 3
	exitRefused     = 4
	exitUnreachable = 5
	exitMassRemoval = 6
	exitHeld        = 7
	exitSchema      = 8
	exitDatabase    = 9
	exitDifferent   = 10
	exitSignal      = 128 // plus the signal's number
)

// usageError is a mistake in the command line or the configuration.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// errPartial: finished, but some links failed. The report says so already.
var errPartial = errors.New("some links could not be synced")

// errDifferent: a dry run found differences, and has printed them.
var errDifferent = errors.New("there are differences")

// foundError: doctor found a problem, and has printed it.
type foundError struct{ code int }

func (e foundError) Error() string { return "there is a problem" }

// reported matches the errors that a command has already printed.
func reported(err error) bool {
	_, found := errors.AsType[foundError](err)
	return found || errors.Is(err, errPartial) || errors.Is(err, errDifferent)
}

// signalError is the cause of a context that a signal ended.
type signalError struct{ signal os.Signal }

func (e signalError) Error() string { return "stopped by signal: " + e.signal.String() }

// exitCode maps an error to an exit code.
func exitCode(ctx context.Context, err error) int {
	if s, ok := errors.AsType[signalError](context.Cause(ctx)); ok {
		if number, ok := s.signal.(syscall.Signal); ok {
			return exitSignal + int(number)
		}
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	if found, ok := errors.AsType[foundError](err); ok {
		return found.code
	}
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, db.ErrViews): // whatever the reason: the tables are as they should be
		return exitUnexpected
	case errors.Is(err, db.ErrConfig):
		return exitUsage
	case errors.Is(err, db.ErrUnreachable), errors.Is(err, db.ErrUnfit), errors.Is(err, db.ErrReadOnly), errors.Is(err, db.ErrLocked),
		errors.Is(err, localpg.ErrInUse):
		return exitDatabase
	case errors.Is(err, db.ErrSchema):
		return exitSchema
	case errors.Is(err, db.ErrHeld):
		return exitHeld
	case errors.Is(err, syncer.ErrMassRemoval):
		return exitMassRemoval
	case errors.Is(err, fetch.ErrRefused), errors.Is(err, syncer.ErrOtherOrganization):
		return exitRefused
	case fetch.Unreachable(err), errors.Is(err, fetch.ErrVersion):
		return exitUnreachable
	case errors.Is(err, errDifferent):
		return exitDifferent
	case errors.Is(err, errPartial):
		return exitPartial
	}
	return exitUnexpected
}

// unknownAuthority is what Go says of a certificate whose issuer it does not know. An
// error of fetch has only its text.
var unknownAuthority = x509.UnknownAuthorityError{}.Error() //nolint:gochecknoglobals // a constant

// hint returns what to do about an error, if known.
func hint(err error) string {
	if err != nil && strings.Contains(err.Error(), unknownAuthority) {
		return authorityAdvice
	}
	if used, ok := errors.AsType[*localpg.InUseError](err); ok {
		return "It belongs to that process and ends with it. Wait for that, or set DATABASE_URL to a Postgres of your own.\n" +
			`To look into it meanwhile: psql "` + used.URL + `"`
	}
	switch {
	case errors.Is(err, syncer.ErrOtherOrganization):
		return "Give the source its own token and server again. Another organization needs a source of another name, or a schema of its own.\n" +
			"If the source is to go over to it: `syncer backfill --new-organization`, once. Rows of the former organization then stay as last seen."
	case errors.Is(err, fetch.ErrRefused):
		return "Check POLAR_ACCESS_TOKEN: it must be a token for this server (production and sandbox each have their own), not expired, with the scope checkout_links:read. Nothing was removed."
	case errors.Is(err, fetch.ErrRateLimited):
		return "Something else uses up the organization's requests. Lower SYNCER_REQUESTS_PER_MINUTE, or try again in a minute."
	case errors.Is(err, fetch.ErrBetween):
		return "Check POLAR_SERVER, and what sits between here and Polar: a proxy (HTTPS_PROXY), a firewall, a network that wants a login. Nothing was removed."
	case errors.Is(err, fetch.ErrVersion):
		return "Set SYNCER_API_VERSION to auto, or to a version that Polar's documentation lists, and check POLAR_SERVER. Nothing was removed."
	case fetch.Unreachable(err):
		return "Check POLAR_SERVER and the network, or try again later. Nothing was removed."
	case errors.Is(err, db.ErrViews):
		return "Then run `syncer migrate` again. `syncer run` and `syncer backfill` do not need the views."
	case errors.Is(err, db.ErrUnreachable):
		return "Check DATABASE_URL or the PG* variables, and that Postgres is running."
	case errors.Is(err, db.ErrReadOnly):
		return "Point DATABASE_URL at the primary (several hosts with target_session_attrs=read-write find it by themselves), or remove default_transaction_read_only."
	case errors.Is(err, db.ErrLocked):
		return "Somebody works in the database and holds what this needs. Try again when that is over; what was written stays, and a backfill resumes."
	case errors.Is(err, db.ErrDenied):
		return "`syncer migrate` needs a role that may create the schema and its tables; other commands need one that may read and write them: `syncer doctor` prints what to grant."
	case errors.Is(err, db.ErrHeld):
		return "Wait for that run to end, or omit --fail-if-running to wait here."
	}
	return ""
}

const authorityAdvice = "Set SSL_CERT_FILE to a file with the certificates of that authority (PEM), beside those of the system if both are needed. " +
	"For Postgres alone, sslrootcert in DATABASE_URL does the same. If you know of no such authority, somebody sits in between."
