package main

import (
	"encoding/json"
	"regexp"
)

// clientSecret is what opens a checkout, wherever it stands: in a column of its
// own, at the end of a URL, or in a key that Polar adds tomorrow.
var clientSecret = regexp.MustCompile(`polar_cl_\w+`)

// hide takes the client secrets out of a row's columns.
func hide(columns json.RawMessage) json.RawMessage {
	if columns == nil {
		return nil
	}
	return json.RawMessage(clientSecret.ReplaceAllString(string(columns), "[hidden]"))
}
