package fetchtest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Truncate promises the normal answer's length, sends only its first bytes and
// cuts the connection.
func Truncate(sent int) Play {
	return func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
		out := capture(normal, r)
		out.begin(w)
		_, _ = w.Write(out.body[:max(0, min(sent, len(out.body)-1))])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// Stall sends nothing, not even a header, until released is closed, and then
// answers with the state of that moment. A nil channel never answers.
func Stall(released <-chan struct{}) Play {
	return func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
		until(r, released)
		normal.ServeHTTP(w, r)
	}
}

// Trickle sends the header at once and the body a byte at a time, until
// released is closed and the rest follows. A nil channel trickles to the end.
func Trickle(every time.Duration, released <-chan struct{}) Play {
	return func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
		out := capture(normal, r)
		out.begin(w)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for left := out.body; len(left) > 0; {
			_ = http.NewResponseController(w).Flush()
			n := 1
			select {
			case <-tick.C:
			case <-released:
				n = len(left)
			case <-r.Context().Done():
				panic(http.ErrAbortHandler)
			}
			_, _ = w.Write(left[:n])
			left = left[n:]
		}
	}
}

// begin sends the header of an answer whose body follows bit by bit.
func (a reply) begin(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
}

// Hangup closes the connection without an answer: the client sees EOF.
func Hangup() Play {
	return func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }
}

// Reset tears the connection down without an answer: the client sees ECONNRESET.
func Reset() Play {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(fmt.Sprintf("fetchtest: reset needs a real connection: %v", err))
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // unsent data is dropped, and RST goes out instead of FIN
		}
		_ = conn.Close()
	}
}

// GzipBomb answers JSON that unpacks to that many MiB, a thousand times its
// size on the wire.
func GzipBomb(mebibytes int) Play {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		// gzip streams concatenate, so one packed MiB serves for all
		_, _ = w.Write(gzipped([]byte(`{"label":"`)))
		filling := gzipped(bytes.Repeat([]byte("a"), 1<<20))
		for range mebibytes {
			if _, err := w.Write(filling); err != nil || r.Context().Err() != nil {
				panic(http.ErrAbortHandler) // the client had enough
			}
		}
		_, _ = w.Write(gzipped([]byte(`"}`)))
	}
}

func gzipped(plain []byte) []byte {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write(plain) // a buffer takes everything
	_ = zip.Close()
	return packed.Bytes()
}
