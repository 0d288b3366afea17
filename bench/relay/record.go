package relay

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// recorder writes down the requests: for each, the number of the connection, a
// length, and everything from one answer to the next.
type recorder struct {
	mu          sync.Mutex
	out         io.Writer
	err         error
	connections uint32
}

// connection joins in the frontend of a new connection. It ignores what the
// messages count as.
func (r *recorder) connection(count func(kind byte)) (message func(kind byte), part func([]byte)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	number := r.connections
	r.connections++
	var asked []byte
	message = func(kind byte) {
		count(kind)
		switch kind {
		case startup:
			asked = asked[:0] // Replay opens connections itself
		case query, synchronize:
			r.write(number, asked)
			asked = asked[:0]
		}
	}
	return message, func(p []byte) { asked = append(asked, p...) }
}

func (r *recorder) write(connection uint32, asked []byte) {
	head := binary.BigEndian.AppendUint32(nil, connection)
	head = binary.BigEndian.AppendUint32(head, uint32(len(asked))) //nolint:gosec // some MB
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range [][]byte{head, asked} {
		if r.err == nil {
			_, r.err = r.out.Write(p)
		}
	}
}

// Replay sends everything recorded to a database, in order, on as many
// connections as before. A server error ends it. The database must be as the
// recorded one was at the start: types keep their OIDs in a copy.
func Replay(ctx context.Context, recording io.Reader, config *pgconn.Config) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var open []*pgconn.HijackedConn
	in := bufio.NewReaderSize(recording, 1<<20)
	var asked []byte
	for {
		var head [8]byte
		_, err := io.ReadFull(in, head[:])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the recording: %w", err)
		}
		n := int(binary.BigEndian.Uint32(head[4:]))
		asked = slices.Grow(asked[:0], n)[:n]
		if _, err := io.ReadFull(in, asked); err != nil {
			return fmt.Errorf("read the recording: %w", err)
		}
		number := int(binary.BigEndian.Uint32(head[:4]))
		for len(open) <= number {
			c, err := connect(ctx, config)
			if err != nil {
				return err
			}
			open = append(open, c)
		}
		if err := ask(open[number], asked); err != nil {
			return fmt.Errorf("replay: %w", err)
		}
	}
}

func connect(ctx context.Context, config *pgconn.Config) (*pgconn.HijackedConn, error) {
	c, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	hijacked, err := c.Hijack()
	if err == nil {
		context.AfterFunc(ctx, func() { hijacked.Conn.Close() })
	}
	return hijacked, err
}

// ask sends a request and waits until the server is ready for more.
func ask(c *pgconn.HijackedConn, asked []byte) error {
	sent := make(chan error, 1)
	go func() { // the server may already answer
		_, err := c.Conn.Write(asked)
		sent <- err
	}()
	for {
		message, err := c.Frontend.Receive()
		if err != nil {
			return err
		}
		switch m := message.(type) {
		case *pgproto3.ErrorResponse:
			return pgconn.ErrorResponseToPgError(m)
		case *pgproto3.ReadyForQuery:
			return <-sent
		}
	}
}
