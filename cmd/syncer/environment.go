package main

import (
	"strings"
)

// environment looks a variable up, as os.LookupEnv does.
type environment func(name string) (value string, set bool)

// get returns a variable without white space around it.
func (e environment) get(name string) string {
	value, _ := e(name)
	return trimmed(value)
}

// trimmed drops the white space that files and shells leave around a value, and no
// other: what else is invisible is better named.
func trimmed(text string) string { return strings.Trim(text, " \t\r\n\v\f") }

// firstSet returns the first of the variables that is not empty.
func (e environment) firstSet(names ...string) string {
	for _, name := range names {
		if e.get(name) != "" {
			return name
		}
	}
	return ""
}
