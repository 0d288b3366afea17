package db

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db/query"
)

// This file inspects the database without writing anything, to diagnose what is
// wrong with it.

// OldestServer is the oldest supported Postgres, as a server_version_num.
const OldestServer = 140000

// Server is the server's view of itself, and of whoever asks.
type Server struct {
	Host          string // name, address or folder of the socket, as configured
	Version       string // with its packager, such as 16.4 (Debian 16.4-1)
	VersionNumber int    // compare with OldestServer
	Database      string
	Role          string // of this connection
	Pooled        bool   // a pooler hands out its connections
	Standby       bool   // read-only by nature
	ReadOnly      bool   // by a setting of the server, the database, the role or the connection
	Superuser     bool   // the role is one
	Unverified    bool   // over the network, to a server whose certificate is not verified
}

// Server returns what the server told about itself when it was connected to.
func (d *DB) Server() Server { return d.server }

// Writable returns ErrReadOnly if the server takes no writes.
func (d *DB) Writable() error {
	switch {
	case d.server.Standby:
		return fmt.Errorf("%w: the server at %s is a standby", ErrReadOnly, d.server.Host)
	case d.server.ReadOnly:
		return fmt.Errorf("%w: the server at %s has default_transaction_read_only on, for the role, the database, or as DATABASE_URL says", ErrReadOnly, d.server.Host)
	}
	return nil
}

// Quoted quotes a name, such as a role's, for SQL.
func Quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// records are the tables beside the catalogue, and the rights a run needs on them.
//
//nolint:gochecknoglobals // a constant list
var records = map[string]string{
	"sync_runs":     "SELECT INSERT UPDATE",
	"sync_failures": "SELECT INSERT UPDATE DELETE",
	"drift":         "SELECT INSERT UPDATE",
	"changes":       "SELECT INSERT", // by triggers
	versionTable:    "SELECT",
	"syncer_views":  "SELECT", // by doctor

	"source_organizations": "SELECT INSERT DELETE",
	"sync_scopes":          "SELECT INSERT",
}

// rights returns what a run needs on each table. From the pruned ones it deletes old
// rows, and with runs what their scopes stand for.
func rights(pruned []string) map[string]string {
	all := maps.Clone(records)
	for _, t := range catalogue {
		all[t.name] = t.rights
	}
	if slices.Contains(pruned, "sync_runs") {
		all["sync_scopes"] += " DELETE"
	}
	for _, name := range pruned {
		all[name] += " DELETE"
	}
	return all
}

// Lack is a right that a role lacks, and the tables or functions it lacks it on.
type Lack struct {
	Right string // such as INSERT
	On    []string
}

// MissingRights lists the rights that a run which prunes some tables needs and the role
// lacks.
func (d *DB) MissingRights(ctx context.Context, pruned ...string) ([]Lack, error) {
	p := query.ListMissingRightsParams{Schema: d.schema}
	for table, privileges := range rights(pruned) {
		for privilege := range strings.FieldsSeq(privileges) {
			p.TableNames, p.Privileges = append(p.TableNames, table), append(p.Privileges, privilege)
		}
	}
	rows, err := d.queries().ListMissingRights(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("look up the role's rights: %w", classify(err))
	}
	var all []Lack
	for _, r := range rows { // in the order of rights
		if last := len(all) - 1; last < 0 || all[last].Right != r.Privilege {
			all = append(all, Lack{Right: r.Privilege})
		}
		all[len(all)-1].On = append(all[len(all)-1].On, r.TableName)
	}
	functions, err := d.queries().ListForbiddenFunctions(ctx, d.schema)
	if err != nil {
		return nil, fmt.Errorf("look up the role's rights: %w", classify(err))
	}
	if len(functions) > 0 {
		all = append(all, Lack{Right: "EXECUTE", On: functions})
	}
	return all, nil
}

// Grants returns the statements that give a role what such a run needs and no more, also in
// the tables of later migrations; there it cannot be told what a run will need. The
// tables' owner may run them.
func (d *DB) Grants(ctx context.Context, role string, pruned ...string) ([]string, error) {
	row, err := d.queries().GetOwner(ctx, query.GetOwnerParams{Schema: d.schema, TableName: versionTable})
	if err != nil {
		return nil, fmt.Errorf("look for the tables' owner: %w", classify(err))
	}
	tables := map[string][]string{} // by privileges
	for table, privileges := range rights(pruned) {
		tables[privileges] = append(tables[privileges], row.Schema+"."+table)
	}
	to := " TO " + Quoted(role) + ";"
	all := []string{"GRANT USAGE ON SCHEMA " + row.Schema + to}
	for _, privileges := range slices.Sorted(maps.Keys(tables)) {
		slices.Sort(tables[privileges])
		all = append(all, "GRANT "+strings.ReplaceAll(privileges, " ", ", ")+" ON "+strings.Join(tables[privileges], ", ")+to)
	}
	later := "ALTER DEFAULT PRIVILEGES FOR ROLE " + Quoted(row.Owner) + " IN SCHEMA " + row.Schema + " GRANT "
	return append(all,
		"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA "+row.Schema+to,
		later+"SELECT, INSERT, UPDATE, DELETE ON TABLES"+to,
		later+"EXECUTE ON FUNCTIONS"+to), nil
}

// FilteredTables lists the tables of which policies (row level security) would hide
// rows from the role. A run ends with ErrDenied there.
func (d *DB) FilteredTables(ctx context.Context) ([]string, error) {
	names, err := d.queries().ListFilteredTables(ctx, query.ListFilteredTablesParams{Schema: d.schema, TableNames: tableNames()})
	if err != nil {
		return nil, fmt.Errorf("look for row level security: %w", classify(err))
	}
	return names, nil
}

// DoubtfulLinks finds which of the given links are gone, and which Polar does not
// know: they have no row, or one of an organization that the source does not keep,
// and do not fail either. Both are sorted by id.
func (d *DB) DoubtfulLinks(ctx context.Context, source string, ids []uuid.UUID) (gone, unknown []uuid.UUID, err error) {
	rows, err := d.queries().ListDoubtfulLinks(ctx, query.ListDoubtfulLinksParams{ID: ids, Source: source})
	if err != nil {
		return nil, nil, classify(err)
	}
	for _, r := range rows {
		if r.Gone {
			gone = append(gone, r.ID)
		} else {
			unknown = append(unknown, r.ID)
		}
	}
	return gone, unknown, nil
}

// Ahead are rows of one table whose stamps in one column lie ahead of the database's
// clock.
type Ahead struct {
	Column string // with its table
	Rows   int
	Latest time.Time
}

// StampsAhead lists the stamps that lie more than a minute ahead, by column. Nothing is
// bound by them, but they are wrong: from a restored dump, or a clock that was set back.
func (d *DB) StampsAhead(ctx context.Context) ([]Ahead, error) {
	rows, err := d.queries().ListStampsAhead(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for stamps ahead: %w", classify(err))
	}
	var all []Ahead
	for _, r := range rows {
		all = append(all, Ahead{Column: r.Stamp, Rows: int(r.Affected), Latest: r.Latest})
	}
	return all, nil
}

// clockSamples is the number of readings; the quickest one counts.
const clockSamples = 3

// Clock returns how far the server's clock is ahead of the one that now reads,
// and the margin of error, which grows with the time an answer took.
func (d *DB) Clock(ctx context.Context, now func() time.Time) (ahead, margin time.Duration, err error) {
	for i := range clockSamples {
		began := now()
		there, err := d.queries().GetClock(ctx)
		if err != nil {
			return 0, 0, fmt.Errorf("ask for the time: %w", classify(err))
		}
		half := now().Sub(began) / 2
		if i == 0 || half < margin {
			ahead, margin = there.Sub(began.Add(half)), half
		}
	}
	return ahead, margin, nil
}

// Holder is the run that holds a source.
type Holder struct {
	Process string
	Trigger string
	Since   time.Time
	Dead    bool // its process is dead or silent: the next run takes over
}

// FindHolder returns the run that holds a source, or nil.
func (d *DB) FindHolder(ctx context.Context, source string) (*Holder, error) {
	row, err := d.queries().GetHolder(ctx, source)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // no holder is no error
	}
	if err != nil {
		return nil, fmt.Errorf("look for the running run: %w", classify(err))
	}
	silent := time.Duration(row.SilentSeconds * float64(time.Second))
	return &Holder{
		Process: row.Holder, Trigger: row.Trigger, Since: row.StartedAt,
		Dead: stale(silent) || !alive(row.Holder, row.ID),
	}, nil
}
