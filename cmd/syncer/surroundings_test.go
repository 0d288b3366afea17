package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestADaemonOutlivesItsReader closes the pipe into which a daemon logs.
func TestADaemonOutlivesItsReader(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	d := &process{tb: t, cmd: newCommand(t, p.all().with("SYNCER_SCHEDULE", "@every 1s"), []string{"run"}), stdout: newStream(), stderr: newStream()}
	d.cmd.Stdout, d.cmd.Stderr = writer, writer
	d.begin()
	_ = writer.Close()
	eventually(t, "it runs", func() bool { return strings.Contains(runs(t, p), "start succeeded") })
	_ = reader.Close()
	had := strings.Count(runs(t, p), "succeeded")
	eventually(t, "it runs on, and logs into nothing", func() bool { return strings.Count(runs(t, p), "succeeded") >= had+2 })
	d.signal(terminate)
	if code := d.wait(); code != exitSignal+int(terminate) {
		t.Errorf("exit %d", code)
	}
}

// TestOtherCommandsEndWithTheirReader: as those of the system do, without a word.
func TestOtherCommandsEndWithTheirReader(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = reader.Close()
	p := &process{tb: t, cmd: newCommand(t, nil, []string{"version"}), stdout: newStream(), stderr: newStream()}
	p.cmd.Stdout, p.cmd.Stderr = writer, p.stderr
	p.begin()
	_ = writer.Close()
	p.wait()
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGPIPE || p.stderr.String() != "" {
		t.Errorf("%v: %s", p.cmd.ProcessState, p)
	}
}

// TestTimeZonesAreBuiltIn looks for them in the program itself: the machine of the
// tests has its own.
func TestTimeZonesAreBuiltIn(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if zone := strings.Join([]string{"America", "Argentina", "ComodRivadavia"}, "/"); !bytes.Contains(program, []byte(zone)) {
		t.Error("no time zone in the program")
	}
	env := nowhere.with("SYNCER_SCHEDULE", "CRON_TZ=Europe/Berlin 0 4 * * *", "ZONEINFO", "/there/is/no")
	once(t, env, exitDatabase, "backfill") // past the configuration
}

// certificate writes a server's certificate into a file.
func certificate(tb testing.TB, server *httptest.Server) string {
	tb.Helper()
	return writeFile(tb, "authority.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
}

func TestAnUnknownAuthorityIsNamedWithItsRemedy(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	server := httptest.NewTLSServer(http.HandlerFunc(p.polar.ServeHTTP))
	t.Cleanup(server.Close)
	env := p.all().with("POLAR_SERVER", server.URL)
	const says = "Set SSL_CERT_FILE to a file with the certificates of that authority"
	diagnosed(t, env, exitUnreachable).wants("polar", "problem", "certificate signed by unknown authority", says)
	once(t, env, exitUnreachable, "backfill").saying("certificate signed by unknown authority", says)
	once(t, env.with("SSL_CERT_FILE", certificate(t, server)), exitDone, "backfill")
}

// TestAnUnknownAuthorityOfPostgresIsNamedWithItsRemedy speaks Postgres until TLS begins.
func TestAnUnknownAuthorityOfPostgresIsNamedWithItsRemedy(t *testing.T) {
	t.Parallel()
	certified := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(certified.Close)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			request := make([]byte, 8) // for TLS
			_, _ = io.ReadFull(conn, request)
			_, _ = conn.Write([]byte("S")) // yes
			_ = tls.Server(conn, certified.TLS).HandshakeContext(context.WithoutCancel(t.Context()))
			conn.Close()
		}
	}()
	env := nowhere.with("DATABASE_URL", "postgres://me@"+listener.Addr().String()+"/db?sslmode=verify-full")
	const says = "Set SSL_CERT_FILE to a file"
	once(t, env, exitDatabase, "status").saying("certificate signed by unknown authority", says)
	if p := once(t, env.with("SSL_CERT_FILE", certificate(t, certified)), exitDatabase, "status"); strings.Contains(p.String(), says) {
		t.Errorf("it knows the authority now: %s", p)
	}
}
