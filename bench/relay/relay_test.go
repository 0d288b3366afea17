package relay_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"syncer/bench/relay"
	"syncer/internal/db/dbtest"
)

func TestItCountsStatementsAndRoundTrips(t *testing.T) {
	t.Parallel()
	r, url := through(t, relay.Options{})
	conn := open(t, url)
	for _, test := range []struct {
		name                   string
		do                     func(context.Context) error
		statements, roundTrips int64
	}{
		{"a simple query", func(ctx context.Context) error {
			return conn.PgConn().Exec(ctx, "SELECT 1").Close()
		}, 1, 1},
		{"one that is prepared first", func(ctx context.Context) error {
			_, err := conn.Exec(ctx, "SELECT $1::int", 1)
			return err
		}, 1, 2},
		{"the same again", func(ctx context.Context) error {
			_, err := conn.Exec(ctx, "SELECT $1::int", 1)
			return err
		}, 1, 1},
		{"in a transaction", func(ctx context.Context) error {
			return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, "SELECT $1::int", 1)
				return err
			})
		}, 3, 3},
		{"a batch", func(ctx context.Context) error {
			var batch pgx.Batch
			for i := range 1000 {
				batch.Queue("SELECT $1::int", i)
			}
			return conn.SendBatch(ctx, &batch).Close()
		}, 1000, 1},
	} {
		statements, roundTrips := r.Counts()
		if err := test.do(t.Context()); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		s, n := r.Counts()
		if s -= statements; s != test.statements {
			t.Errorf("%s: %d statements, want %d", test.name, s, test.statements)
		}
		if n -= roundTrips; n != test.roundTrips {
			t.Errorf("%s: %d round trips, want %d", test.name, n, test.roundTrips)
		}
	}
}

// A delay holds up every piece, but pieces do not wait for each other: a MB
// comes in hundreds of pieces, yet in one round trip.
func TestADelayKeepsTheThroughput(t *testing.T) {
	t.Parallel()
	const roundTrip = 200 * time.Millisecond
	_, url := through(t, relay.Options{RoundTrip: roundTrip})
	conn := open(t, url)
	began := time.Now()
	var answer string
	err := conn.QueryRow(t.Context(), "SELECT repeat($1, 2)", pgx.QueryExecModeExec, string(bytes.Repeat([]byte("x"), 1<<20))).Scan(&answer)
	if err != nil || len(answer) != 2<<20 {
		t.Fatalf("%d bytes, %v", len(answer), err)
	}
	if took := time.Since(began); took < roundTrip || took > 10*roundTrip {
		t.Errorf("took %v, and the round trip is %v", took, roundTrip)
	}
}

func TestARecordingPlaysAgain(t *testing.T) {
	t.Parallel()
	var recording bytes.Buffer
	r, url := through(t, relay.Options{Recording: &recording})
	first, second := open(t, url), open(t, url)
	for i, sql := range []string{
		"CREATE TABLE texts (id int, text text)",
		"INSERT INTO texts SELECT 1, repeat($1, 100000)",
		"INSERT INTO texts SELECT id + 1, text || $1 FROM texts",
	} {
		conn := []*pgx.Conn{first, second}[i%2]
		var args []any
		if i > 0 {
			args = append(args, "x")
		}
		if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}

	other := dbtest.Empty(t)
	config, err := pgconn.ParseConfig(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := relay.Replay(t.Context(), bytes.NewReader(recording.Bytes()), config); err != nil {
		t.Fatal(err)
	}
	var sum int
	if err := open(t, other).QueryRow(t.Context(), "SELECT sum(id * length(text)) FROM texts").Scan(&sum); err != nil {
		t.Fatal(err)
	}
	if want := 100000 + 2*100001; sum != want {
		t.Errorf("the rows add up to %d, want %d", sum, want)
	}
	if err := relay.Replay(t.Context(), &recording, config); err == nil {
		t.Error("creates the same table again without an error")
	}
}

func TestAStoppedRelayCutsItsConnections(t *testing.T) {
	t.Parallel()
	r, url := through(t, relay.Options{})
	conn := open(t, url)
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("answers still")
	}
}

// through starts a relay to an empty database, and returns the address through it.
func through(tb testing.TB, o relay.Options) (r *relay.Relay, url string) {
	tb.Helper()
	config, err := pgconn.ParseConfig(dbtest.Empty(tb))
	if err != nil {
		tb.Fatal(err)
	}
	_, o.Socket = pgconn.NetworkAddress(config.Host, config.Port)
	if r, err = relay.Start(tb.Context(), o); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = r.Stop() })
	return r, r.URL(config.User, config.Database)
}

func open(tb testing.TB, url string) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close(context.WithoutCancel(tb.Context())) })
	return conn
}
