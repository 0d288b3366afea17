package fetchtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// ErrorAnswer is one answer of errors.jsonl: mostly errors, and the notable
// 200s. Tokens in Request.Headers are words in angle brackets.
type ErrorAnswer struct {
	Name    string // such as "404 ResourceNotFound: deleted link"; unique within Server
	Server  string // HEAD (August 2026) or S (March 2025)
	Env     string // development, or sandbox where the rate limiter ran
	Request ErrorRequest
	Status  int
	Headers []Header // as sent, in order
	Body    []byte   // nil if not kept
	Note    string
}

// ErrorRequest is the request an ErrorAnswer answers. It also carried
// "Host: api.polar.sh" and "X-Forwarded-Proto: https".
type ErrorRequest struct {
	Method  string
	Path    string // with its query
	Headers map[string]string
}

// Header is one header line.
type Header struct{ Name, Value string }

// Errors reads every recorded answer of errors.jsonl.
func Errors() ([]ErrorAnswer, error) {
	raw, err := recordings.ReadFile("recordings/errors.jsonl")
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	var all []ErrorAnswer
	for dec := json.NewDecoder(bytes.NewReader(raw)); ; {
		var row struct {
			ErrorAnswer
			Headers [][2]string
			Body    *string
		}
		switch err := dec.Decode(&row); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("parse errors.jsonl: line %d: %w", len(all)+1, err)
		}
		for _, h := range row.Headers {
			row.ErrorAnswer.Headers = append(row.ErrorAnswer.Headers, Header{Name: h[0], Value: h[1]})
		}
		if row.Body != nil {
			row.ErrorAnswer.Body = []byte(*row.Body)
		}
		all = append(all, row.ErrorAnswer)
	}
}

// findError picks the row of that name from the given server. HEAD's rows fill
// in for S: its scope and rate limit answers could not be recorded.
func findError(rows []ErrorAnswer, server, name string) (ErrorAnswer, bool) {
	var other *ErrorAnswer
	for i, row := range rows {
		if row.Name != name {
			continue
		}
		if row.Server == server {
			return row, true
		}
		other = &rows[i]
	}
	if other == nil || other.Server == "S" {
		return ErrorAnswer{}, false
	}
	return *other, true
}

// reply is the row as it goes over the wire again. net/http sets the headers
// that belong to the connection.
func (e ErrorAnswer) reply() reply {
	out := reply{status: e.Status, header: http.Header{}, body: e.Body}
	for _, h := range e.Headers {
		switch strings.ToLower(h.Name) {
		case "date", "connection":
		case "transfer-encoding":
			out.chunked = true
		case "content-length":
			// only a HEAD request may learn the length of what is not sent
			if e.Request.Method == http.MethodHead {
				out.header.Set(h.Name, h.Value)
			}
		default:
			out.header.Add(h.Name, h.Value)
		}
	}
	return out
}
