package dbtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"syncer/internal/localpg"
)

// Pooler starts a PgBouncer before the tests' server, and returns the libpq URL of the
// database at databaseURL through it. It is configured as Debian ships it, except that
// it hands out at most size connections of that database for one transaction each,
// listens on a Unix socket only, and trusts the given users, besides the URL's own.
// more are further lines of its configuration. Without a PgBouncer the test fails.
func Pooler(tb testing.TB, databaseURL string, size int, users []string, more ...string) string {
	tb.Helper()
	bin, err := findPgBouncer()
	if err != nil {
		tb.Fatal(err)
	}
	u, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatal(err)
	}
	folder := serverFolder(tb)
	write := func(name string, lines ...string) {
		tb.Helper()
		// Readable for the user it runs as, in a folder that nobody else can enter.
		if err := os.WriteFile(filepath.Join(folder, name), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	var trusted []string
	for _, user := range append(users, u.User.Username()) {
		trusted = append(trusted, fmt.Sprintf(`"%s" ""`, user))
	}
	write("users", trusted...)
	write("pgbouncer.ini", append([]string{
		"[databases]",
		fmt.Sprintf("* = host=%s port=%s", u.Query().Get("host"), u.Query().Get("port")),
		"[pgbouncer]",
		"pool_mode = transaction",
		fmt.Sprintf("default_pool_size = %d", size),
		"unix_socket_dir = " + folder,
		"listen_port = 6432",
		"auth_type = trust",
		"auth_file = " + filepath.Join(folder, "users"),
	}, more...)...)

	startPooler(tb, bin, filepath.Join(folder, "pgbouncer.ini"))
	query := u.Query()
	query.Set("host", folder)
	query.Set("port", "6432")
	u.RawQuery = query.Encode()
	return u.String()
}

// startPooler returns once the pooler listens. It ends with the test.
func startPooler(tb testing.TB, bin, config string) {
	tb.Helper()
	// The shell ends it when its own input ends, which is when this process does.
	cmd, err := localpg.Command(context.WithoutCancel(tb.Context()), "/bin/sh", "-c",
		`"$0" "$1" 2>&1 & bouncer=$!; exec >&-; read -r _; kill -INT "$bouncer"; wait`, bin, config)
	if err != nil {
		tb.Fatal(err)
	}
	hold, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	log, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		tb.Fatal(err)
	}
	read := make(chan struct{})
	up := make(chan string, 2) // "", or the log of one that has ended
	go func() {
		defer close(read)
		var all strings.Builder
		for lines := bufio.NewScanner(log); lines.Scan(); {
			fmt.Fprintln(&all, lines.Text())
			if strings.Contains(lines.Text(), "process up: ") {
				up <- ""
			}
		}
		up <- all.String()
	}()
	tb.Cleanup(func() {
		_ = hold.Close()
		<-read
		_ = cmd.Wait()
	})
	if log := <-up; log != "" {
		tb.Fatalf("pgbouncer does not come up:\n%s", log)
	}
}

// findPgBouncer looks on PATH and where Debian puts it.
func findPgBouncer() (string, error) {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no pgbouncer here: run scripts/pgbouncer, or install it (Debian, Ubuntu: apt-get install pgbouncer; macOS: brew install pgbouncer)")
}

// serverFolder makes a folder of the user that Postgres runs as, for the length of the
// test. Its path is short enough for a socket.
func serverFolder(tb testing.TB) string {
	tb.Helper()
	cmd, err := localpg.Command(tb.Context(), "mktemp", "-d", "/tmp/syncer-test-XXXXXX")
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("mktemp: %v", err)
	}
	folder := strings.TrimSpace(string(out))
	tb.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			tb.Error(err)
		}
	})
	return folder
}
