package fetch

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Polar's two servers and how many requests a minute each allows an
// organization, over all its tokens.
const (
	production      = "https://api.polar.sh"
	sandbox         = "https://sandbox-api.polar.sh"
	productionLimit = 500
	sandboxLimit    = 100
)

// ParseServer reads "production", "sandbox", or a base URL: https, or http on
// loopback, because the token travels in every request.
func ParseServer(text string) (*url.URL, error) {
	switch text {
	case "", "production":
		text = production
	case "sandbox":
		text = sandbox
	}
	u, err := url.Parse(strings.TrimRight(text, "/"))
	switch {
	case err != nil || u.Hostname() == "":
		return nil, fmt.Errorf("server %q: neither production, sandbox, nor a base URL such as %s", text, production)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("server %q: a base URL has no user, query or fragment", u.Redacted())
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	case u.Scheme == "http":
		return nil, fmt.Errorf("server %q: plain http is for loopback only, the token would be readable on the way; use https", text)
	}
	return nil, fmt.Errorf("server %q: scheme %q; use https", text, u.Scheme)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Limit returns how many requests a minute server allows an organization, over
// all its tokens. Servers other than Polar's count as production.
func Limit(server *url.URL) int {
	if server.String() == sandbox {
		return sandboxLimit
	}
	return productionLimit
}

// DefaultBudget returns how many requests a minute a source may send to server:
// 80 % of its limit. The rest is for the merchant's own live traffic.
func DefaultBudget(server *url.URL) int { return Limit(server) * 8 / 10 }
