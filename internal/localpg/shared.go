package localpg

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// errNotUp means that no server accepts connections in the folder right now.
var errNotUp = errors.New("no server accepts connections")

// share returns the server that runs in root already. It proves that the server
// is up by opening a session, and keeps the session: its end tells of the
// server's end, which is not our process to wait for.
func share(ctx context.Context, root string) (*Server, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socketPath(root))
	if err != nil {
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EAGAIN) {
			return nil, errNotUp
		}
		return nil, err
	}
	in := bufio.NewReader(conn)
	interrupt := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = openSession(conn, in)
	if !interrupt() {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("share the server in %s: %w", root, err)
	}
	s := newServer(root, conn)
	go func() {
		defer close(s.done)
		_, _ = io.Copy(io.Discard, in)
		conn.Close()
	}()
	return s, nil
}

// openSession does what a client does first: say who it is and wait until the
// server is ready for a query.
// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
func openSession(out io.Writer, in *bufio.Reader) error {
	const hello = "\x00\x03\x00\x00" + // protocol 3.0
		"user\x00syncer\x00database\x00postgres\x00application_name\x00localpg shares this server\x00\x00"
	size := binary.BigEndian.AppendUint32(nil, uint32(len(hello)+4)) // counts itself
	if _, err := out.Write(append(size, hello...)); err != nil {
		return gone(err)
	}
	for {
		kind, body, err := readMessage(in)
		switch {
		case err != nil:
			return gone(err)
		case kind == 'Z': // ready for query
			return nil
		case kind == 'E':
			return refusal(body)
		case kind == 'R' && (len(body) != 4 || binary.BigEndian.Uint32(body) != 0):
			return errors.New("it asks for a password: let the role syncer in with trust in pg_hba.conf")
		}
	}
}

// gone tells a server that ended meanwhile from other trouble.
func gone(err error) error {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return errNotUp
		}
	}
	return err
}

func readMessage(in io.Reader) (kind byte, body []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, nil, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size < 4 || size > 1<<20 {
		return 0, nil, fmt.Errorf("message of %d bytes: not a Postgres server", size)
	}
	body = make([]byte, size-4)
	_, err = io.ReadFull(in, body)
	return head[0], body, err
}

// refusal turns the server's error into ours: a field is its letter and its text.
func refusal(body []byte) error {
	fields := map[byte]string{}
	for field := range strings.SplitSeq(string(body), "\x00") {
		if field != "" {
			fields[field[0]] = field[1:]
		}
	}
	const cannotConnectNow = "57P03" // starting up or shutting down
	if fields['C'] == cannotConnectNow {
		return errNotUp
	}
	return fmt.Errorf("%s (SQLSTATE %s)", fields['M'], fields['C'])
}
