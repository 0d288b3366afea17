package fetchtest

import (
	"fmt"
	"net/http"
	"strings"
)

// This file holds the answers that arrive whole but say the wrong thing;
// wire.go holds those that do not arrive.

// proxyPage is what an edge proxy says while the server behind it is away.
const proxyPage = `<html>
<head><title>%[1]d %[2]s</title></head>
<body><center><h1>%[1]d %[2]s</h1></center><hr><center>cloudflare</center></body>
</html>
`

// Status answers with this status, body and headers ("Name: value"). Without a
// Content-Type it is plain text.
func Status(code int, body string, headers ...string) Play {
	out := reply{status: code, header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, body: []byte(body)}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ":")
		out.header.Set(name, strings.TrimSpace(value))
	}
	return always(out)
}

// TooMany answers 429 with an empty body, as Polar does. retryAfter is the
// header's text, seconds or an HTTP date; "" leaves the header out.
func TooMany(retryAfter string) Play {
	out := reply{status: http.StatusTooManyRequests, header: http.Header{}, chunked: true}
	if retryAfter != "" {
		out.header.Set("Retry-After", retryAfter)
	}
	return always(out)
}

// HTML answers with a proxy's error page, under any status, 200 included.
func HTML(code int) Play {
	return Status(code, fmt.Sprintf(proxyPage, code, http.StatusText(code)), "Content-Type: text/html; charset=UTF-8")
}

// Redirect answers with a redirect to an absolute or relative address.
func Redirect(code int, to string) Play {
	return Status(code, "", "Location: "+to)
}

// Replay answers a recorded row, byte for byte, without a body if none was kept.
func Replay(row ErrorAnswer) Play { return always(row.reply()) }

// Recorded replays the row of errors.jsonl with that name, as this catalogue's
// server sent it. It panics if there is none.
func (s *Server) Recorded(name string) Play { return always(s.recorded(name)) }

// ContentType answers normally except for its Content-Type.
func ContentType(is string) Play {
	return changed(func(out *reply) { out.header.Set("Content-Type", is) })
}

// BigHeader adds a header of that many bytes to the normal answer.
func BigHeader(bytes int) Play {
	return changed(func(out *reply) { out.header.Set("X-Padding", strings.Repeat("x", bytes)) })
}

// Mangle changes the body of the normal answer, LIST pages included.
func Mangle(change func(body []byte) []byte) Play {
	return changed(func(out *reply) { out.body = change(out.body) })
}

func always(out reply) Play {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { out.write(w) }
}

func changed(change func(*reply)) Play {
	return func(w http.ResponseWriter, r *http.Request, normal http.Handler) {
		out := capture(normal, r)
		change(&out)
		out.write(w)
	}
}

// capture returns the server's own answer.
func capture(normal http.Handler, r *http.Request) reply {
	c := captured{header: http.Header{}}
	normal.ServeHTTP(&c, r)
	c.header.Del("Content-Length") // it counted the old body
	return reply(c)
}

// captured is a reply to write to.
type captured reply

func (c *captured) Header() http.Header    { return c.header }
func (c *captured) WriteHeader(status int) { c.status = status }
func (c *captured) Flush()                 { c.chunked = true } // only a reply without length flushes

func (c *captured) Write(p []byte) (int, error) {
	c.body = append(c.body, p...)
	return len(p), nil
}
