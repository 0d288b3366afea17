package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"syncer/internal/db"
	"syncer/internal/syncer"
)

// doctor examines the sources of a configuration, one after the other.
type doctor struct {
	app *app
	now func() time.Time

	config config
	server *database
	opened map[string]*db.DB // by schema
	failed error             // why there is no database
}

func (d *doctor) examine(ctx context.Context) (all []finding, err error) {
	d.config, err = d.app.config()
	if err != nil {
		f := wrong(exitUsage, strings.TrimPrefix(err.Error(), "configuration: "), "Correct it and run `syncer doctor` again: nothing else can be checked without it.")
		f.Check = "configuration"
		return []finding{f}, nil
	}
	d.opened = map[string]*db.DB{}
	d.server = &database{app: d.app, config: d.config.Database}
	defer func() { err = errors.Join(err, d.close()) }()
	for _, s := range d.config.Sources {
		e := &examination{doctor: d, source: s, total: unknown, links: unknown}
		all = append(all, e.examine(ctx)...)
		if ctx.Err() != nil {
			return all, ctx.Err()
		}
	}
	return all, nil
}

// open opens each schema once. If one source cannot reach the database, neither
// can the others.
func (d *doctor) open(ctx context.Context, schema string) (*db.DB, error) {
	if d.failed != nil {
		return nil, d.failed
	}
	if d.server.private == nil {
		if d.failed = d.server.start(ctx); d.failed != nil {
			return nil, d.failed
		}
	}
	if there, ok := d.opened[schema]; ok {
		return there, nil
	}
	there, err := d.server.connect(ctx, schema)
	if err != nil {
		if errors.Is(err, db.ErrUnreachable) {
			d.failed = err
		}
		return nil, err
	}
	d.opened[schema] = there
	return there, nil
}

func (d *doctor) close() error {
	for _, there := range d.opened {
		there.Close()
	}
	return d.server.stop()
}

// examination covers one source. Later checks use what earlier ones found.
type examination struct {
	*doctor

	source sourceConfig
	db     *db.DB    // nil: cannot be reached
	asked  db.Server // whom db asks, and as whom
	role   string    // of the database
	total  int       // links of the organization, or unknown
	links  int       // of the last finished run, or unknown
	since  time.Time // when the last run ended, or the current one began
}

// examine makes all checks, in the order of their dependencies, and skips those
// that an earlier failure rules out.
func (e *examination) examine(ctx context.Context) []finding {
	var all []finding
	stopped := map[string]string{} // what must be fixed first
	for _, check := range []struct {
		name, needs string
		do          func(context.Context) finding
	}{
		{"configuration", "", e.checkConfiguration},
		{"files", "", e.checkFiles},
		{"database", "", e.checkDatabase},
		{"access", "database", e.checkAccess},
		{"schema", "database", e.checkSchema},
		{"rights", "schema", e.checkRights},
		{"views", "schema", e.checkViews},
		{"reader", "schema", e.checkReader},
		{"clock", "database", e.checkClock},
		{"stamps", "schema", e.checkStamps},
		{"polar", "", e.checkPolar},
		{"organization", "schema", e.checkOrganization},
		{"running", "schema", e.checkRunning},
		{"last_run", "schema", e.checkLastRun},
		{"links", "schema", e.checkLinks},
		{"failures", "schema", e.checkFailures},
		{"budget", "", e.checkBudget},
		{"schedule", "", e.checkSchedule},
		{"time_zone", "", e.checkTimeZone},
	} {
		first := stopped[check.needs]
		f := skip("not checked: the " + first + " comes first")
		if first == "" {
			f = check.do(ctx)
			first = check.name
		}
		if ctx.Err() != nil {
			break
		}
		f.Source, f.Check = e.source.Name, check.name
		if f.stops {
			stopped[check.name] = first
		}
		all = append(all, f)
	}
	return all
}

// scope identifies what a run of the source asks for: runs of one scope ask for
// the same links.
func (s *sourceConfig) scope() string {
	source := syncer.Source{All: s.All, IDs: s.IDs}
	return source.Scope()
}
