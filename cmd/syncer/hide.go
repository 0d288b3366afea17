package main

import (
	"encoding/json"
	"regexp"
)

// clientSecret matches what opens a checkout, wherever it is: in a column of
// its own, at the end of a URL, or in a key that Polar adds tomorrow.
var clientSecret = regexp.MustCompile(`polar_cl_\w+`)

// hide removes the client secrets from a row's columns.
func hide(columns json.RawMessage) json.RawMessage {
	if columns == nil {
		return nil
	}
	return json.RawMessage(clientSecret.ReplaceAllString(string(columns), "[hidden]"))
}
