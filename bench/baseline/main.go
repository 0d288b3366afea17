// Command baseline is the yardstick for this project: what Polar's
// documentation shows and a straightforward program adds.
//
// It asks for one link after the other with Polar's own SDK, unmodified, and
// writes each in one transaction, row by row, into the same tables. It writes
// every row that a link shows, changed or not, however often it wrote it
// before. It is meant to be right and plain: nothing in it is slow on purpose.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	polargo "github.com/polarsource/polar-go"
)

type config struct {
	server   string // base URL
	token    string
	database string // libpq URL; already migrated
	schema   string
	ids      string // file, one link id a line
}

// report is printed at the end. Seconds count only the links that were written:
// a rate must not count what could not be done.
type report struct {
	Links             int          `json:"links"`
	Written           int          `json:"written"`
	Seconds           float64      `json:"seconds"`
	Unreadable        []unreadable `json:"unreadable"`
	UnreadableSeconds float64      `json:"unreadable_seconds"`
}

// unreadable is a link whose answer the SDK cannot decode.
type unreadable struct {
	ID    string `json:"id"`
	Error string `json:"error"`
}

func main() {
	if err := realMain(); err != nil {
		fmt.Fprintln(os.Stderr, "baseline:", err)
		os.Exit(1)
	}
}

func realMain() error {
	var c config
	flag.StringVar(&c.server, "server", "", "Polar's base URL")
	flag.StringVar(&c.token, "token", "", "Polar access token")
	flag.StringVar(&c.database, "database", "", "Postgres URL of a migrated database")
	flag.StringVar(&c.schema, "schema", "polar", "schema the tables are in")
	flag.StringVar(&c.ids, "ids", "", "file of checkout link ids, one a line")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := run(ctx, c)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// run syncs the links one by one. It skips and names a link that the SDK cannot
// read; any other error ends the run.
func run(ctx context.Context, c config) (report, error) {
	if c.server == "" || c.database == "" || c.ids == "" {
		return report{}, errors.New("-server, -database and -ids are needed") // without a server the SDK would ask production
	}
	ids, err := readIDs(c.ids)
	if err != nil {
		return report{}, err
	}
	conn, err := connect(ctx, c)
	if err != nil {
		return report{}, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	client := polargo.New(polargo.WithServerURL(c.server), polargo.WithSecurity(c.token))

	r := report{Links: len(ids), Unreadable: []unreadable{}}
	for _, id := range ids {
		seen := time.Now()
		answer, err := client.CheckoutLinks.Get(ctx, id)
		if reason, is := undecoded(err); is {
			r.Unreadable = append(r.Unreadable, unreadable{ID: id, Error: reason})
			r.UnreadableSeconds += time.Since(seen).Seconds()
			continue
		}
		if err != nil {
			return report{}, fmt.Errorf("get link %s: %w", id, err)
		}
		if err := save(ctx, conn, answer.CheckoutLink, seen); err != nil {
			return report{}, fmt.Errorf("save link %s: %w", id, err)
		}
		r.Written++
		r.Seconds += time.Since(seen).Seconds()
	}
	return r, nil
}

func connect(ctx context.Context, c config) (*pgx.Conn, error) {
	pc, err := pgx.ParseConfig(c.database)
	if err != nil {
		return nil, fmt.Errorf("-database: %w", err)
	}
	pc.RuntimeParams["search_path"] = pgx.Identifier{c.schema}.Sanitize()
	conn, err := pgx.ConnectConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return conn, nil
}

func readIDs(name string) ([]string, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("-ids: %w", err)
	}
	defer file.Close()
	var ids []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if id := strings.TrimSpace(lines.Text()); id != "" {
			ids = append(ids, id)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("-ids: %w", err)
	}
	return ids, nil
}

// undecoded reports whether the SDK could not decode an answer. The SDK has no
// type for that error, only these words in front. The reason leaves out the
// object at fault, which the error quotes in full.
func undecoded(err error) (reason string, is bool) {
	if err == nil {
		return "", false
	}
	reason, is = strings.CutPrefix(err.Error(), "error unmarshaling json response body: ")
	if start, end := strings.Index(reason, "`{"), strings.LastIndex(reason, "}`"); start >= 0 && start < end {
		reason = reason[:start] + "`{...}`" + reason[end+len("}`"):]
	}
	return reason, is
}
