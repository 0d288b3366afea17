// Package relay stands between a program and Postgres. It counts what the
// program asks, delays it as a network would, and can record it, to replay it
// without the program.
//
// It knows just enough of the frontend's side of the protocol: where a message
// ends, and its kind.
// https://www.postgresql.org/docs/current/protocol-message-formats.html
package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Options configure a relay.
type Options struct {
	Socket    string        // the server's, a path
	RoundTrip time.Duration // half of it each way
	Recording io.Writer     // receives the requests, for Replay; nil: none
}

// Relay stays open until Stop, or until the context of Start ends.
type Relay struct {
	options  Options
	listener net.Listener
	recorder *recorder // nil: none
	running  sync.WaitGroup
	cancel   context.CancelFunc

	statements, roundTrips atomic.Int64
}

// Start listens on loopback.
func Start(ctx context.Context, o Options) (*Relay, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the relay: %w", err)
	}
	r := &Relay{options: o, listener: listener}
	if o.Recording != nil {
		r.recorder = &recorder{out: o.Recording}
	}
	ctx, r.cancel = context.WithCancel(ctx)
	context.AfterFunc(ctx, func() { listener.Close() })
	r.running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			r.running.Go(func() { r.serve(ctx, client) })
		}
	})
	return r, nil
}

// Stop cuts all connections. The error concerns the recording.
func (r *Relay) Stop() error {
	r.cancel()
	r.running.Wait()
	if r.recorder == nil {
		return nil
	}
	return r.recorder.err
}

// URL returns the address of a database through the relay.
func (r *Relay) URL(user, database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.User(user), Host: r.listener.Addr().String(), Path: database,
		RawQuery: "sslmode=disable",
	}).String()
}

// Counts returns the statements executed so far, including BEGIN and COMMIT,
// and how often a program waited for the server's answer.
func (r *Relay) Counts() (statements, roundTrips int64) {
	return r.statements.Load(), r.roundTrips.Load()
}

// serve relays one connection until both sides have hung up.
func (r *Relay) serve(ctx context.Context, client net.Conn) {
	defer client.Close()
	server, err := new(net.Dialer).DialContext(ctx, "unix", r.options.Socket)
	if err != nil {
		return // the program sees the connection end
	}
	defer server.Close()
	stop := context.AfterFunc(ctx, func() {
		client.Close()
		server.Close()
	})
	defer stop()
	asked := frontend{message: r.count}
	if r.recorder != nil {
		asked.message, asked.bytes = r.recorder.connection(r.count)
	}
	var both sync.WaitGroup
	both.Go(func() { pass(server, client, r.options.RoundTrip/2, asked.read) })
	both.Go(func() { pass(client, server, r.options.RoundTrip/2, func([]byte) {}) })
	both.Wait()
}

// count counts a message by its kind.
func (r *Relay) count(kind byte) {
	switch kind {
	case query:
		r.statements.Add(1)
		r.roundTrips.Add(1)
	case execute:
		r.statements.Add(1)
	case flush, synchronize:
		r.roundTrips.Add(1)
	}
}

// piece is part of what one side says, and when the other may hear it.
type piece struct {
	bytes []byte
	due   time.Time
}

// pass is a line with a delay: everything comes out that long after it went in,
// and more may enter meanwhile.
func pass(to, from net.Conn, delay time.Duration, see func([]byte)) {
	line := make(chan piece, 256)
	var reading sync.WaitGroup
	defer reading.Wait()
	reading.Go(func() {
		defer close(line)
		for {
			buffer := make([]byte, 16<<10)
			n, err := from.Read(buffer)
			due := time.Now().Add(delay)
			if n > 0 {
				see(buffer[:n])
				line <- piece{buffer[:n], due}
			}
			if err != nil {
				return
			}
		}
	})
	var err error
	for p := range line {
		if err != nil {
			continue // nobody listens any more; from is closed below
		}
		sleepUntil(p.due)
		if _, err = to.Write(p.bytes); err != nil {
			from.Close()
		}
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		if err := half.CloseWrite(); err != nil && !errors.Is(err, net.ErrClosed) {
			to.Close()
		}
	}
}

// sleepUntil waits in the kernel: the runtime's own timers are late by up to a
// millisecond, which is as long as the whole wait.
func sleepUntil(t time.Time) {
	for left := time.Until(t); left > 0; left = time.Until(t) {
		tv := unix.NsecToTimeval(int64(left))
		if _, err := unix.Select(0, nil, nil, nil, &tv); err != nil && !errors.Is(err, unix.EINTR) {
			time.Sleep(left)
		}
	}
}
