package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/fetch/fetchtest"
)

func TestDoctorSaysThatThereIsNoDatabaseAndGoesOn(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	d := diagnosed(t, p.env.with("DATABASE_URL", nowhere["DATABASE_URL"]), exitDatabase)
	d.wants("database", "problem", "database unreachable: failed to connect", "Check DATABASE_URL or the PG* variables, and that Postgres is running.")
	d.wants("polar", "ok", "accepts the token", "")
	d.wants("schedule", "ok", "20 links: 20 requests", "")
	for _, check := range []string{"schema", "rights", "clock", "running", "last_run", "links", "failures"} {
		d.wants(check, "skipped", "not checked: the database comes first", "")
	}
	if strings.Contains(d.lines["database"].Message, "\t") {
		t.Errorf("tabs: %q", d.lines["database"].Message)
	}
	d = diagnosed(t, p.env.with("DATABASE_URL", "mysql://u:"+testPassword+"@host/db"), exitUsage)
	d.wants("database", "problem", "wrong database settings: DATABASE_URL", "Correct DATABASE_URL")
}

func TestDoctorSaysThatTheSchemaDoesNotFit(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	empty := diagnosed(t, p.env.with("DATABASE_URL", withPassword(t, dbtest.Empty(t))), exitSchema)
	empty.wants("schema", "problem", `schema "polar" holds no tables yet`, "Run `syncer migrate`.")
	empty.wantsRest("ok", "schema", "rights", "views", "reader", "stamps", "organization", "running", "last_run", "links", "failures")
	empty.wants("rights", "skipped", "not checked: the schema comes first", "")
	do(t, p.database, "INSERT INTO syncer_migrations (version_id, is_applied) VALUES (99999, true)")
	diagnosed(t, p.env, exitSchema).wants("schema", "problem", "is at version 99999, this program knows", "Use the newer syncer.")
}

func TestDoctorMakesNoPrivatePostgres(t *testing.T) {
	t.Parallel()
	home := dataFolder(t)
	folder := filepath.Join(home, "syncer", "postgres")
	polar := fetchtest.StartServer(t, fetchtest.NewServer(recording(t, "seed-ads")))
	env := placeFor(t, "postgres://", polar).env.without("DATABASE_URL").with("XDG_DATA_HOME", home)

	d := diagnosed(t, env, exitDone)
	d.wants("database", "warning", "no database is configured; the first run would make a private one in "+folder, "set DATABASE_URL")
	d.wants("schema", "skipped", "the database comes first", "")
	if left, err := os.ReadDir(home); err != nil || len(left) != 0 {
		t.Errorf("made %v, %v", left, err)
	}
	diagnosed(t, env.with("PGBIN", "/there/is/no"), exitUsage).
		wants("database", "problem", "no database is configured, and none can be started: ", "Set DATABASE_URL to a Postgres of your own")

	backfilled(t, env, exitDone)
	d = diagnosed(t, env, exitDone)
	d.wants("database", "warning", "no database is configured, so this one is private: Postgres ", "not for keeping: set DATABASE_URL")
	d.wantsRest("ok", "database")
	nothingRuns(t, folder)
}

func TestDoctorNamesTheRightsThatARoleLacks(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	role, env := p.role(t)
	d := diagnosed(t, env, exitDatabase)
	d.wants("schema", "problem", "role "+role+" may not look into schema polar", `GRANT USAGE ON SCHEMA polar TO "`+role+`";`)
	d.wants("rights", "skipped", "the schema comes first", "")

	do(t, p.database, "GRANT USAGE ON SCHEMA polar TO "+role+"; GRANT SELECT ON ALL TABLES IN SCHEMA polar TO "+role)
	d = diagnosed(t, env, exitDatabase)
	d.wants("rights", "problem", "role "+role+" lacks DELETE on ", "GRANT SELECT, INSERT, UPDATE, DELETE ON polar.checkout_link_products, ")
	d.wants("rights", "problem", "; INSERT on ", "have it run:\nGRANT USAGE")
	d.wantsRest("ok", "rights")

	do(t, p.database, "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA polar FROM public; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA polar TO "+role)
	diagnosed(t, env, exitDatabase).wants("rights", "problem", "lacks EXECUTE on end_batch, ", "GRANT EXECUTE ON ALL FUNCTIONS")
	for line := range strings.Lines(d.lines["rights"].Advice) { // the advice is enough
		if strings.HasPrefix(line, "GRANT ") {
			do(t, p.database, line)
		}
	}
	diagnosed(t, env, exitDone).wantsRest("ok")
	backfilled(t, env, exitDone)
}

// TestARoleWithTheRightsThatDoctorAsksForCanDoARun gives a role only those.
func TestARoleWithTheRightsThatDoctorAsksForCanDoARun(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	role, env := p.role(t)
	do(t, p.database, "GRANT USAGE ON SCHEMA polar TO "+role)
	d := dbtest.Open(t, env["DATABASE_URL"])
	for _, pruned := range [][]string{nil, {"changes", "sync_runs"}} {
		lacks, err := d.MissingRights(t.Context(), pruned...)
		if err != nil || len(lacks) == 0 {
			t.Fatalf("lacks %v, %v", lacks, err)
		}
		for _, l := range lacks {
			do(t, p.database, "GRANT "+l.Right+" ON "+strings.Join(l.On, ", ")+" TO "+role)
		}
		if lacks, err = d.MissingRights(t.Context(), pruned...); err != nil || len(lacks) != 0 {
			t.Fatalf("still lacks %v, %v", lacks, err)
		}
	}
	env = env.with("SYNCER_KEEP_CHANGES_DAYS", "1")
	last := p.polar.Steps() - 1
	for _, step := range []int{0, 7, 8, last} { // in between, one link is poisoned
		p.polar.Goto(step)
		if code, said := inside(t, env, "backfill", "--allow-mass-removal"); code != exitDone && (step != 7 || code != exitPartial) {
			t.Fatalf("step %d: exit %d\n%s", step, code, said)
		}
	}
	for _, op := range []string{"insert", "update", "remove"} {
		if ask[int](t, p.database, "SELECT count(DISTINCT entity) FROM changes WHERE op = $1", op) < 4 {
			t.Errorf("too little happened that is an %s", op)
		}
	}
}

// role makes a role without any rights, and an environment that uses it.
func (p *place) role(tb testing.TB) (name string, env variables) {
	tb.Helper()
	p.roles++
	name = fmt.Sprintf("role_%s_%d", ask[string](tb, p.database, "SELECT current_database()"), p.roles) // roles belong to the server
	d := dbtest.Open(tb, p.database)
	if _, err := d.Pool().Exec(tb.Context(), "CREATE ROLE "+name+" LOGIN"); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if _, err := d.Pool().Exec(context.WithoutCancel(tb.Context()), "DROP OWNED BY "+name+"; DROP ROLE "+name); err != nil {
			tb.Error(err)
		}
	})
	return name, p.env.with("DATABASE_URL", strings.Replace(p.database, "syncer:", name+":", 1))
}

func TestDoctorWritesNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	backfilled(t, p.env, exitDone)
	env := p.env.with("DATABASE_URL", p.database+"&default_transaction_read_only=on") // every write fails
	d := diagnosed(t, env, exitDatabase)
	d.wants("database", "problem", "it refuses writes", "Remove default_transaction_read_only")
	d.wantsRest("ok", "database")
}

func TestDoctorSaysThatTheServerWillNotDo(t *testing.T) {
	t.Parallel()
	for says, server := range map[string]db.Server{
		"Postgres 13.22 at db, database bi, role me: it is too old":                      {Version: "13.22 (Debian 13.22-1)", VersionNumber: 130022},
		"Postgres 14.0 at db, database bi, role me: it is a standby, which is read-only": {Version: "14.0", VersionNumber: db.OldestServer, Standby: true, ReadOnly: true},
	} {
		server.Host, server.Database, server.Role = "db", "bi", "me"
		if f := judgeServer(server); f.Message != says || f.Status != "problem" || f.Advice == "" || f.code != exitDatabase || f.stops {
			t.Errorf("%+v, want %s", f, says)
		}
	}
}

func TestDoctorComparesTheClocks(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	for says, off := range map[string]time.Duration{
		"agree to 0.":                0,
		"the database's is 3600.":    -time.Hour,
		" s behind this machine's":   5 * time.Second,
		" s ahead of this machine's": -5 * time.Second,
		"agree to 1.":                time.Second,
	} {
		a := &app{env: p.env.lookup, stdout: os.Stdout, stderr: os.Stderr}
		d := &doctor{app: a, now: func() time.Time { return time.Now().Add(off) }}
		findings, err := d.examine(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			if f.Check == "clock" && (!strings.Contains(f.Message, says) || (f.Status == "ok") != (off.Abs() < clocksApart)) {
				t.Errorf("%s off: %+v, want %s", off, f, says)
			}
		}
	}
}
