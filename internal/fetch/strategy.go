package fetch

import "fmt"

// Strategy says how to ask for the links of a source.
type Strategy string

// The strategies. A page of LIST holds a hundred links, those that are not wanted too.
const (
	Auto   Strategy = "auto" // whichever costs fewer requests, found out while walking
	ByList Strategy = "list" // by page, and by id only what the pages did not show
	ByID   Strategy = "id"   // one request a link
)

// ParseStrategy reads a Strategy; "" is Auto.
func ParseStrategy(text string) (Strategy, error) {
	switch s := Strategy(text); s {
	case "":
		return Auto, nil
	case Auto, ByList, ByID:
		return s, nil
	}
	return "", fmt.Errorf("%q: use auto, list, or id", text)
}

// Requests is how many requests it takes, at most and without retries, to ask
// for wanted links of an organization that has total.
func (s Strategy) Requests(wanted, total int) int {
	pages := max(1, (total+PageLimit-1)/PageLimit)
	switch {
	case s == ByID, s == Auto && wanted < 2:
		return wanted
	case s == ByList || wanted > pages:
		return pages
	}
	return 1 + wanted // the first page tells how many there are
}
