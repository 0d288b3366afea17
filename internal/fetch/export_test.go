package fetch

import "net/http"

// UseTransport replaces the network, for tests on a fake clock.
func (c *Client) UseTransport(t http.RoundTripper) { c.http.Transport = t }

// ObserveBody reads the answer to Get.
func ObserveBody(body []byte) Observed { return observe(answer{body: body}) }

// DecodePage reads the answer to List.
func DecodePage(body []byte) ([]Observed, error) {
	page, err := readPage(answer{body: body})
	return page.Links, err
}
