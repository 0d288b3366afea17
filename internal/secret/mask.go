package secret

import "regexp"

// patterns match what opens something, wherever it stands in a text.
//
//nolint:gochecknoglobals // a constant list
var patterns = []struct {
	match *regexp.Regexp
	by    string
}{
	// Polar's tokens and secrets. The client secret, polar_cl_, is also the end of a
	// checkout link's URL. See https://polar.sh/docs/integrate/authentication.
	{regexp.MustCompile(`polar_(?:oat|pat|at_u|at_o|rt|cl|whs)_[\w-]*`), hidden},
	// Kinds that Polar has beside these, or adds: a short word and a long random part.
	{regexp.MustCompile(`polar_[a-z]+_(?:[a-z]_)?[A-Za-z0-9]{16,}`), hidden},
	// Keys of Stripe, the payment processor.
	{regexp.MustCompile(`\b[sr]k_(?:live|test)_\w+`), hidden},
	// The secret of a webhook.
	{regexp.MustCompile(`whsec_[\w+/=-]*`), hidden},
	// The user and password of a URL, up to the last @ of a word: the password may hold one.
	{regexp.MustCompile("([A-Za-z][A-Za-z0-9+.-]*:/{1,2})[^\\s\"`:@/]*:(?:\\\\.|[^\\s\"`\\\\])*@"), "${1}" + hidden + "@"},
	// The password of libpq's key=value words, and of a URL's query.
	{regexp.MustCompile("(?i)(password\\s*=\\s*)(?:'(?:\\\\.|[^'\"\\\\])*'|[^\\s\"'`&\\\\]+)"), "${1}" + hidden},
}

// Mask replaces every secret that shows what it is: Polar's tokens and client
// secrets, with them the URLs of checkout links, webhook secrets, and passwords of
// URLs and connection strings. JSON stays JSON.
func Mask(text string) string {
	for _, p := range patterns {
		text = p.match.ReplaceAllString(text, p.by)
	}
	return text
}
