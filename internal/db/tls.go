package db

import (
	"crypto/tls"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// unverified reports whether a connection may go over the network to a server that has
// not proved to be the one that is meant: then whoever sits in between can read the
// password and change the rows. sslmode verify-full proves it, and verify-ca nearly;
// require only encrypts.
func unverified(c *pgx.ConnConfig) bool {
	open := func(host string, t *tls.Config) bool {
		return remote(host) && (t == nil || t.InsecureSkipVerify && t.VerifyPeerCertificate == nil)
	}
	return open(c.Host, c.TLSConfig) || slices.ContainsFunc(c.Fallbacks, func(f *pgconn.FallbackConfig) bool { return open(f.Host, f.TLSConfig) })
}

// remote reports whether a host is reached over the network, and not by a socket or
// loopback.
func remote(host string) bool {
	if strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || host == "localhost" {
		return false
	}
	ip := net.ParseIP(host)
	return ip == nil || !ip.IsLoopback()
}
