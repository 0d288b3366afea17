package db_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"syncer/internal/db"
	"syncer/internal/db/dbtest"
)

// pgxOwn connects as plain pgx does, without our codec.
func pgxOwn(tb testing.TB, url string) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), url+"&search_path=polar&timezone=UTC")
	if err != nil {
		tb.Fatal(err)
	}
	for _, ids := range []any{[]uuid.UUID(nil), []*uuid.UUID(nil)} { // else it cannot write them as nuuid[]
		conn.TypeMap().RegisterDefaultPgType(ids, "_uuid")
	}
	tb.Cleanup(func() { conn.Close(tb.Context()) })
	return conn
}

func acquire(tb testing.TB, d *db.DB) *pgxpool.Conn {
	tb.Helper()
	conn, err := d.Pool().Acquire(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(conn.Release)
	return conn
}

var (
	firstTime = time.Date(-4713, 11, 24, 0, 0, 0, 0, time.UTC) // the first that Postgres can hold
	lastTime  = time.Date(294276, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	berlin    = time.FixedZone("", 3600)
	everyUUID = uuid.MustParse("ffffffff-ffff-ffff-ffff-fffffffffffe")
)

// TestArraysArriveAsPgxWritesThem sends all kinds of columns to all types of
// parameters that accept them.
func TestArraysArriveAsPgxWritesThem(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	own, ours := pgxOwn(t, url), dbtest.Open(t, url)
	for _, test := range []struct {
		types string // of the parameter
		value any
		want  string // as text, NULLs as ∅
	}{
		{"uuid[] nuuid[]", []uuid.UUID{{}, everyUUID}, "{00000000-0000-0000-0000-000000000000,ffffffff-ffff-ffff-ffff-fffffffffffe}"},
		{"uuid[] nuuid[]", []*uuid.UUID{nil, new(everyUUID), nil}, "{NULL,ffffffff-ffff-ffff-ffff-fffffffffffe,NULL}"},
		{
			"text[] ntext[]",
			[]string{"", "NULL", "ä 💶", `a"b\c`, "{,}", "\n", strings.Repeat("long", 20)},
			`{"","NULL","ä 💶","a\"b\\c","{,}","` + "\n" + `",` + strings.Repeat("long", 20) + `}`,
		},
		{"text[] ntext[]", []*string{new("ä"), nil, new("")}, `{ä,NULL,""}`},
		{"bigint[] nbigint[]", []int64{math.MinInt64, -1, 0, math.MaxInt64}, "{-9223372036854775808,-1,0,9223372036854775807}"},
		{"bigint[] nbigint[]", []*int64{nil, new(int64(math.MinInt64))}, "{NULL,-9223372036854775808}"},
		{"integer[]", []int32{math.MinInt32, -1, 0, math.MaxInt32}, "{-2147483648,-1,0,2147483647}"},
		{"boolean[] nbool[]", []bool{true, false}, "{t,f}"},
		{"boolean[] nbool[]", []*bool{nil, new(true), new(false)}, "{NULL,t,f}"},
		{
			"timestamptz[] ntimestamptz[]",
			[]time.Time{{}, firstTime, lastTime, time.Date(2026, 11, 22, 12, 0, 0, 123_456_999, berlin), time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC)},
			`{"0001-01-01 00:00:00+00","4714-11-24 00:00:00+00 BC","294276-12-31 23:59:59.999999+00","2026-11-22 11:00:00.123456+00","1969-12-31 23:59:59.999999+00"}`,
		},
		{"timestamptz[] ntimestamptz[]", []*time.Time{nil, new(noon)}, `{NULL,"2026-11-22 12:00:00+00"}`},
		{
			"jsonb[]",
			[]json.RawMessage{nil, json.RawMessage("null"), json.RawMessage(`{"b": 1.50, "a": "ä"}`), json.RawMessage("1e400")},
			`{NULL,"null","{\"a\": \"ä\", \"b\": 1.50}",1` + strings.Repeat("0", 400) + `}`,
		},
		{"uuid[] nuuid[]", []uuid.UUID{}, "{}"},
		{"text[] ntext[]", []*string{}, "{}"},
		{"jsonb[]", []json.RawMessage{}, "{}"},
		{"uuid[] nuuid[]", []uuid.UUID(nil), "∅"},
		{"text[] ntext[]", []*string(nil), "∅"},
		{"timestamptz[] ntimestamptz[]", []*time.Time{nil, nil}, "{NULL,NULL}"},
		// pgx writes what no column is.
		{"bigint[] nbigint[]", []int{1, 2}, "{1,2}"},
		{"uuid[] nuuid[]", []string{everyUUID.String()}, "{ffffffff-ffff-ffff-ffff-fffffffffffe}"},
		{"uuid[] nuuid[]", "{NULL}", "{NULL}"},
	} {
		for kind := range strings.FieldsSeq(test.types) {
			sql := "SELECT coalesce($1::" + kind + "::text, '∅'), $1::" + kind + " IS NULL"
			var got, pgxs string
			var null bool
			if err := ours.Pool().QueryRow(t.Context(), sql, test.value).Scan(&got, &null); err != nil {
				t.Errorf("%T as %s: %v", test.value, kind, err)
				continue
			}
			if got != test.want || null != (test.want == "∅") {
				t.Errorf("%T as %s:\n got %s\nwant %s", test.value, kind, got, test.want)
			}
			if err := own.QueryRow(t.Context(), sql, test.value).Scan(&pgxs, &null); err != nil || got != pgxs {
				t.Errorf("%T as %s:\n got %s\npgx's %s %v", test.value, kind, got, pgxs, err)
			}
		}
	}
}

// TestArraysAreReadAsBefore reads back what our codec wrote.
func TestArraysAreReadAsBefore(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	if diff := cmp.Diff([]uuid.UUID{{}, everyUUID}, ask[[]uuid.UUID](t, d, "SELECT $1::uuid[]", []uuid.UUID{{}, everyUUID})); diff != "" {
		t.Error(diff)
	}
	texts := []*string{new("ä"), nil}
	if diff := cmp.Diff(texts, ask[[]*string](t, d, "SELECT $1::text[]", texts)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(texts, ask[[]*string](t, d, "SELECT $1::ntext[]", texts)); diff != "" {
		t.Error(diff)
	}
	if got := ask[any](t, d, "SELECT $1::bigint[]", []int64{1}); !cmp.Equal(got, []any{int64(1)}) {
		t.Errorf("got %v", got)
	}
}

// TestWhatPostgresCannotHoldIsRejected sends it in arrays: the server refuses
// it, with a reason about the data.
func TestWhatPostgresCannotHoldIsRejected(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for what, test := range map[string]struct {
		types string
		value any
	}{
		"a time too late":     {"timestamptz[] ntimestamptz[]", []time.Time{noon, lastTime.Add(time.Microsecond)}},
		"a time too early":    {"timestamptz[] ntimestamptz[]", []time.Time{firstTime.Add(-time.Microsecond)}},
		"the last of times":   {"timestamptz[] ntimestamptz[]", []*time.Time{nil, new(time.Unix(math.MaxInt64, 0))}},
		"the first of times":  {"timestamptz[] ntimestamptz[]", []*time.Time{new(time.Unix(math.MinInt64, 0))}},
		"a time that is µs ∞": {"timestamptz[] ntimestamptz[]", []time.Time{time.UnixMicro(math.MaxInt64).Add(946_684_800 * time.Second)}},
		"a NUL":               {"text[] ntext[]", []string{"a\x00b"}},
		"half a rune":         {"text[] ntext[]", []*string{new("\xc3")}},
		"a NUL in JSON":       {"jsonb[]", []json.RawMessage{json.RawMessage(`"\u0000"`)}},
		"no JSON":             {"jsonb[]", []json.RawMessage{json.RawMessage("{")}},
		"empty JSON":          {"jsonb[]", []json.RawMessage{{}}},
	} {
		for kind := range strings.FieldsSeq(test.types) {
			_, err := d.Pool().Exec(t.Context(), "SELECT $1::"+kind, test.value)
			wantKind(t, what+" as "+kind, db.Classify(err), db.ErrRejected)
		}
	}
}

// domainArrays returns the OIDs of the arrays of a schema's domains.
func domainArrays(tb testing.TB, d *db.DB) []uint32 {
	tb.Helper()
	return ask[[]uint32](tb, d, "SELECT array_agg(typarray ORDER BY oid) FROM pg_type WHERE typnamespace = to_regnamespace($1) AND typtype = 'd'", d.Schema())
}

// wantBinary expects the connection to write arrays of all the schema's domains
// in binary, which takes their OIDs.
func wantBinary(tb testing.TB, what string, d *db.DB, conn *pgxpool.Conn) {
	tb.Helper()
	oids := domainArrays(tb, d)
	if len(oids) < 5 {
		tb.Errorf("%s: %d domains", what, len(oids))
	}
	for _, oid := range oids {
		if conn.Conn().TypeMap().FormatCodeForOID(oid) != pgtype.BinaryFormatCode {
			tb.Errorf("%s: %d is not known", what, oid)
		}
	}
}

func TestDomainsAreKnownAsSoonAsTheSchemaIsThere(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	for _, schema := range []string{"a", "b"} { // each has its own
		d := openSchema(t, url, schema)
		before := acquire(t, d)
		pid := before.Conn().PgConn().PID()
		before.Release()
		if _, err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		after := acquire(t, d)
		if after.Conn().PgConn().PID() != pid {
			t.Error("not the connection that is older than the schema")
		}
		wantBinary(t, schema, d, after)
	}
}

func TestTheServerIsAskedForDomainsOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acquire(t, d)
	second := acquire(t, d)
	if last := ask[string](t, d, "SELECT query FROM pg_stat_activity WHERE pid = $1", second.Conn().PgConn().PID()); strings.Contains(last, "pg_type") {
		t.Errorf("the second connection asked %s", last)
	}
	wantBinary(t, "second", d, second)
}

// TestDomainsThatAreMadeAnewStillWork gives the domains other OIDs than the process knows.
func TestDomainsThatAreMadeAnewStillWork(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	exec(t, d, "DROP DOMAIN ntext, nuuid")
	exec(t, d, "CREATE DOMAIN ntext AS text")
	exec(t, d, "CREATE DOMAIN nuuid AS uuid")
	if got := ask[string](t, d, "SELECT $1::ntext[]::text || $2::nuuid[]::text", []*string{nil}, []*uuid.UUID{nil}); got != "{NULL}{NULL}" {
		t.Errorf("got %s", got)
	}
}

// column is 100 elements that a benchmark writes.
type column struct {
	kind  string
	value any
}

func columns() []column {
	texts, ids := make([]*string, 100), make([]uuid.UUID, 100)
	times, numbers := make([]*time.Time, 100), make([]*int64, 100)
	for i := range 100 {
		ids[i] = uuid.UUID{15: byte(i)}
		if i%4 != 0 {
			texts[i], times[i], numbers[i] = new(fmt.Sprintf("https://example.com/success/%d", i)), new(noon), new(int64(i))
		}
	}
	return []column{{"ntext[]", texts}, {"uuid[]", ids}, {"ntimestamptz[]", times}, {"nbigint[]", numbers}}
}

//nolint:paralleltest // counts allocations, which are the whole process's
func TestWritingAnArrayAllocatesNothing(t *testing.T) {
	d := dbtest.New(t)
	m := acquire(t, d).Conn().TypeMap()
	for _, c := range columns() {
		oid, buf := ask[uint32](t, d, "SELECT to_regtype($1)::oid", c.kind), make([]byte, 0, 1<<16)
		n := testing.AllocsPerRun(10, func() {
			if _, err := m.Encode(oid, pgtype.BinaryFormatCode, c.value, buf); err != nil {
				t.Fatal(err)
			}
		})
		if n > 0 {
			t.Errorf("%T as %s: %v allocations", c.value, c.kind, n)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	url := dbtest.URL(b)
	d := dbtest.Open(b, url)
	for _, c := range columns() {
		oid := ask[uint32](b, d, "SELECT to_regtype($1)::oid", c.kind)
		for _, by := range []struct {
			name string
			m    *pgtype.Map
		}{{"ours", acquire(b, d).Conn().TypeMap()}, {"pgx", pgxOwn(b, url).TypeMap()}} {
			b.Run(c.kind+"/"+by.name, func(b *testing.B) {
				b.ReportAllocs()
				format, buf := by.m.FormatCodeForOID(oid), make([]byte, 0, 1<<16)
				for b.Loop() {
					if _, err := by.m.Encode(oid, format, c.value, buf); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
