package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"syncer/internal/db"
)

// mode changes a file's mode, whatever the umask.
func mode(tb testing.TB, path string, mode os.FileMode) {
	tb.Helper()
	if err := os.Chmod(path, mode); err != nil {
		tb.Fatal(err)
	}
}

func TestDoctorWarnsOfFilesThatOthersMayRead(t *testing.T) {
	t.Parallel()
	token, password, plainFile := writeFile(t, "token", testToken), writeFile(t, "password", testPassword), writeFile(t, "plain.yaml", "sources: [{name: a}]")
	holdsToken := writeFile(t, "token.yaml", "sources: [{name: a, access_token: "+testToken+"}]")
	holdsURL := writeFile(t, "url.yaml", "database_url: "+nowhere["DATABASE_URL"]+"\nsources: [{name: a}]")
	byFile := nowhere.without("POLAR_ACCESS_TOKEN", "DATABASE_URL")
	all := byFile.with("SYNCER_CONFIG", holdsURL, "POLAR_ACCESS_TOKEN_FILE", token, "PGPASSWORD_FILE", password)
	for _, folder := range []string{token, password, holdsToken, holdsURL, plainFile} {
		mode(t, filepath.Dir(folder), 0o755)
		mode(t, filepath.Dir(filepath.Dir(folder)), 0o755)
	}
	check := func(env variables) finding {
		t.Helper()
		c, err := loadConfig("", env.lookup)
		if err != nil {
			t.Fatal(err)
		}
		return (&examination{source: c.Sources[0]}).checkFiles(t.Context())
	}
	if f := check(all); f.Status != "ok" || f.Message != "the files with secrets are closed to other users" {
		t.Errorf("%+v", f)
	}
	if f := check(nowhere); f.Status != "ok" || f.Message != "no file holds a secret" {
		t.Errorf("%+v", f)
	}
	for path, env := range map[string]variables{
		token: all, password: all, holdsURL: all,
		holdsToken: byFile.with("SYNCER_CONFIG", holdsToken),
	} {
		for _, m := range []os.FileMode{0o644, 0o640, 0o604} {
			mode(t, path, m)
			if f := check(env); f.Status != "warning" || !strings.HasSuffix(f.Message, "may read "+path) || !strings.Contains(f.Advice, "chmod 600") {
				t.Errorf("%s, %o: %+v", path, m, f)
			}
		}
		mode(t, filepath.Dir(path), 0o700)
		if f := check(env); f.Status != "ok" {
			t.Errorf("in a closed folder: %+v", f)
		}
		mode(t, filepath.Dir(path), 0o755)
		mode(t, path, 0o600)
	}
	mode(t, plainFile, 0o644)
	if f := check(nowhere.with("SYNCER_CONFIG", plainFile)); f.Status != "ok" {
		t.Errorf("a file without a secret: %+v", f)
	}
}

func TestDoctorWarnsOfTheWayToTheDatabase(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	diagnosed(t, p.env, exitDone).wants("access", "warning", "role syncer is a superuser", "CREATE ROLE syncer LOGIN")
	_, env := p.role(t)
	do(t, p.database, "GRANT USAGE ON SCHEMA polar TO public")
	diagnosed(t, env, exitDatabase).wants("access", "ok", "is no superuser, and nobody else can listen", "")
	e := &examination{doctor: &doctor{}, asked: db.Server{Host: "db.example", Unverified: true}}
	if f := e.checkAccess(t.Context()); f.Status != "warning" || f.Message != "db.example is reached over the network, and not verified by TLS" || !strings.Contains(f.Advice, "sslmode=verify-full") {
		t.Errorf("%+v", f)
	}
}

func TestDoctorNamesStampsThatLieAhead(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	backfilled(t, p.env, exitDone)
	do(t, p.database, "UPDATE sync_runs SET heartbeat_at = '2101-02-03 04:05:06+00'; UPDATE meters SET changed_at = now() + interval '1 year'")
	d := diagnosed(t, p.env, exitDone)
	d.wants("stamps", "warning", "sync_runs.heartbeat_at (1 row, until 2101-02-03 04:05:06)", "They hold nothing up")
	d.wants("stamps", "warning", "meters.changed_at (", "")
	d.wantsRest("ok", "stamps")
}

func TestDoctorSaysWhatDaylightSavingDoes(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	d := diagnosed(t, p.env.with("SYNCER_SCHEDULE", "CRON_TZ=Europe/Berlin 0 4 * * *"), exitDone)
	d.wants("time_zone", "ok", "the clock of Europe/Berlin is set ", "")
	d.wants("time_zone", "ok", ": no tick is skipped or doubled", "")
	d = diagnosed(t, p.env.with("SYNCER_SCHEDULE", "CRON_TZ=Europe/Berlin 30 2 * * *"), exitDone)
	says := "no tick comes at 02:30 on that day"
	if strings.Contains(d.lines["time_zone"].Message, " back ") { // by the season in which the test runs
		says = "the tick at 02:30 comes twice on that day"
	}
	d.wants("time_zone", "warning", says, "UTC has no daylight saving")
	diagnosed(t, p.env, exitDone).wants("time_zone", "ok", "the schedule knows no daylight saving", "")
}
