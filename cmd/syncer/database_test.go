package main

import (
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

func TestADatabaseURLThatCannotBeReadExits2WithoutShowingIt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ url, says string }{
		{"postgres://u:hunter2@host:bad/db", "invalid port"},
		{"postgres://u:hunter2/x@host/db", "invalid port"},
		{"postgres://u:hun@ter2@host/db", "write an @ of the password as %40"},
		{"postgres://u:hun@ter2@host:bad/db", "invalid port"},
		{"postgres://u:hunter2%zz@host/db", "failed to parse as URL"},
		{"postgres://u:hunter2 x@host/db", "failed to parse as URL"},
		{"postgres://u:hunter2@[::1/db", "failed to parse as URL"},
		{"postgres://u:hunter2@host/db?sslmode=bogus", "check sslmode"},
		{"postgres://u@host/db?password=hunter2&port=bad", "invalid port"},
		{"host=x password=hunter2 port=bad", "invalid port"},
		{"host=x password='hunter2' port=bad", "invalid port"},
		{"host=x password = hunter2 port=bad", ""},
		{"PASSWORD=hunter2 port=bad", ""},
		{"mysql://u:hunter2@host/db", "use postgres://user@host/database"},
		{"u:hunter2@host/db", "use postgres://user@host/database"},
		{"hunter2", "use postgres://user@host/database"},
	} {
		t.Run(test.url, func(t *testing.T) {
			t.Parallel()
			p := once(t, nowhere.with("DATABASE_URL", test.url), exitUsage, "migrate").saying("DATABASE_URL", test.says)
			if strings.Contains(p.stderr.String(), "ter2") {
				t.Errorf("shows the password, or half of it:\n%s", p)
			}
		})
	}
}

func TestADatabaseThatIsNotThereExits9(t *testing.T) {
	t.Parallel()
	place := newPlace(t, "seed-ads")
	for name, database := range map[string]string{
		"nobody listens":   nowhere["DATABASE_URL"],
		"no such socket":   "postgres://syncer:" + testPassword + "@/syncer?host=/there/is/no",
		"no such database": strings.Replace(place.database, "/test_", "/no_test_", 1),
		"no such user":     strings.Replace(place.database, "syncer:", "nobody_we_know:", 1),
	} {
		for _, command := range []string{"migrate", "migrate status", "backfill", "run"} {
			if command == "run" && (name == "nobody listens" || name == "no such socket") {
				continue // waits: TestTheDaemonWaitsForItsDatabase
			}
			t.Run(name+"/"+command, func(t *testing.T) {
				t.Parallel()
				once(t, place.env.with("DATABASE_URL", database), exitDatabase, strings.Fields(command)...).
					saying("syncer: database unreachable: ", "Check DATABASE_URL or the PG* variables, and that Postgres is running.")
			})
		}
	}
	if n := place.polar.Requests().Total; n != 0 {
		t.Errorf("%d requests for nothing", n)
	}
}

// TestPasswordsReachTheServer asks a server that wants the password in clear
// text, which a real one should not.
func TestPasswordsReachTheServer(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "password", testPassword+"\n")
	for name, env := range map[string]variables{
		"in the URL":                    {"DATABASE_URL": "postgres://u:" + testPassword + "@HOST:PORT/db?sslmode=disable"},
		"in a file":                     {"DATABASE_URL": "postgres://u@HOST:PORT/db?sslmode=disable", "PGPASSWORD_FILE": file},
		"in a variable":                 {"DATABASE_URL": "postgres://u@HOST:PORT/db?sslmode=disable", "PGPASSWORD": testPassword},
		"in a file, the rest libpq's":   {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "u", "PGDATABASE": "db", "PGSSLMODE": "disable", "PGPASSWORD_FILE": file},
		"a variable before a file":      {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "u", "PGSSLMODE": "disable", "PGPASSWORD": testPassword, "PGPASSWORD_FILE": writeFile(t, "other", "other")},
		"all of it libpq's":             {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "u", "PGSSLMODE": "disable", "PGPASSWORD": testPassword},
		"in the configuration's URL":    {"SYNCER_CONFIG": "database_url: postgres://u:" + testPassword + "@HOST:PORT/db?sslmode=disable"},
		"environment before a file's":   {"SYNCER_CONFIG": "database_url: postgres://u:other@HOST:PORT/db", "DATABASE_URL": "postgres://u:" + testPassword + "@HOST:PORT/db?sslmode=disable"},
		"words in place of a URL":       {"DATABASE_URL": "host=HOST port=PORT user=u password='" + testPassword + "' sslmode=disable"},
		"a URL and libpq's variables":   {"DATABASE_URL": "postgres:///db?sslmode=disable", "PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "u", "PGPASSWORD": testPassword},
		"a URL's own before a variable": {"DATABASE_URL": "postgres://u:" + testPassword + "@HOST:PORT/db?sslmode=disable", "PGPASSWORD": "other", "PGUSER": "other"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, port, passwords := refusingPostgres(t)
			set := variables{}
			for variable, value := range env {
				value = strings.NewReplacer("HOST", host, "PORT", port).Replace(value)
				if variable == "SYNCER_CONFIG" {
					value = writeFile(t, "syncer.yaml", value)
				}
				set[variable] = value
			}
			once(t, set, exitDatabase, "migrate").saying("database unreachable", "28P01")
			if got := <-passwords; got != testPassword {
				t.Errorf("the server was told %q", got)
			}
		})
	}
}

// refusingPostgres asks every client for its password and refuses it.
func refusingPostgres(tb testing.TB) (host, port string, passwords <-chan string) {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	told, ended := make(chan string, 16), make(chan struct{})
	tb.Cleanup(func() {
		listener.Close()
		<-ended
	})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			told <- refuse(conn)
			conn.Close()
		}
	}()
	host, port, err = net.SplitHostPort(listener.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	return host, port, told
}

func refuse(conn net.Conn) (password string) {
	server := pgproto3.NewBackend(conn, conn)
	if _, err := server.ReceiveStartupMessage(); err != nil {
		return err.Error()
	}
	server.Send(&pgproto3.AuthenticationCleartextPassword{})
	if err := server.Flush(); err != nil {
		return err.Error()
	}
	if err := server.SetAuthType(pgproto3.AuthTypeCleartextPassword); err != nil {
		return err.Error()
	}
	message, err := server.Receive()
	if err != nil {
		return err.Error()
	}
	server.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "28P01", Message: "password authentication failed"})
	_ = server.Flush() // the client may have left
	if p, ok := message.(*pgproto3.PasswordMessage); ok {
		return p.Password
	}
	return "no password"
}
