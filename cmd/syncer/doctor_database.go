package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"syncer/internal/db"
	"syncer/internal/localpg"
)

func (e *examination) checkDatabase(ctx context.Context) finding {
	if e.config.Database.Private {
		if f, stops := noPrivateYet(); stops { //nolint:contextcheck // Find takes none, and takes no time
			return f
		}
	}
	there, err := e.open(ctx, e.source.Schema)
	if err != nil {
		return unreadable(ctx, err)
	}
	server := there.Server()
	e.db, e.role, e.asked = there, server.Role, server
	f := judgeServer(server)
	if e.config.Database.Private && f.Status == "ok" {
		return warn("no database is configured, so this one is private: "+f.Message, privateAdvice)
	}
	return f
}

const privateAdvice = "Good for a first try, not for keeping: set DATABASE_URL to a Postgres of your own, 14 or newer."

// noPrivateYet explains why there is no private Postgres. A run would make one;
// doctor does not.
func noPrivateYet() (f finding, stops bool) {
	folder, err := privateFolder()
	if err != nil {
		return wrong(exitUsage, err.Error(), privateAdvice), true
	}
	if _, err := os.Stat(filepath.Join(folder, "data")); err == nil || !errors.Is(err, os.ErrNotExist) {
		return finding{}, false // it is there, or starting it will say why not
	}
	if _, err := localpg.Find(); err != nil {
		return wrong(exitUsage, "no database is configured, and none can be started: "+err.Error(),
			"Set DATABASE_URL to a Postgres of your own, 14 or newer."), true
	}
	f = warn("no database is configured; the first run would make a private one in "+folder, privateAdvice)
	f.stops = true
	return f, true
}

// judgeServer reports whether the server's version and state will do.
func judgeServer(server db.Server) finding {
	version, _, _ := strings.Cut(server.Version, " ") // without its packager
	text := fmt.Sprintf("Postgres %s at %s, database %s, role %s", version, server.Host, server.Database, server.Role)
	if server.Pooled {
		text += ", through a pooler"
	}
	var f finding
	switch {
	case server.VersionNumber < db.OldestServer:
		f = wrong(exitDatabase, text+": it is too old", "Use Postgres 14 or newer.")
	case server.Standby:
		f = wrong(exitDatabase, text+": it is a standby, which is read-only", "Point DATABASE_URL at the primary.")
	case server.ReadOnly:
		f = wrong(exitDatabase, text+": it refuses writes",
			"Remove default_transaction_read_only from the role, the database, or DATABASE_URL.")
	default:
		f = good("%s", text)
	}
	f.stops = false // all of them can still be checked
	return f
}

func (e *examination) checkSchema(ctx context.Context) finding {
	err := e.db.CheckSchema(ctx)
	switch {
	case err == nil:
		return good("%s is what this syncer needs", e.source.Schema)
	case errors.Is(err, db.ErrDenied):
		return wrong(exitDatabase, fmt.Sprintf("role %s may not look into schema %s", e.role, e.source.Schema), e.grants(ctx))
	case errors.Is(err, db.ErrSchema):
		text := strings.TrimPrefix(err.Error(), db.ErrSchema.Error()+": ")
		message, advice, _ := strings.Cut(text, "; ")
		return wrong(exitSchema, message, sentence(advice))
	}
	return unreadable(ctx, err)
}

func (e *examination) checkRights(ctx context.Context) finding {
	lacks, err := e.db.MissingRights(ctx, e.config.pruned()...)
	if err != nil {
		return unreadable(ctx, err)
	}
	filtered, err := e.db.FilteredTables(ctx)
	if err != nil {
		return unreadable(ctx, err)
	}
	switch {
	case len(lacks) == 0 && len(filtered) == 0:
		return good("role %s may do what a run needs", e.role)
	case len(lacks) == 0:
		return wrong(exitDatabase, fmt.Sprintf("row level security hides rows of %s from role %s", some(filtered, 3), e.role),
			fmt.Sprintf("A run compares with every row, and ends where some are hidden. Have a superuser run:\nALTER ROLE %s BYPASSRLS;", db.Quoted(e.role)))
	}
	var texts []string
	for _, l := range lacks {
		texts = append(texts, l.Right+" on "+some(l.On, 3))
	}
	return wrong(exitDatabase, fmt.Sprintf("role %s lacks %s", e.role, strings.Join(texts, "; ")), e.grants(ctx))
}

// grants returns the statements that give the role all it needs.
func (e *examination) grants(ctx context.Context) string {
	all, err := e.db.Grants(ctx, e.role, e.config.pruned()...)
	if err != nil {
		return "Use the role that owns the schema."
	}
	return "Use the role that owns the schema, or have it run:\n" + strings.Join(all, "\n")
}

// checkViews looks at what analysts read. No run needs it, so nothing is worse than a
// warning.
func (e *examination) checkViews(ctx context.Context) finding {
	err := e.db.CheckViews(ctx)
	switch {
	case err == nil:
		return good("those beside schema %s are what this syncer makes", e.source.Schema)
	case errors.Is(err, db.ErrViews):
		message, advice, _ := strings.Cut(strings.TrimPrefix(err.Error(), db.ErrViews.Error()+": "), "; ")
		return warn(message, sentence(advice))
	}
	return unreadable(ctx, err)
}

func (e *examination) checkReader(ctx context.Context) finding {
	reader := e.config.Database.Reader
	if reader == "" {
		return good("no role is configured to read the views")
	}
	missing, err := e.db.MissingForReader(ctx)
	if err != nil {
		return unreadable(ctx, err)
	}
	if len(missing) == 0 {
		return good("role %s may read the views", reader)
	}
	return warn(fmt.Sprintf("role %s is missing, or may not read all views", reader),
		"Run `syncer migrate`. If it warns, have an administrator run:\n"+strings.Join(missing, "\n"))
}

// clocksApart is the least difference between clocks that doctor mentions.
const clocksApart = 2 * time.Second

func (e *examination) checkClock(ctx context.Context) finding {
	ahead, margin, err := e.db.Clock(ctx, e.now)
	if err != nil {
		return unreadable(ctx, err)
	}
	differ := ahead.Abs()
	if differ-margin < clocksApart {
		return good("this machine's and the database's agree to %.1f s", max(differ, 100*time.Millisecond).Seconds())
	}
	direction := "ahead of"
	if ahead < 0 {
		direction = "behind"
	}
	return warn(fmt.Sprintf("the database's is %.1f s %s this machine's", differ.Seconds(), direction),
		"Let both machines follow a time server (NTP). Rows bear the database's time, but ticks and logs go by this machine's.")
}
