package fetchtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// problem is one entry of a 422's detail, with its keys in Polar's order.
type problem struct {
	Type  string         `json:"type"`
	Loc   []string       `json:"loc"`
	Msg   string         `json:"msg"`
	Input string         `json:"input"`
	Ctx   map[string]any `json:"ctx,omitempty"`
}

// invalid returns the 422 for those problems.
func (s *Server) invalid(problems ...problem) reply {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	err := enc.Encode(struct {
		Error  string    `json:"error"`
		Detail []problem `json:"detail"`
	}{"RequestValidationError", problems})
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	out := s.recorded("422 uuid v1")
	out.body = bytes.TrimSuffix(body.Bytes(), []byte("\n"))
	return out
}

// parseID reads an id as Polar does: also without dashes and in upper case, but
// version 4 only.
func parseID(raw string) (string, *problem) {
	wrong := problem{Loc: []string{"path", "id"}, Input: raw}
	id, err := uuid.Parse(raw)
	switch {
	case err != nil:
		reason := uuidMistake(raw)
		wrong.Type, wrong.Msg = "uuid_parsing", "Input should be a valid UUID, "+reason
		wrong.Ctx = map[string]any{"error": reason}
		return "", &wrong
	case id.Version() != 4:
		wrong.Type, wrong.Msg = "uuid_version", "UUID version 4 expected"
		wrong.Ctx = map[string]any{"expected_version": 4}
		return "", &wrong
	}
	return id.String(), nil
}

// uuidMistake words what is wrong with an id. Only the first wording is recorded.
func uuidMistake(raw string) string {
	for i, c := range raw {
		if !strings.ContainsRune("0123456789abcdefABCDEF-", c) {
			return fmt.Sprintf("invalid character: found `%c` at %d", c, i)
		}
	}
	return fmt.Sprintf("invalid length: expected length 32 for simple format, found %d", len(raw))
}

// paging reads page and limit; the last of a repeated parameter counts.
func paging(query url.Values) (page, limit int, wrong []problem) {
	page, wrong = positive(query, "page", 1, wrong)
	limit, wrong = positive(query, "limit", defaultLimit, wrong)
	return page, min(limit, maxLimit), wrong
}

func positive(query url.Values, name string, absent int, wrong []problem) (int, []problem) {
	if !query.Has(name) {
		return absent, wrong
	}
	values := query[name]
	raw := values[len(values)-1]
	is := problem{Loc: []string{"query", name}, Input: raw}
	n, err := strconv.Atoi(strings.TrimSpace(raw))
	switch {
	case err != nil:
		is.Type, is.Msg = "int_parsing", "Input should be a valid integer, unable to parse string as an integer"
	case n < 1:
		is.Type, is.Msg, is.Ctx = "greater_than", "Input should be greater than 0", map[string]any{"gt": 0}
	default:
		return n, wrong
	}
	return 0, append(wrong, is)
}
