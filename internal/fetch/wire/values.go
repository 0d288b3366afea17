package wire

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Decimal is an exact decimal number as Polar wrote it, such as "5.00E-10". Two
// texts may be the same number: compare them in Postgres, as numeric.
type Decimal string

// parseDecimal accepts what Python's Decimal prints and Postgres' numeric reads.
func parseDecimal(text string) (Decimal, error) {
	rest := strings.TrimLeft(text, "+-")
	if len(text)-len(rest) > 1 {
		return "", errNotDecimal
	}
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(rest), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole+fraction == "" || !allDigits(whole+fraction) {
		return "", errNotDecimal
	}
	shift := 0
	if hasExponent {
		digits := strings.TrimLeft(exponent, "+-")
		if len(exponent)-len(digits) > 1 || digits == "" || !allDigits(digits) {
			return "", errNotDecimal
		}
		n, err := strconv.ParseInt(exponent, 10, 32)
		if err != nil {
			return "", errNumeric
		}
		shift = int(n)
	}
	if len(whole)+shift > maxWhole || len(fraction)-shift > maxFraction {
		return "", errNumeric
	}
	return Decimal(text), nil
}

// The most digits Postgres' numeric holds before and after the point.
const (
	maxWhole    = 131_072
	maxFraction = 16_383
)

var (
	errNotDecimal = errors.New("not a decimal number")
	errNumeric    = errors.New("a decimal number beyond what numeric holds")
	errFraction   = errors.New("a fraction where an integer belongs")
	errRange      = errors.New("an integer beyond 64 bits")
	errNotUUID    = errors.New("not a UUID")
	errNotTime    = errors.New("not a time")
)

func allDigits(text string) bool {
	for i := range len(text) {
		if !isDigit(text[i]) {
			return false
		}
	}
	return true
}

// parseInt reads a JSON number that is integral in any spelling: 1000, 1000.0
// and 1e3 are one number. It never goes through a float.
func parseInt(number []byte) (int64, error) {
	text := string(number)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	negative := strings.HasPrefix(text, "-")
	mantissa, exponent, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(text, "-")), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	fraction = strings.TrimRight(fraction, "0")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return 0, nil
	}
	shift := 0
	if exponent != "" {
		n, err := strconv.ParseInt(exponent, 10, 32)
		switch {
		case err == nil:
			shift = int(n)
		case strings.HasPrefix(exponent, "-"):
			return 0, errFraction
		default:
			return 0, errRange
		}
	}
	if len(digits)+shift-len(fraction) > 19 {
		return 0, errRange
	}
	switch zeros := shift - len(fraction); {
	case zeros >= 0:
		digits += strings.Repeat("0", zeros)
	case -zeros >= len(digits) || strings.Trim(digits[len(digits)+zeros:], "0") != "":
		return 0, errFraction
	default:
		digits = digits[:len(digits)+zeros]
	}
	if negative {
		digits = "-" + digits
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, errRange
	}
	return n, nil
}

// parseTime reads RFC 3339, to the microsecond, which is what Postgres keeps.
// At the far end of time Polar leaves the zone out; that is UTC.
func parseTime(text []byte) (time.Time, error) {
	var t time.Time
	if err := t.UnmarshalText(text); err != nil {
		if t, err = time.Parse("2006-01-02T15:04:05", string(text)); err != nil {
			return time.Time{}, errNotTime
		}
	}
	return t.UTC().Truncate(time.Microsecond), nil
}

// parseUUID reads the two forms Polar accepts: with dashes and without.
func parseUUID(text []byte) (uuid.UUID, error) {
	if len(text) != 36 && len(text) != 32 {
		return uuid.UUID{}, errNotUUID
	}
	id, err := uuid.ParseBytes(text)
	if err != nil {
		return uuid.UUID{}, errNotUUID
	}
	return id, nil
}
