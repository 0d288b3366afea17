package main

import (
	"strings"
	"testing"

	"syncer/internal/db/dbtest"
	"syncer/internal/fetch/fetchtest"
)

// readers are the commands that only read, and what each prints about a place.
func (p *place) readers() map[string]string {
	return map[string]string{
		"status": "backfill", "explain " + p.polar.LinkIDs()[0]: p.polar.LinkIDs()[0], "drift": "", "migrate status": "Z\n",
		"dictionary": "### polar_bi.discounts\n", "dictionary --dbt": "  - name: polar_bi\n",
		"backfill --dry-run": "0 would change",
	}
}

// TestEveryCommandWorksThroughAPooler has one connection for all that a command does at once.
func TestEveryCommandWorksThroughAPooler(t *testing.T) {
	t.Parallel()
	direct := withPassword(t, dbtest.Empty(t))
	p := placeFor(t, direct, fetchtest.StartServer(t, fetchtest.NewServer(recording(t, "seed-ads"))))
	env := p.all().with("DATABASE_URL", dbtest.Pooler(t, direct, 1, nil))

	once(t, env, exitUsage, "migrate").saying("migrate needs the server itself, and this is a pooler; set SYNCER_MIGRATE_DATABASE_URL to the server's own address")
	once(t, env, exitSchema, "backfill").saying("run `syncer migrate`")
	once(t, env.with(migrateVariable, direct), exitDone, "migrate").printing("applied 00001_arrays.sql")
	once(t, env.with("SYNCER_CONFIG", writeFile(t, "syncer.yaml", "migrate_database_url: "+direct)), exitDone, "migrate").printing("is up to date")

	once(t, env, exitDifferent, "backfill", "--dry-run")
	once(t, env, exitDone, "backfill").printing("20 links")
	if n := ask[int](t, direct, "SELECT count(*) FROM checkout_links"); n != 20 {
		t.Errorf("%d links", n)
	}
	for command, prints := range p.readers() {
		once(t, env, exitDone, strings.Fields(command)...).printing(prints)
	}
	d := diagnosed(t, env, exitDone)
	d.wantsRest("ok")
	d.wants("database", "ok", ", role syncer, through a pooler", "")

	daemon := start(t, env, "run")
	daemon.awaits(daemon.stderr, `run finished.*status=(succeeded)`)
	daemon.signal(terminate)
	daemon.exits(exitSignal + int(terminate))
}

func TestMigrateHasAnAddressOfItsOwn(t *testing.T) {
	t.Parallel()
	direct := withPassword(t, dbtest.Empty(t))
	alone := variables{migrateVariable: direct}
	once(t, alone, exitDone, "migrate").printing("applied")
	once(t, alone, exitDone, "migrate", "status").printing("schema polar")
	for _, command := range []string{"status", "drift"} {
		once(t, alone, exitUsage, command).saying("no database is configured: SYNCER_MIGRATE_DATABASE_URL is for `syncer migrate` alone; set DATABASE_URL, too")
	}
	wrong := variables{migrateVariable: "postgres://u:" + testPassword + "@host:bad/db", "DATABASE_URL": direct}
	once(t, wrong, exitUsage, "migrate").saying("wrong database settings: SYNCER_MIGRATE_DATABASE_URL: ")
	once(t, wrong, exitDone, "drift")
}

func TestADatabaseInAnotherEncodingExits9(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	for _, encoding := range []string{"SQL_ASCII", "LATIN1"} {
		env := p.env.with("DATABASE_URL", withPassword(t, dbtest.Encoded(t, encoding)))
		for _, command := range []string{"migrate", "run", "backfill", "status"} {
			once(t, env, exitDatabase, command).saying("the database will not do: the encoding of database", encoding, "TEMPLATE template0 ENCODING 'UTF8'")
		}
		diagnosed(t, env, exitDatabase).wants("database", "problem", " is "+encoding+", but only UTF8 holds all that Polar sends", `Make another with CREATE DATABASE "test_`)
	}
	if n := p.polar.Requests().Total; n > 4 { // doctor's
		t.Errorf("%d requests for nothing", n)
	}
}

// TestTextSurvivesAClientEncoding sets what psql's users have set for their terminals.
func TestTextSurvivesAClientEncoding(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	p.polar.Overlay(`0 label "Äpfel für 5 € 💶"`)
	env := p.all().with("PGCLIENTENCODING", "LATIN1", "DATABASE_URL", p.database+"&client_encoding=SQL_ASCII")
	once(t, env, exitDone, "backfill")
	if n := ask[int](t, p.database, "SELECT count(*) FROM checkout_links WHERE label = U&'\\00C4pfel f\\00FCr 5 \\20AC \\+01F4B6'"); n != 1 {
		t.Error("the label is not what Polar sent")
	}
}

// TestAStandbyIsReadAndNeverWritten points every command at a real one.
func TestAStandbyIsReadAndNeverWritten(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "seed-ads")
	backfilled(t, p.env, exitDone)
	env := p.env.with("DATABASE_URL", withPassword(t, dbtest.Standby(t, p.database)))
	p.polar.ResetCounts()
	for _, command := range []string{"run", "backfill", "migrate"} {
		once(t, env, exitDatabase, command).saying("the database only reads: the server at ", " is a standby", "Point DATABASE_URL at the primary")
		once(t, p.env.with("DATABASE_URL", p.database+"&default_transaction_read_only=on"), exitDatabase, command).
			saying("has default_transaction_read_only on", "or remove default_transaction_read_only")
	}
	if n := p.polar.Requests().Total; n != 0 {
		t.Errorf("%d requests for nothing", n)
	}
	for command, prints := range p.readers() {
		once(t, env, exitDone, strings.Fields(command)...).printing(prints)
	}
	d := diagnosed(t, env, exitDatabase)
	d.wants("database", "problem", "it is a standby, which is read-only", "Point DATABASE_URL at the primary.")
	d.wantsRest("ok", "database")
}
