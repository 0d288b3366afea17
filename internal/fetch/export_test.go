package fetch

import "net/http"

// UseTransport replaces the network, for tests on a fake clock.
func (c *Client) UseTransport(t http.RoundTripper) { c.http.Transport = t }
