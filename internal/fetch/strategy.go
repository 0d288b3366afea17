package fetch

import "errors"

// Strategy chooses how to ask for a source's links.
type Strategy string

// The strategies. A LIST page holds a hundred links, unwanted ones included.
const (
	Auto   Strategy = "auto" // whichever costs fewer requests, decided while walking
	ByList Strategy = "list" // by page, and by id only what the pages lack
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
	return "", errors.New("use auto, list, or id")
}

// Requests returns how many requests it takes, at most and without retries, to
// ask for wanted links of an organization that has total.
func (s Strategy) Requests(wanted, total int) int {
	pages := max(1, (total+PageLimit-1)/PageLimit)
	switch {
	case s == ByID, s == Auto && wanted < 2:
		return wanted
	case s == ByList || wanted > pages:
		return pages
	}
	return 1 + wanted // the first page shows how many there are
}
