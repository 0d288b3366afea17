package wire_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"syncer/internal/fetch/wire"
)

func TestAnIntegerIsReadInAnySpelling(t *testing.T) {
	t.Parallel()
	type number struct {
		N int64 `wire:"n"`
	}
	const fraction, beyond, other = "a fraction where an integer belongs", "an integer beyond 64 bits", "an integer expected, found "
	for text, want := range map[string]any{
		"0": int64(0), "-0": int64(0), "-0.0e5": int64(0), "0e999999999999999999999": int64(0), "0.000e-99999999999": int64(0),
		"1000.0": int64(1000), "1e3": int64(1000), "1E+3": int64(1000), "10e-1": int64(1), "-12.50e1": int64(-125), "0.001e3": int64(1),
		"100e-2": int64(1), "1000000000000000000000e-5": int64(10_000_000_000_000_000),
		"9007199254740993":         int64(9007199254740993), // a float64 would make it ...992
		"9007199254740993.0":       int64(9007199254740993),
		"9223372036854775807":      int64(9223372036854775807),
		"-9223372036854775808":     int64(-9223372036854775808),
		"-9.223372036854775808e18": int64(-9223372036854775808),
		"9223372036854775808":      beyond,
		"-9223372036854775809":     beyond,
		"9223372036854775.808e3":   beyond,
		"1180591620717411303424":   beyond,
		"1e19":                     beyond, "1e300": beyond, "1e999999999": beyond, "-1e99999999999999999999": beyond,
		"1.5": fraction, "1e-1": fraction, "10e-2": fraction, "1e-999999999": fraction, "1e-99999999999999999999": fraction,
		"1e-2147483648": fraction, "1e-9223372036854775808": fraction, "1.0e-9223372036854775808": fraction,
		"0.5e-9223372036854775807": fraction,
		`"1"`:                      other + "a string", "true": other + "a boolean", "[1]": other + "an array", "{}": other + "an object",
		"null": "null",
	} {
		got, _, err := decode[number](`{"n":` + text + `}`)
		if reason, fails := want.(string); fails {
			wantError(t, err, "n", reason)
		} else if err != nil || got.N != want {
			t.Errorf("%s: %d, %v; want %d", text, got.N, err, want)
		}
	}
}

func TestADecimalKeepsItsText(t *testing.T) {
	t.Parallel()
	type number struct {
		N wire.Decimal `wire:"n"`
	}
	const not, beyond = "not a decimal number", "a decimal number beyond what numeric holds"
	for _, text := range []string{
		"5.00E-10", "1E+3", "100.00", "0.0", "0E-12", "-0.5", "+2", ".5", "5.", "12345678901234567890.123456789",
		"1e131071", "1e-16383", strings.Repeat("9", 131_072), "0." + strings.Repeat("1", 16_383),
	} {
		got, _ := mustDecode[number](t, `{"n":"`+text+`"}`)
		if string(got.N) != text {
			t.Errorf("%.40q: %.40q", text, got.N)
		}
	}
	for _, text := range []string{"0.5", "1e3", "-0", "1.00", "1180591620717411303424"} { // as a JSON number
		if got, _ := mustDecode[number](t, `{"n":`+text+`}`); string(got.N) != text {
			t.Errorf("%q: %q", text, got.N)
		}
	}
	for text, reason := range map[string]string{
		`""`: not, `"."`: not, `"-"`: not, `"+-1"`: not, `"1e"`: not, `"1e+-1"`: not, `"e5"`: not, `"1.2.3"`: not, `"1,5"`: not,
		`" 1"`: not, `"1 "`: not, `"NaN"`: not, `"Infinity"`: not, `"0x10"`: not, `"1_000"`: not, `"١"`: not, `"1e5.5"`: not,
		`"1e999999999"`: beyond, `"1e-999999999"`: beyond, `1e999999999`: beyond, `"1e99999999999999999999"`: beyond,
		`"1e131072"`: beyond, `"1e-16384"`: beyond, `"` + strings.Repeat("9", 131_073) + `"`: beyond,
		`true`: "a string expected, found a boolean", `null`: "null",
	} {
		_, _, err := decode[number](`{"n":` + text + `}`)
		wantError(t, err, "n", reason)
	}
}

func TestATimeIsReadToTheMicrosecond(t *testing.T) {
	t.Parallel()
	type moment struct {
		At time.Time `wire:"at"`
	}
	for text, want := range map[string]string{
		"2026-11-22T18:16:01.342660Z":    "2026-11-22T18:16:01.34266Z",
		"2026-11-22T18:16:01Z":           "2026-11-22T18:16:01Z",
		"2026-11-22T18:16:01+05:30":      "2026-11-22T12:46:01Z",
		"2026-11-22T18:16:01.123456789Z": "2026-11-22T18:16:01.123456Z",
		"9999-12-31T23:59:59.999999":     "9999-12-31T23:59:59.999999Z", // no zone, as seen at the far end
		"2026-11-22T18:16:01":            "2026-11-22T18:16:01Z",
		"0001-01-01T00:00:00Z":           "0001-01-01T00:00:00Z",
	} {
		got, _ := mustDecode[moment](t, `{"at":"`+text+`"}`)
		if diff := cmp.Diff(want, got.At.Format(time.RFC3339Nano)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
		if got.At.Location() != time.UTC {
			t.Errorf("%s: in %s", text, got.At.Location())
		}
	}
	for _, text := range []string{
		"", "2026-11-22", "2026-11-22 18:16:01Z", "10000-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
		"2026-11-22T18:16:60Z", "2026-11-22T25:00:00Z", "1732299361", "2026-11-22T18:16:01z",
	} {
		_, _, err := decode[moment](`{"at":"` + text + `"}`)
		wantError(t, err, "at", "not a time")
	}
	_, _, err := decode[moment](`{"at":1732299361}`)
	wantError(t, err, "at", "a string expected, found a number")
}

func TestAUUIDIsReadWithAndWithoutDashes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		strictID, strings.ToUpper(strictID), strings.ReplaceAll(strictID, "-", ""), `\u0061` + strictID[1:],
	} {
		got, _ := mustDecode[every](t, `{"uuid":"`+text+`"}`)
		if got.UUID == nil || got.UUID.String() != strictID {
			t.Errorf("%s: %v", text, got.UUID)
		}
	}
	for _, text := range []string{
		"", "a", "{" + strictID + "}", "urn:uuid:" + strictID, strictID[:35] + "x", strings.ReplaceAll(strictID, "-", "_"), strictID + "0",
	} {
		_, _, err := decode[strict](strings.Replace(strictText, strictID, text, 1))
		wantError(t, err, "id", "not a UUID")
	}
}

func TestTextsAndBooleansAreNothingElse(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ from, to, path, reason string }{
		{`"name":"n"`, `"name":1`, "name", "a string expected, found a number"},
		{`"name":"n"`, `"name":false`, "name", "a string expected, found a boolean"},
		{`"yes":true`, `"yes":"true"`, "yes", "a boolean expected, found a string"},
		{`"yes":true`, `"yes":1`, "yes", "a boolean expected, found a number"},
		{`"map":{}`, `"map":[]`, "map", "an object expected, found an array"},
		{`"map":{}`, `"map":""`, "map", "an object expected, found a string"},
		{`"items":[`, `"items":{},"x":[`, "items", "an array expected, found an object"},
		{`{"n":2}`, `2`, "items[1]", "an object expected, found a number"},
		{`{"n":2}`, `null`, "items[1]", "an object expected, found null"},
		{`{"n":2}`, `{"n":"2"}`, "items[1].n", "an integer expected, found a string"},
	} {
		_, _, err := decode[strict](strings.Replace(strictText, row.from, row.to, 1))
		wantError(t, err, row.path, row.reason)
	}
}
