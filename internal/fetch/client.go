package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"syncer/internal/secret"
)

const (
	// versionHeader names an API version, in a request and in the answer.
	versionHeader = "Polar-Version"
	// maxBody bounds an answer after decompression. A page of 100 links is about 1.5 MB.
	maxBody = 16 << 20
	// maxHeader bounds an answer's header.
	maxHeader = 64 << 10
	// keptBody bounds how much of an unexpected answer is kept.
	keptBody = 64 << 10
	// tries limits how often one request is sent before it counts as failed.
	tries = 4
	// maxPause caps Retry-After; Polar always says 60 seconds.
	maxPause = 2 * time.Minute
)

// Config configures a Client.
type Config struct {
	Server            *url.URL // such as https://api.polar.sh, see ParseServer
	Token             Token    // sent as Bearer to Server only
	Version           string   // of the API, see ParseVersion; "": AutoVersion
	RequestsPerMinute int      // budget; 0: none
	UserAgent         string
	Now               func() time.Time // stamps observations; nil: time.Now
	Backoff           time.Duration    // longest wait before the first retry, doubled for each, and half the shortest pause after a 429; 0: 500 ms
	Timeout           time.Duration    // of one request, from dial to the last byte; 0: a minute
}

// Token returns the access token. It is called before every request, so that a
// token rotated in its file counts at once.
type Token func() (secret.Text, error)

// FixedToken returns a token that never changes.
func FixedToken(token secret.Text) Token {
	return func() (secret.Text, error) { return token, nil }
}

// Client asks one Polar organization. It is safe for concurrent use; all users
// share its budget.
type Client struct {
	config      Config
	http        *http.Client
	negotiation *negotiation
	pacer       *pacer
	account     account
	requests    atomic.Int64
	size        atomic.Int64 // of the last answer, in bytes
}

// New makes a client without sending anything.
func New(config Config) *Client {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Backoff == 0 {
		config.Backoff = 500 * time.Millisecond
	}
	if config.Timeout == 0 {
		config.Timeout = time.Minute
	}
	return &Client{
		config:      config,
		negotiation: newNegotiation(config.Version, config.Backoff),
		pacer:       newPacer(config.RequestsPerMinute),
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:                  http.ProxyFromEnvironment,
				DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
				ForceAttemptHTTP2:      true,
				MaxIdleConnsPerHost:    workers,
				IdleConnTimeout:        90 * time.Second,
				TLSHandshakeTimeout:    10 * time.Second,
				ResponseHeaderTimeout:  30 * time.Second,
				MaxResponseHeaderBytes: maxHeader,
				TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			},
			// A redirect could carry the token to a stranger.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Timeout:       config.Timeout,
		},
	}
}

// Server returns the base URL.
func (c *Client) Server() string { return c.config.Server.String() }

// Requests counts the requests sent so far, retries included.
func (c *Client) Requests() int64 { return c.requests.Load() }

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// answer is the body of a 200, and when its request began and ended.
type answer struct {
	body      []byte
	at, until time.Time
}

// get asks for path, within the budget, until it has an answer or retrying is
// pointless. On failure the answer still carries the times of the last request.
// It retries a 500 only with again500: for a page it means a broken link.
func (c *Client) get(ctx context.Context, path string, again500 bool) (answer, error) {
	for try := 1; ; try++ {
		a, err := c.once(ctx, path)
		if err == nil {
			return a, nil
		}
		if ctx.Err() != nil {
			return a, ctx.Err()
		}
		e, ok := errors.AsType[*Error](err)
		if !ok || !e.retry || try == tries || e.Status == http.StatusInternalServerError && !again500 {
			return a, err
		}
		if e.Kind == ErrRateLimited { //nolint:errorlint // Kind is one of the sentinels itself
			continue // the pacer waits
		}
		// Full jitter: clients that failed together come back apart.
		wait := max(rand.N(c.config.Backoff<<(try-1)), e.retryAfter) //nolint:gosec // nobody gains by guessing it
		select {
		case <-ctx.Done():
			return a, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// send sends one request for an API version and judges the answer.
func (c *Client) send(ctx context.Context, path, version string) (a answer, err error) {
	alone, err := c.pacer.begin(ctx)
	if err != nil {
		return a, err
	}
	answered := false // with anything but a 429
	defer func() { c.pacer.end(alone, answered) }()
	a.at = c.config.Now() // before the request: a slower, older answer must not win over a newer one
	defer func() { a.until = c.config.Now() }()
	token, err := c.token()
	if err != nil {
		return a, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.config.Server.String()+path, nil)
	if err != nil {
		return a, &Error{Kind: ErrBadAnswer, Detail: err.Error()}
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	if version != "" {
		request.Header.Set(versionHeader, version)
	}
	request.Header.Set("User-Agent", c.config.UserAgent)
	if err := c.count(ctx); err != nil {
		return a, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return a, &Error{Kind: ErrUnavailable, Detail: bare(err), retry: true}
	}
	defer response.Body.Close()
	answered = response.StatusCode != http.StatusTooManyRequests
	limit := int64(keptBody)
	if response.StatusCode == http.StatusOK {
		limit = maxBody + 1
	}
	body, err := c.read(io.LimitReader(response.Body, limit), min(response.ContentLength, limit))
	e := judge(response, body, err, token)
	if e == nil {
		a.body = body
		return a, nil
	}
	switch {
	case errors.Is(e, ErrRateLimited):
		c.pacer.pause(max(e.retryAfter, 2*c.config.Backoff)) // before end lets the next one go
	case errors.Is(e, ErrRefused): // an old token, or half of one, while a new one is written
		again, err := c.token()
		e.retry = err != nil || again != token
	}
	return a, e
}

// read reads an answer of the given size; negative: unknown, so it starts from
// the size of the last one, since pages are alike. Growing step by step would
// cost several times the memory.
func (c *Client) read(answer io.Reader, size int64) ([]byte, error) {
	if size < 0 {
		size = c.size.Load()
		size += size / 8
	}
	var body bytes.Buffer
	body.Grow(int(size) + bytes.MinRead)
	_, err := body.ReadFrom(answer)
	c.size.Store(int64(body.Len()))
	return body.Bytes(), err
}

// token returns the token. One that cannot be read may be rotating: whoever writes a
// file empties it first. It rejects one that no header can carry before net/http
// calls that a failed request.
func (c *Client) token() (string, error) {
	text, err := c.config.Token()
	if err != nil {
		return "", &Error{Kind: ErrRefused, Detail: err.Error(), retry: true}
	}
	token := text.Reveal()
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", &Error{Kind: ErrRefused, Detail: "the token holds characters that are in no token, such as a line break"}
	}
	return token, nil
}

// bare strips the method and URL that net/http puts around err.
func bare(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}
