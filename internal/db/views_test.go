package db_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/secret"
	"syncer/views"
)

// view is one of a version of the program that tests make up.
func view(name, query string) views.View {
	return views.View{Schema: "polar_bi", Name: name, SQL: "CREATE OR REPLACE VIEW polar_bi." + name + " AS " + query}
}

// makes lets a version of the program that has these views, too, make its views.
func makes(tb testing.TB, d *db.DB, more ...views.View) (did []string, err error) {
	tb.Helper()
	all, err := views.For(d.Schema())
	if err != nil {
		tb.Fatal(err)
	}
	return d.MakeViews(tb.Context(), append(all, more...))
}

func mustMake(tb testing.TB, d *db.DB, more ...views.View) {
	tb.Helper()
	if _, err := makes(tb, d, more...); err != nil {
		tb.Fatal(err)
	}
}

// role makes a role of the whole server, for one test.
func role(tb testing.TB, d *db.DB, name string) string {
	tb.Helper()
	name += "_of_" + ask[string](tb, d, "SELECT current_database()")
	exec(tb, d, "CREATE ROLE "+name+" LOGIN")
	return name
}

// openAs opens the database of d as another role.
func openAs(tb testing.TB, d *db.DB, role, reader string) *db.DB {
	tb.Helper()
	url := strings.Replace(d.Pool().Config().ConnString(), "syncer@", role+"@", 1)
	as, err := db.Open(tb.Context(), db.Config{URL: secret.New(url), Reader: reader, App: "test"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(as.Close)
	return as
}

// state is all there is to see of the views in a schema: what they are, and who may do
// what with them.
func state(tb testing.TB, d *db.DB, schema string) string {
	tb.Helper()
	return ask[string](tb, d, `
		SELECT coalesce(string_agg(format('%s %s: %s %s %s %s', c.relkind, c.relname, pg_get_viewdef(c.oid),
			ARRAY(SELECT row(grantee::regrole, privilege_type, is_grantable)::text FROM aclexplode(c.relacl) ORDER BY 1),
			ARRAY(SELECT row(a.attname, e.grantee::regrole, e.privilege_type, e.is_grantable)::text
				FROM pg_attribute AS a, aclexplode(a.attacl) AS e WHERE a.attrelid = c.oid ORDER BY 1),
			obj_description(c.oid)), E'\n' ORDER BY c.relname), '')
		FROM pg_class AS c
		WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('v', 'm')`, schema)
}

// refuses checks that nothing is made, and that the error says why.
func refuses(tb testing.TB, d *db.DB, says []string, more ...views.View) {
	tb.Helper()
	before := state(tb, d, "polar_bi")
	did, err := makes(tb, d, more...)
	for _, text := range says {
		if len(did) > 0 || !strings.Contains(fmt.Sprint(err), text) {
			tb.Errorf("%q: %v\nwant %s", did, err, text)
		}
	}
	if diff := cmp.Diff(before, state(tb, d, "polar_bi")); diff != "" {
		tb.Errorf("something was made all the same:\n%s", diff)
	}
}

// TestViewsThatAreAsTheyShouldBeCostNothing looks in a session that only reads, while
// others hold locks that let nobody make or grant anything.
func TestViewsThatAreAsTheyShouldBeCostNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	locker, err := pgx.Connect(t.Context(), d.Pool().Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	defer locker.Close(context.WithoutCancel(t.Context()))
	if _, err := locker.Exec(t.Context(), "BEGIN; LOCK TABLE polar.syncer_views IN SHARE ROW EXCLUSIVE MODE; LOCK TABLE polar_bi.discounts IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	other, err := db.Open(t.Context(), db.Config{URL: secret.New(d.Pool().Config().ConnString() + "&default_transaction_read_only=on"), Reader: db.DefaultReader})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if did, err := makes(t, other); err != nil || len(did) > 0 {
		t.Errorf("views: %q, %v", did, err)
	}
	if did, warnings, err := other.AdmitReader(t.Context()); err != nil || len(did) > 0 || len(warnings) > 0 {
		t.Errorf("reader: %q, %q, %v", did, warnings, err)
	}
	if err := other.CheckViews(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAViewThatGainsAColumnKeepsWhatUsersHave(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	mustMake(t, d, view("a", "SELECT 1 AS x"))
	reader := role(t, d, "reader")
	exec(t, d, "CREATE SCHEMA mine; CREATE VIEW mine.v AS SELECT x FROM polar_bi.a; GRANT SELECT ON polar_bi.a TO "+reader)
	did, err := makes(t, d, view("a", "SELECT 2 AS x, 3 AS y; COMMENT ON VIEW polar_bi.a IS 'new'"))
	if diff := cmp.Diff([]string{"made 1 view in polar_bi"}, did); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if got := ask[string](t, d, "SELECT concat(x, ' ', y, ' ', obj_description('polar_bi.a'::regclass)) FROM polar_bi.a"); got != "2 3 new" {
		t.Error(got)
	}
	if got := ask[int](t, d, "SELECT x FROM mine.v"); got != 2 {
		t.Errorf("the user's view says %d", got)
	}
	if !ask[bool](t, d, "SELECT has_table_privilege($1, 'polar_bi.a', 'SELECT')", reader) {
		t.Error("the grant is gone")
	}
}

// TestAViewThatLosesAColumnKeepsItsGrants drops a view, and one that reads it, and makes
// them anew where default privileges would give more than there was.
func TestAViewThatLosesAColumnKeepsItsGrants(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	a, b, c, other := role(t, d, "a"), role(t, d, "b"), role(t, d, "c"), view("reads_a", "SELECT x FROM polar_bi.a")
	mustMake(t, d, view("a", "SELECT 1 AS x, 2 AS y"), other)
	exec(t, d, "GRANT SELECT ON polar_bi.a TO "+a+" WITH GRANT OPTION; GRANT INSERT, DELETE ON polar_bi.a TO "+b+"; GRANT SELECT (x, y) ON polar_bi.a TO "+b+"; GRANT SELECT ON polar_bi.reads_a TO public")
	exec(t, d, "ALTER DEFAULT PRIVILEGES IN SCHEMA polar_bi GRANT ALL ON TABLES TO "+c)
	before := state(t, d, "polar_bi")
	if !strings.Contains(before, a) || !strings.Contains(before, "(y,"+b) {
		t.Fatalf("a grant does not show:\n%s", before)
	}
	mustMake(t, d, view("a", "SELECT 1 AS x"), other)
	before = strings.NewReplacer(",\n    2 AS y", "", `"(y,`+b+`,SELECT,f)"`, "").Replace(before)
	if diff := cmp.Diff(before, strings.ReplaceAll(state(t, d, "polar_bi"), `"(x,`+b+`,SELECT,f)"}`, `"(x,`+b+`,SELECT,f)",}`)); diff != "" {
		t.Error(diff)
	}
	if n := ask[int](t, d, "SELECT count(*) FROM syncer_views WHERE grants IS NOT NULL"); n != 0 {
		t.Errorf("%d grants are still to be given", n)
	}
}

// TestGrantsToWhatIsGoneAreForgotten drops the views, as a migration may, then a role.
func TestGrantsToWhatIsGoneAreForgotten(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	a, b := role(t, d, "a"), role(t, d, "b")
	mustMake(t, d, view("a", "SELECT 1 AS x"))
	exec(t, d, "GRANT SELECT ON polar_bi.a TO "+a+", "+b)
	exec(t, d, "CALL drop_views()")
	exec(t, d, "CALL drop_views(); DROP ROLE "+a) // the second time changes nothing
	mustMake(t, d, view("a", "SELECT 1 AS x"))
	if !ask[bool](t, d, "SELECT has_table_privilege($1, 'polar_bi.a', 'SELECT')", b) {
		t.Error("the grant is gone")
	}
}

// TestWhatDependsOnAViewIsNeverDropped makes a version that cannot replace a view, with
// all that users can hang on it.
func TestWhatDependsOnAViewIsNeverDropped(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ sql, says string }{
		"view":              {"CREATE VIEW mine.v AS SELECT x FROM polar_bi.reads_a", "view mine.v of role syncer"},
		"materialized view": {"CREATE MATERIALIZED VIEW mine.v AS SELECT * FROM polar_bi.a", "materialized view mine.v of role syncer"},
		"view beside ours":  {"CREATE VIEW polar_bi.mine AS SELECT y FROM polar_bi.a", "view polar_bi.mine of role syncer"},
		"function":          {"CREATE FUNCTION mine.f() RETURNS SETOF polar_bi.a LANGUAGE sql AS 'SELECT * FROM polar_bi.a'", "function mine.f() of role syncer"},
		"table":             {"CREATE TABLE mine.t (a polar_bi.a[])", "table mine.t of role syncer"},
		"rule":              {"CREATE RULE r AS ON INSERT TO polar_bi.a DO INSTEAD NOTHING", "rule r on view polar_bi.a"},
		"trigger": {"CREATE FUNCTION mine.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; " +
			"CREATE TRIGGER t INSTEAD OF INSERT ON polar_bi.a FOR EACH ROW EXECUTE FUNCTION mine.f()", "trigger t on view polar_bi.a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, other := dbtest.New(t), view("reads_a", "SELECT x FROM polar_bi.a")
			mustMake(t, d, view("a", "SELECT 1 AS x, 2 AS y"), view("b", "SELECT 1 AS x"), other)
			exec(t, d, "CREATE SCHEMA mine; "+test.sql)
			for _, all := range [][]views.View{
				{view("a", "SELECT 1 AS x"), view("b", "SELECT 2 AS x"), other},
				{view("b", "SELECT 2 AS x")}, // a and reads_a are no more
			} {
				refuses(t, d, []string{"polar_bi.a, polar_bi.reads_a must go to be made anew, but " + test.says + " depends on it; drop that, run `syncer migrate`"}, all...)
			}
			mustMake(t, d, view("a", "SELECT 1 AS x, 2 AS y"), view("b", "SELECT 3 AS x, 4 AS y"), other) // others need not go
		})
	}
}

func TestAViewThatTheProgramNoLongerHasIsDropped(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	before := state(t, d, "polar_bi")
	mustMake(t, d, view("a", "SELECT 1 AS x"), view("reads_a", "SELECT x FROM polar_bi.a"))
	exec(t, d, "DROP VIEW polar_bi.reads_a") // by hand
	if err := d.CheckViews(t.Context()); !errors.Is(err, db.ErrViews) || !strings.Contains(err.Error(), "polar_bi.a, polar_bi.reads_a; run `syncer migrate`") {
		t.Error(err)
	}
	did, err := makes(t, d)
	if diff := cmp.Diff([]string{"dropped polar_bi.a, polar_bi.reads_a"}, did); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if diff := cmp.Diff(before, state(t, d, "polar_bi")); diff != "" {
		t.Error(diff)
	}
	if err := d.CheckViews(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestWhatIsNotOursIsNeverReplaced has something of the user's under the name of a view.
func TestWhatIsNotOursIsNeverReplaced(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for _, sql := range []string{
		"CREATE VIEW polar_bi.a AS SELECT 1 AS x", "CREATE MATERIALIZED VIEW polar_bi.a AS SELECT 1 AS x", "CREATE TABLE polar_bi.a (x integer)",
	} {
		exec(t, d, sql)
		refuses(t, d, []string{"polar_bi.a is not a view that syncer has made, and stays as it is, but has the name of one; rename it"}, view("a", "SELECT 1 AS x"), view("b", "SELECT 1 AS x"))
		exec(t, d, strings.NewReplacer("CREATE", "DROP", " AS SELECT 1 AS x", "", " (x integer)", "").Replace(sql))
	}
	mustMake(t, d, view("a", "SELECT 1 AS x"))
	exec(t, d, "DROP VIEW polar_bi.a; CREATE TABLE polar_bi.a (x integer)") // in the place of ours
	refuses(t, d, []string{"polar_bi.a is not a view that syncer has made"}, view("a", "SELECT 1 AS x"))
	if err := d.CheckViews(t.Context()); err == nil {
		t.Error("no warning")
	}
}

func TestAViewThatWasDroppedOrChangedComesBack(t *testing.T) {
	t.Parallel()
	d := openAs(t, dbtest.New(t), "syncer", db.DefaultReader)
	before := state(t, d, "polar_bi")
	for _, sql := range []string{
		"DROP VIEW polar_bi.discounts", "ALTER VIEW polar_bi.discounts RENAME COLUMN discount_id TO id",
		"DROP VIEW polar_bi.discounts; CREATE VIEW polar_bi.discounts AS SELECT 1 AS x", "DROP SCHEMA polar_bi CASCADE",
	} {
		exec(t, d, sql)
		if err := d.CheckViews(t.Context()); !errors.Is(err, db.ErrViews) || !strings.Contains(err.Error(), "polar_bi.discounts") {
			t.Errorf("%s: %v", sql, err)
		}
		if did, err := makes(t, d); err != nil || len(did) != 1 {
			t.Errorf("%s: %q, %v", sql, did, err)
		}
		if _, _, err := d.AdmitReader(t.Context()); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
		if diff := cmp.Diff(before, state(t, d, "polar_bi")); diff != "" {
			t.Errorf("%s:\n%s", sql, diff)
		}
	}
	if got := ask[string](t, d, "SELECT obj_description('polar_bi'::regnamespace)"); !strings.Contains(got, "What analysts read") {
		t.Error(got)
	}
}

// TestManyMayMakeViewsAtOnce changes every way there is.
func TestManyMayMakeViewsAtOnce(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	d := dbtest.Open(t, url)
	mustMake(t, d, view("a", "SELECT 1 AS x, 2 AS y"), view("gone", "SELECT 1 AS x"))
	reader := role(t, d, "reader")
	var running sync.WaitGroup
	var made, admitted [6]int
	for i := range made {
		other := openAs(t, d, "syncer", reader)
		running.Go(func() {
			did, err := makes(t, other, view("a", "SELECT 1 AS x"), view("b", "SELECT 1 AS x"))
			if err != nil {
				t.Error(err)
			}
			made[i] = len(did)
			did, warnings, err := other.AdmitReader(t.Context())
			if err != nil || len(warnings) > 0 {
				t.Error(warnings, err)
			}
			admitted[i] = len(did)
		})
	}
	running.Wait()
	for what, all := range map[string][6]int{"views": made, "reader": admitted} {
		sum := 0
		for _, n := range all {
			sum += n
		}
		if want := map[string]int{"views": 2, "reader": 1}[what]; sum != want {
			t.Errorf("%s: %v, want %d in all", what, all, want)
		}
	}
}

// TestViewsWaitForAQuery replaces one that somebody's transaction has read.
func TestViewsWaitForAQuery(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	d := dbtest.Open(t, url)
	mustMake(t, d, view("a", "SELECT 1 AS x"))
	tx, err := dbtest.Open(t, url).Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	if _, err := tx.Exec(t.Context(), "SELECT * FROM polar_bi.a"); err != nil {
		t.Fatal(err)
	}
	made := make(chan error, 1)
	go func() {
		_, err := makes(t, d, view("a", "SELECT 2 AS x"))
		made <- err
	}()
	for !ask[bool](t, d, "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'polar_bi.a'::regclass AND NOT granted)") {
		select {
		case err := <-made:
			t.Fatalf("it did not wait: %v", err)
		default:
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-made; err != nil {
		t.Error(err)
	}
	if got := ask[int](t, d, "SELECT x FROM polar_bi.a"); got != 2 {
		t.Errorf("the view says %d", got)
	}
}

// TestNobodyNeedsToBeASuperuser migrates as a role that owns a schema and may nothing
// else, and does what the errors and warnings say.
func TestNobodyNeedsToBeASuperuser(t *testing.T) {
	t.Parallel()
	admin := openSchema(t, dbtest.Empty(t), "")
	owner := role(t, admin, "owner")
	reader := strings.Replace(owner, "owner", "reader", 1)
	d := openAs(t, admin, owner, reader)
	follow := func(text string) {
		t.Helper()
		n := 0
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "CREATE ") || strings.HasPrefix(line, "GRANT ") {
				exec(t, admin, line)
				n++
			}
		}
		if n == 0 {
			t.Fatalf("no statement: %s", text)
		}
	}
	_, err := d.Migrate(t.Context())
	if !errors.Is(err, db.ErrDenied) || errors.Is(err, db.ErrViews) {
		t.Fatal(err)
	}
	follow(err.Error())
	m, err := d.Migrate(t.Context())
	if !errors.Is(err, db.ErrViews) || !errors.Is(err, db.ErrDenied) || len(m.Applied) == 0 || !strings.Contains(err.Error(), `CREATE SCHEMA "polar_bi";`) {
		t.Fatalf("%+v, %v", m, err)
	}
	if err := d.CheckSchema(t.Context()); err != nil {
		t.Fatal(err)
	}
	follow(err.Error())
	m, err = d.Migrate(t.Context())
	if err != nil || len(m.Warnings) != 1 || !strings.Contains(m.Warnings[0], "there is no role "+reader) {
		t.Fatalf("%+v, %v", m, err)
	}
	if missing, err := d.MissingForReader(t.Context()); err != nil || len(missing) != 3 || !strings.HasPrefix(missing[0], "CREATE ROLE") {
		t.Errorf("%q, %v", missing, err)
	}
	follow(m.Warnings[0])
	m, err = d.Migrate(t.Context())
	if err != nil || len(m.Warnings) != 0 || len(m.Applied) != 0 {
		t.Fatalf("%+v, %v", m, err)
	}
	if diff := cmp.Diff([]string{"let role " + reader + " read polar_bi"}, m.Did); diff != "" {
		t.Error(diff)
	}
	if m, err = d.Migrate(t.Context()); err != nil || len(m.Did) != 0 {
		t.Errorf("again: %+v, %v", m, err)
	}

	exec(t, admin, "CREATE SCHEMA theirs; REVOKE CREATE ON SCHEMA polar_bi FROM "+owner+" CASCADE; REVOKE USAGE ON SCHEMA polar_bi FROM "+owner+" CASCADE; GRANT USAGE ON SCHEMA polar_bi TO "+owner)
	if m, err = d.Migrate(t.Context()); err != nil || len(m.Warnings) != 1 || len(m.Did) != 0 || !strings.Contains(m.Warnings[0], "cannot read all views") {
		t.Fatalf("a schema that it may not give: %+v, %v", m, err)
	}
	follow(m.Warnings[0])
	if m, err = d.Migrate(t.Context()); err != nil || len(m.Warnings) != 0 {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := makes(t, d, view("a", "SELECT 1 AS x")); err == nil {
		t.Error("made a view where it may not")
	} else {
		follow(err.Error())
		mustMake(t, d, view("a", "SELECT 1 AS x"))
	}
}

// TestEveryRoleMayDoItsOwnAndNoMore tries what readers and writers may not do.
func TestEveryRoleMayDoItsOwnAndNoMore(t *testing.T) {
	t.Parallel()
	admin := openSchema(t, dbtest.Empty(t), "")
	owner, writer, person := role(t, admin, "owner"), role(t, admin, "writer"), role(t, admin, "person")
	reader := strings.Replace(owner, "owner", "reader", 1)
	exec(t, admin, "ALTER ROLE "+owner+" CREATEROLE; DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO "+owner+"', current_database()); END $$")
	d := openAs(t, admin, owner, reader)
	m, err := d.Migrate(t.Context())
	if err != nil || len(m.Warnings) > 0 || len(m.Did) != 3 || m.Did[1] != "made role "+reader {
		t.Fatalf("%+v, %v", m, err)
	}
	exec(t, d, "CREATE VIEW polar_bi.mine AS SELECT 1 AS x; GRANT "+reader+" TO "+person)
	grants, err := d.Grants(t.Context(), writer)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range grants {
		exec(t, d, sql)
	}
	asPerson, asWriter := openAs(t, admin, person, reader), openAs(t, admin, writer, reader)
	if n := ask[int](t, asPerson, "SELECT count(DISTINCT view_name) FROM polar_bi.data_dictionary"); n == 0 {
		t.Error("an empty dictionary")
	}
	exec(t, asPerson, "SELECT * FROM polar_bi.discounts")
	saveBatch(t, asWriter)
	if err := asWriter.CheckViews(t.Context()); err != nil {
		t.Error(err)
	}
	if missing, err := asWriter.MissingForReader(t.Context()); err != nil || len(missing) > 0 {
		t.Errorf("%q, %v", missing, err)
	}
	for what, test := range map[string]struct {
		as  *db.DB
		sql string
	}{
		"a person reads a table":                 {asPerson, "SELECT * FROM polar.discounts"},
		"a person reads a view of somebody's":    {asPerson, "SELECT * FROM polar_bi.mine"},
		"a person makes a view":                  {asPerson, "CREATE VIEW polar_bi.v AS SELECT 1 AS x"},
		"a person writes through a view":         {asPerson, "DELETE FROM polar_bi.runs"},
		"a person drops views":                   {asPerson, "CALL polar.drop_views()"},
		"the writer reads a view":                {asWriter, "SELECT * FROM polar_bi.discounts"},
		"the writer makes a view":                {asWriter, "CREATE VIEW polar_bi.v AS SELECT 1 AS x"},
		"the writer makes a table":               {asWriter, "CREATE TABLE polar.t ()"},
		"the writer changes a table":             {asWriter, "ALTER TABLE polar.discounts ADD x integer"},
		"the writer changes what migrate trusts": {asWriter, "UPDATE polar.syncer_views SET grants = '[]'"},
		"the writer drops views":                 {asWriter, "CALL polar.drop_views()"},
	} {
		if _, err := test.as.Pool().Exec(t.Context(), test.sql); err == nil || !errors.Is(db.Classify(err), db.ErrDenied) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestDefaultPrivilegesDoNotReachTheListOfViews grants before there is anything.
func TestDefaultPrivilegesDoNotReachTheListOfViews(t *testing.T) {
	t.Parallel()
	d := openSchema(t, dbtest.Empty(t), "")
	writer := role(t, d, "writer")
	exec(t, d, "CREATE SCHEMA polar; ALTER DEFAULT PRIVILEGES IN SCHEMA polar GRANT ALL ON TABLES TO "+writer)
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ask[bool](t, d, "SELECT has_table_privilege($1, 'syncer_views', 'INSERT, UPDATE, DELETE, TRUNCATE')", writer) {
		t.Error("the writer may write it")
	}
	if !ask[bool](t, d, "SELECT has_table_privilege($1, 'syncer_views', 'SELECT')", writer) {
		t.Error("the writer may not read it")
	}
}

// TestViewsOfAnySchema makes them beside schemas whose names SQL does not take as they
// are, and takes them away again.
func TestViewsOfAnySchema(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	var want []string
	for _, schema := range []string{"polar", "polar_sandbox", "user", "_", strings.Repeat("x", 56)} {
		d := openSchema(t, url, schema)
		m, err := d.Migrate(t.Context())
		if err != nil || len(m.Did) == 0 || !strings.HasSuffix(m.Did[0], " in "+schema+"_bi") {
			t.Fatalf("%s: %+v, %v", schema, m, err)
		}
		rows, err := d.Pool().Query(t.Context(), "SELECT view_name || '.' || column_name || ' ' || type || ': ' || description || ' / ' || view_description FROM "+db.Quoted(schema+"_bi")+".data_dictionary ORDER BY view_name, position")
		if err != nil {
			t.Fatal(err)
		}
		got, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			got[i] = strings.ReplaceAll(got[i], schema+".", "polar.")
		}
		if want == nil {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
			t.Errorf("%s:\n%s", schema, diff)
		}
		if schema == "polar" {
			continue
		}
		if _, err := provider(t, d).DownTo(t.Context(), 0); err != nil {
			t.Errorf("%s: %v", schema, err)
		}
		if left := state(t, d, schema+"_bi"); left != "" {
			t.Errorf("%s: left is %s", schema, left)
		}
	}
}

// TestTheDictionaryHasEveryColumnOfOursAndNoOther compares it with the catalog.
func TestTheDictionaryHasEveryColumnOfOursAndNoOther(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	before := ask[int](t, d, "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'polar_bi'")
	mustMake(t, d, views.View{Schema: "polar", Name: "shared", SQL: "CREATE OR REPLACE VIEW polar.shared AS SELECT 1 AS x"})
	exec(t, d, "CREATE VIEW polar_bi.mine AS SELECT 1 AS x; CREATE SCHEMA mine; CREATE VIEW mine.discounts AS SELECT 1 AS x")
	if n := ask[int](t, d, "SELECT count(*) FROM polar_bi.data_dictionary"); n != before {
		t.Errorf("%d rows, want %d", n, before)
	}
	if got := ask[string](t, d, "SELECT string_agg(column_name || ' ' || type, ', ' ORDER BY position) FROM polar_bi.data_dictionary WHERE view_name = 'data_dictionary'"); got != "view_name text, position integer, column_name text, type text, description text, view_description text" {
		t.Error(got)
	}
	if n := ask[int](t, d, "SELECT count(*) FROM polar_bi.data_dictionary WHERE coalesce(btrim(description), '') = '' OR coalesce(btrim(view_description), '') = ''"); n != 0 {
		t.Errorf("%d columns without a comment", n)
	}
}

// TestAWayDownStopsAtWhatDependsOnAView names it.
func TestAWayDownStopsAtWhatDependsOnAView(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	exec(t, d, "CREATE SCHEMA mine; CREATE VIEW mine.v AS SELECT * FROM polar_bi.discounts")
	if _, err := provider(t, d).DownTo(t.Context(), 11); err == nil || !strings.Contains(err.Error(), "view mine.v of role syncer depends on it") {
		t.Error(err)
	}
	if err := d.CheckViews(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestAnOlderProgramLeavesANewerOnesViewsAlone migrates a schema of another version.
func TestAnOlderProgramLeavesANewerOnesViewsAlone(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	mustMake(t, d, view("of_tomorrow", "SELECT 1 AS x"))
	exec(t, d, "INSERT INTO syncer_migrations (version_id, is_applied) VALUES (99999, true)")
	if _, err := d.Migrate(t.Context()); !errors.Is(err, db.ErrSchema) {
		t.Error(err)
	}
	exec(t, d, "SELECT * FROM polar_bi.of_tomorrow")
}
