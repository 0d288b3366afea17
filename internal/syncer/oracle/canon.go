package oracle

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// timeFormat is the canonical form of a timestamptz: an instant, to the
// microsecond, in UTC.
const timeFormat = "2006-01-02T15:04:05.000000Z"

// fromJSON returns the canonical text of a JSON value in a column of that kind;
// nil means NULL. The value must have the JSON type that the kind requires: a
// number in a text column is an error, not a string.
func fromJSON(k kind, value any) (*string, error) {
	if value == nil {
		return nil, nil
	}
	var text string
	switch v := value.(type) {
	case string:
		if k == kindBigint || k == kindBoolean {
			return nil, fmt.Errorf("string %q where a %s belongs", v, k)
		}
		text = v
		if k == kindJSON {
			text = encode(v)
		}
	case json.Number:
		if k != kindBigint && k != kindNumeric && k != kindJSON {
			return nil, fmt.Errorf("number %s where a %s belongs", v, k)
		}
		text = v.String()
	case bool:
		if k != kindBoolean && k != kindJSON {
			return nil, fmt.Errorf("%t where a %s belongs", v, k)
		}
		text = strconv.FormatBool(v)
	default:
		if k != kindJSON {
			return nil, fmt.Errorf("%T where a %s belongs", v, k)
		}
		text = encode(v)
	}
	text, err := canonical(k, text)
	if err != nil {
		return nil, err
	}
	return &text, nil
}

// canonical rewrites the text of a value so that equal values have equal texts.
// Both sides of a comparison pass through here.
func canonical(k kind, text string) (string, error) {
	switch k {
	case kindText:
		return clean(text), nil
	case kindUUID:
		id, err := uuid.Parse(text)
		if err != nil || len(text) != len(id.String()) {
			return "", fmt.Errorf("uuid %q is none", text)
		}
		return id.String(), nil
	case kindBigint:
		return canonicalBigint(text)
	case kindNumeric:
		return canonicalNumber(text)
	case kindBoolean:
		if text != "true" && text != "false" {
			return "", fmt.Errorf("boolean %q is none", text)
		}
		return text, nil
	case kindTimestamp:
		return canonicalTime(text)
	case kindJSON:
		return canonicalJSON(text)
	default:
		return "", fmt.Errorf("kind %q is unknown", k)
	}
}

// decimal matches a number as JSON and Postgres write it; big.Rat alone would
// accept fractions and hexadecimals too.
var decimal = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,6})?$`)

// canonicalNumber writes a decimal number in full and without needless zeros:
// "1E+3" is "1000", "0E-12" is "0", "90.50" is "90.5".
func canonicalNumber(text string) (string, error) {
	if !decimal.MatchString(text) {
		return "", fmt.Errorf("number %q is none", text)
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", fmt.Errorf("number %q is none", text)
	}
	digits, exact := r.FloatPrec()
	if !exact {
		return "", fmt.Errorf("number %q has no end", text)
	}
	return r.FloatString(digits), nil
}

// canonicalBigint requires a whole number of 64 bits; "1e3" and "1000.0" are whole.
func canonicalBigint(text string) (string, error) {
	number, err := canonicalNumber(text)
	if err != nil {
		return "", err
	}
	if _, err := strconv.ParseInt(number, 10, 64); err != nil {
		return "", fmt.Errorf("bigint %q is none", text)
	}
	return number, nil
}

// canonicalTime cuts to the microsecond. A time without zone is UTC.
func canonicalTime(text string) (string, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, text); err == nil {
			return canonicalInstant(t), nil
		}
	}
	return "", fmt.Errorf("timestamp %q is none", text)
}

func canonicalInstant(t time.Time) string {
	return t.UTC().Truncate(time.Microsecond).Format(timeFormat)
}
