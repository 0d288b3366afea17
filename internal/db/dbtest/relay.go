package dbtest

import (
	"context"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Relay is a network between a program and Postgres, over TCP, that can fall silent.
type Relay struct {
	socket   string // of the server
	listener net.Listener
	database url.URL // through the relay
	running  sync.WaitGroup

	mu     sync.Mutex
	silent bool
	open   []net.Conn // both sides
}

// NewRelay opens a way to the database at target, an URL of this package, until the
// test ends. addr is where it listens; "": anywhere.
func NewRelay(tb testing.TB, target, addr string) *Relay {
	tb.Helper()
	u, err := url.Parse(target)
	if err != nil {
		tb.Fatal(err)
	}
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	query := u.Query()
	r := &Relay{
		socket:   filepath.Join(query.Get("host"), ".s.PGSQL."+query.Get("port")),
		listener: listener, database: *u,
	}
	query.Del("host")
	query.Del("port")
	query.Set("sslmode", "disable")
	r.database.Host, r.database.RawQuery = listener.Addr().String(), query.Encode()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	tb.Cleanup(func() {
		cancel()
		listener.Close()
		r.mu.Lock()
		for _, conn := range r.open {
			conn.Close()
		}
		r.mu.Unlock()
		r.running.Wait()
	})
	r.running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			r.serve(ctx, client)
		}
	})
	return r
}

// URL is that of the database through the relay.
func (r *Relay) URL() string { return strings.TrimSuffix(r.database.String(), "?") }

// Silence makes the network swallow what either side says from now on. No connection
// ends, and new ones are taken.
func (r *Relay) Silence() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silent = true
}

func (r *Relay) serve(ctx context.Context, client net.Conn) {
	server, err := new(net.Dialer).DialContext(ctx, "unix", r.socket)
	if err != nil {
		client.Close() // as if nobody listened
		return
	}
	r.mu.Lock()
	r.open = append(r.open, client, server)
	r.mu.Unlock()
	pass := func(to, from net.Conn) {
		buffer := make([]byte, 32<<10)
		for {
			n, err := from.Read(buffer)
			r.mu.Lock()
			silent := r.silent
			r.mu.Unlock()
			if silent { // the end of a connection is swallowed, too
				_, _ = io.Copy(io.Discard, from)
				return
			}
			if _, e := to.Write(buffer[:n]); err != nil || e != nil {
				to.Close()
				return
			}
		}
	}
	r.running.Go(func() { pass(server, client) })
	r.running.Go(func() { pass(client, server) })
}
