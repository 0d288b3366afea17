package fetch

import (
	"errors"
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
// loopback, because the token travels in every request. The error does not show the
// text, which may be a secret that went astray.
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
		return nil, fmt.Errorf("neither production, sandbox, nor a base URL such as %s", production)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("a base URL has no user, query or fragment")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	case u.Scheme == "http":
		return nil, errors.New("plain http is for loopback only, the token would be readable on the way; use https")
	}
	return nil, errors.New("a base URL begins with https://")
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
