package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// This file checks what keeps secrets and tables from others: who may read the files,
// which role asks the database, and over which way.

// checkFiles finds files with secrets that other users of this machine may read.
func (e *examination) checkFiles(context.Context) finding {
	var open []string
	for _, path := range e.source.SecretFiles {
		if othersRead(path) {
			open = append(open, path)
		}
	}
	switch {
	case len(open) > 0:
		return warn("other users of this machine may read "+strings.Join(open, ", "), "Each holds a secret: chmod 600, and chown to the user that syncer runs as.")
	case len(e.source.SecretFiles) == 0:
		return good("no file holds a secret")
	}
	return good("%s closed to other users", verb(len(e.source.SecretFiles), "the file with a secret is", "the files with secrets are"))
}

// othersRead reports whether other users may read a file. In a folder that is closed to
// them they may not, whatever the file's own mode; and Docker gives all secrets the
// mode of their source, where nobody but the container's processes can see them.
func othersRead(path string) bool {
	path, err := filepath.Abs(path)
	if err != nil || strings.HasPrefix(path, "/run/secrets/") {
		return false
	}
	const read, enter fs.FileMode = 0o044, 0o011 // by the group or by all
	for needs := read; ; needs = enter {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&needs == 0 {
			return false
		}
		if path == filepath.Dir(path) {
			return true
		}
		path = filepath.Dir(path)
	}
}

// checkAccess warns of a role that may do more than it should, and of a way to the
// database on which others may listen.
func (e *examination) checkAccess(context.Context) finding {
	var what, do []string
	if e.asked.Superuser && !e.config.Database.Private {
		what = append(what, fmt.Sprintf("role %s is a superuser", e.role))
		do = append(do, "Give syncer a role of its own that owns nothing but its schema: CREATE ROLE syncer LOGIN; CREATE SCHEMA "+e.source.Schema+" AUTHORIZATION syncer.")
	}
	if e.asked.Unverified {
		what = append(what, fmt.Sprintf("%s is reached over the network, and not verified by TLS", e.asked.Host))
		do = append(do, "Add sslmode=verify-full to DATABASE_URL, with sslrootcert if its authority is your own: with less, whoever sits in between can read the password.")
	}
	if what == nil {
		return good("role %s is no superuser, and nobody else can listen", e.role)
	}
	return warn(strings.Join(what, "\n"), strings.Join(do, "\n"))
}

// checkStamps names times in the tables that lie ahead.
func (e *examination) checkStamps(ctx context.Context) finding {
	ahead, err := e.db.StampsAhead(ctx)
	if err != nil {
		return unreadable(ctx, err)
	}
	if len(ahead) == 0 {
		return good("no time in the tables lies ahead")
	}
	var all []string
	for _, a := range ahead {
		all = append(all, fmt.Sprintf("%s (%s, until %s)", a.Column, counted(a.Rows, "row", "rows"), moment(a.Latest)))
	}
	return warn("times in the tables lie ahead of the database's clock: "+some(all, 5),
		"From a restored dump, or from before its clock was set back. They hold nothing up: runs and history take no notice of them.\n"+
			"If the clock is wrong now, correct it; otherwise UPDATE those rows to now(), or wait until their time has come.")
}
