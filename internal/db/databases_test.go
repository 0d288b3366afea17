package db_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
	"syncer/internal/db/query"
	"syncer/internal/secret"
)

func TestADatabaseInAnotherEncodingIsRefused(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"SQL_ASCII", "LATIN1"} {
		err := openOnce(t, dbtest.Encoded(t, encoding))
		if !errors.Is(err, db.ErrUnfit) || !strings.Contains(err.Error(), " is "+encoding+", but only UTF8") ||
			!strings.Contains(err.Error(), `_utf8" TEMPLATE template0 ENCODING 'UTF8' and use that`) {
			t.Errorf("%s: %v", encoding, err)
		}
	}
}

// TestTheLineThatMakesADatabaseSuitsTheServersLocale: Postgres refuses one for UTF8 with
// a locale for another encoding.
func TestTheLineThatMakesADatabaseSuitsTheServersLocale(t *testing.T) {
	t.Parallel()
	for locale, end := range map[string]string{
		"C": "'UTF8' and use that", "POSIX": "'UTF8' and use that", "en_US.UTF-8": "'UTF8' and use that", "C.utf8": "'UTF8' and use that",
		"de_DE.ISO-8859-1": "'UTF8' LOCALE 'C' and use that",
	} {
		err := db.WrongEncoding(query.GetServerRow{Database: `a"b`, Encoding: "LATIN1", Locale: locale})
		if want := `CREATE DATABASE "a""b_utf8" TEMPLATE template0 ENCODING ` + end; !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", locale, err, want)
		}
	}
}

func TestTextIsUTF8WhateverTheClientsSettings(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	plain := dbtest.Open(t, url)
	database := ask[string](t, plain, "SELECT current_database()")
	exec(t, plain, "ALTER DATABASE "+database+" SET client_encoding = 'LATIN1'; ALTER DATABASE "+database+" SET timezone = 'Asia/Tokyo'")
	d := openSchema(t, url+"&client_encoding=LATIN1&Client_Encoding=SQL_ASCII&TimeZone=Asia/Tokyo&SEARCH_PATH=public&row_security=on", "a")
	for setting, want := range map[string]string{"client_encoding": "UTF8", "timezone": "UTC", "search_path": "a", "row_security": "off"} {
		if got := ask[string](t, d, "SELECT current_setting($1)", setting); got != want {
			t.Errorf("%s is %s, want %s", setting, got, want)
		}
	}
	const text = "ä € 💶"
	if got := ask[string](t, d, "SELECT $1::text || ' ' || octet_length($1::text)", text); got != text+" 11" {
		t.Errorf("got %q", got)
	}
}

func TestWhatIsForOtherProgramsIsRefusedByName(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	for text, says := range map[string]string{
		url + "&pgbouncer=true":                 "the parameter pgbouncer is for another program; remove it: a pooler is recognised",
		url + "&connection_limit=hunter2":       "the parameter connection_limit is for another program; remove it; pool_max_conns",
		url + "&pool_timeout=1":                 "the parameter pool_timeout",
		url + "&schema=hunter2":                 "the parameter schema is for another program; remove it; `schema:` in the configuration file",
		url + "&currentSchema=x":                "the parameter currentSchema",
		url + "&sslaccept=strict":               "use sslmode=verify-full",
		url + "&ssl=false":                      "the parameter ssl is for another program; use sslmode",
		"host=x schema=hunter2":                 "the parameter schema",
		"postgresql+psycopg2://u:hunter2@h/":    "postgresql+psycopg2:// is for another program; begin the URL with postgresql://",
		"postgres+asyncpg://u:hunter2@h/":       "postgres+asyncpg:// is for",
		"JDBC:postgresql://h/?password=hunter2": "JDBC:postgresql: is for",
		"prisma+postgres://h/?api_key=hunter2":  "prisma+postgres:// is for",
		// What no list knows the server refuses.
		url + "&keepalives=hunter2":        `the server refuses the parameter "keepalives"; correct or remove it`,
		url + "&max_connections=7":         `the server refuses the parameter "max_connections"`,
		url + "&statement_timeout=hunter2": `the server refuses the parameter "statement_timeout"`,
	} {
		err := openOnce(t, text)
		if !errors.Is(err, db.ErrConfig) || !strings.Contains(err.Error(), "DATABASE_URL: ") || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, says)
		}
	}
	if err := openOnce(t, url+"&statement_timeout=1min&application_name=x&pool_max_conns=3&options=-cwork_mem%3D8MB"); err != nil {
		t.Errorf("Postgres' own: %v", err)
	}
}

// openOnce opens a database and closes it.
func openOnce(tb testing.TB, url string) error {
	tb.Helper()
	d, err := db.Open(tb.Context(), db.Config{URL: secret.New(url)})
	if err == nil {
		d.Close()
	}
	return err
}

// TestAConnectionThatFindsOtherTablesIsNotUsed puts somebody on the way who changes
// what a connection asks for, and passes everything else on.
func TestAConnectionThatFindsOtherTablesIsNotUsed(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(dbtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	server := query.Get("host") + "/.s.PGSQL." + query.Get("port")
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go changing(t.Context(), client, server)
		}
	}()
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	query.Set("host", host)
	query.Set("port", port)
	query.Set("sslmode", "disable")
	u.RawQuery = query.Encode()
	d, err := db.Open(t.Context(), db.Config{URL: secret.New(u.String())})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Runs(t.Context(), "shop", 1); !errors.Is(err, db.ErrUnfit) || !strings.Contains(err.Error(), `the search_path "loser" instead of "polar"`) {
		t.Error(err)
	}
}

// changing passes a connection on to a server, but asks it for other tables.
func changing(ctx context.Context, client net.Conn, server string) {
	defer client.Close()
	there, err := new(net.Dialer).DialContext(ctx, "unix", server)
	if err != nil {
		return
	}
	defer there.Close()
	go func() { _, _ = io.Copy(client, there) }()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if _, err := there.Write(bytes.Replace(buf[:n], []byte("search_path\x00polar"), []byte("search_path\x00loser"), 1)); err != nil {
			return
		}
	}
}

func TestAServerThatOnlyReadsTakesNoRun(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	if err := dbtest.Open(t, url).Writable(); err != nil {
		t.Error(err)
	}
	d := dbtest.Open(t, url+"&default_transaction_read_only=on")
	if err := d.Writable(); !errors.Is(err, db.ErrReadOnly) || !strings.Contains(err.Error(), "has default_transaction_read_only on, for the role") {
		t.Error(err)
	}
	if _, err := d.Migrate(t.Context()); !errors.Is(err, db.ErrReadOnly) {
		t.Error(err)
	}
}

// TestAStandbyAnswersWhatOnlyReads asks a real one.
func TestAStandbyAnswersWhatOnlyReads(t *testing.T) {
	t.Parallel()
	primary := dbtest.New(t)
	saveBatch(t, primary)
	d := dbtest.Open(t, dbtest.Standby(t, primary.Pool().Config().ConnString()))
	if s := d.Server(); !s.Standby || s.Pooled {
		t.Errorf("%+v", s)
	}
	if err := d.Writable(); !errors.Is(err, db.ErrReadOnly) || !strings.Contains(err.Error(), " is a standby") {
		t.Error(err)
	}
	all, err := d.Migrations(t.Context())
	if err != nil || len(all) == 0 || all[len(all)-1].AppliedAt.IsZero() {
		t.Errorf("%+v, %v", all, err)
	}
	readEverything(t, d)
}
