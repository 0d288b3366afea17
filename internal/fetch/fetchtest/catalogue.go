package fetchtest

import (
	"net/http"

	"github.com/google/uuid"
)

// What Polar sends if there is nothing to play.
const (
	notFoundBody = `{"error":"ResourceNotFound","detail":"Not found"}`
	poisonedBody = "Internal Server Error"
)

// catalogue is links in LIST order. Nobody writes to bodies, so an answer taken
// under the lock stays good outside it.
type catalogue struct {
	answers []Answer
	at      map[string]int
}

func newCatalogue(links []Answer) catalogue {
	c := catalogue{answers: make([]Answer, 0, len(links)), at: make(map[string]int, len(links))}
	for _, link := range links {
		c.put(link.filled())
	}
	return c
}

func (c *catalogue) put(link Answer) {
	if i, ok := c.at[link.ID]; ok {
		c.answers[i] = link
		return
	}
	c.at[link.ID] = len(c.answers)
	c.answers = append(c.answers, link)
}

// filled gives an answer the defaults that its comment promises.
func (a Answer) filled() Answer {
	a.ID = canonical(a.ID)
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	if a.ContentType == "" {
		a.ContentType = "application/json"
		if a.Status >= http.StatusInternalServerError {
			a.ContentType = "text/plain; charset=utf-8"
		}
	}
	switch {
	case a.Body != nil:
	case a.Status == http.StatusNotFound:
		a.Body = []byte(notFoundBody)
	case a.Status == http.StatusInternalServerError:
		a.Body = []byte(poisonedBody)
	}
	return a
}

// canonical spells an id as Polar does. A non-UUID stays as it is, out of any
// request's reach.
func canonical(id string) string {
	if parsed, err := uuid.Parse(id); err == nil {
		return parsed.String()
	}
	return id
}
