package fetch

import "fmt"

// Way is how the links of a source are asked for.
type Way string

// The ways. A page of LIST holds a hundred links, those that are not wanted too.
const (
	Auto   Way = "auto" // whichever costs fewer requests, found out while walking
	ByList Way = "list" // by page, and by id only what the pages did not show
	ByID   Way = "id"   // one request a link
)

// ParseWay reads a Way; "" is Auto.
func ParseWay(text string) (Way, error) {
	switch w := Way(text); w {
	case "":
		return Auto, nil
	case Auto, ByList, ByID:
		return w, nil
	}
	return "", fmt.Errorf("%q: use auto, list, or id", text)
}

// Requests is how many requests it takes, at most and without retries, to ask
// for wanted links of an organization that has total.
func (w Way) Requests(wanted, total int) int {
	pages := max(1, (total+PageLimit-1)/PageLimit)
	switch {
	case w == ByID, w == Auto && wanted < 2:
		return wanted
	case w == ByList || wanted > pages:
		return pages
	}
	return 1 + wanted // the first page tells how many there are
}
