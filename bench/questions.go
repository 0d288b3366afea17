package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"syncer/internal/db"
)

// question is one that analysts ask, a file of docs/questions.
type question struct {
	words, sql        string
	planning, running []float64 // milliseconds
}

// questions measures what analysts ask, at the server: a login whose only right is to
// read the views, with the settings that are recommended for it.
func (b *benchmark) questions(ctx context.Context) error {
	b.doing("the questions of analysts, %s links", whole(b.links))
	all, err := b.lab.questions()
	if err != nil {
		return err
	}
	err = b.lab.with(ctx, runSyncer, setup{links: b.links}, func(m *measurement) error {
		if err := m.history(ctx); err != nil {
			return err
		}
		return m.database.asAnalyst(ctx, func(conn *pgx.Conn) error {
			for range b.often {
				for i := range all {
					if err := all[i].ask(ctx, conn); err != nil {
						return fmt.Errorf("%s: %w", all[i].words, err)
					}
				}
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	var rows [][]string
	for i, q := range all {
		slices.Sort(q.planning)
		slices.Sort(q.running)
		rows = append(rows, []string{fmt.Sprintf("%d. %s", i+1, q.words), spread(q.planning), spread(q.running)})
	}
	b.section("The ten questions",
		fmt.Sprintf("`docs/questions`, asked %d times of %s links as a login that may only read the views, with `jit` off and 64 MB of `work_mem`: the server's", b.often, whole(b.links)),
		"own time by `EXPLAIN (ANALYZE, TIMING OFF)`. All of the history is of the last day, and a name is that of many products.")
	b.table([]string{"ms", "to plan", "to run"}, rows)
	return nil
}

// questions reads the files.
func (l *lab) questions() (all []question, err error) {
	files, err := filepath.Glob(filepath.Join(l.root, "docs", "questions", "*.sql"))
	if err != nil {
		return nil, err
	}
	for _, file := range files { // sorted
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		words, _, _ := strings.Cut(strings.TrimPrefix(string(text), "-- "), "\n")
		all = append(all, question{words: words, sql: string(text)})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("there are no questions in %s", l.root)
	}
	return all, nil
}

// ask asks once, and notes what it took.
func (q *question) ask(ctx context.Context, conn *pgx.Conn) error {
	_, sql, _ := strings.Cut(q.sql, "\nSELECT ") // what is before are comments
	var args []any
	if strings.Contains(sql, ":product") {
		sql = strings.ReplaceAll(sql, ":product", "$1")
		args = append(args, product)
	}
	var text []byte
	if err := conn.QueryRow(ctx, "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) SELECT "+sql, append([]any{pgx.QueryExecModeExec}, args...)...).Scan(&text); err != nil {
		return err
	}
	var plans []struct {
		Planning float64 `json:"Planning Time"`
		Running  float64 `json:"Execution Time"`
	}
	if err := json.Unmarshal(text, &plans); err != nil || len(plans) != 1 {
		return fmt.Errorf("read a plan: %w", err)
	}
	q.planning, q.running = append(q.planning, plans[0].Planning), append(q.running, plans[0].Running)
	return nil
}

// product is the name of one that is in every catalogue of the API.
const product = "Pro webhook 14"

// history loads the catalogue, and lets some of all that the questions ask about change:
// labels by the API, prices and discounts by hand, since the API has no more to offer.
func (m *measurement) history(ctx context.Context) error {
	for range 3 {
		if _, err := m.run(ctx, m.lab, m.place); err != nil {
			return err
		}
		if _, err := m.place.api.change(ctx); err != nil {
			return err
		}
		err := m.database.do(ctx, func(conn *pgx.Conn) error {
			for _, sql := range []string{
				"UPDATE prices SET removed_at = now() WHERE removed_at IS NULL AND hashtext(id::text) % 100 = 0",
				"UPDATE discounts SET redemptions_count = redemptions_count + 1, ends_at = now() + hashtext(id::text) % 30 * interval '1 day'",
			} {
				if _, err := conn.Exec(ctx, sql); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return m.database.settle(ctx)
}

// asAnalyst calls work with a connection of a login that may only read the views.
func (d *database) asAnalyst(ctx context.Context, work func(*pgx.Conn) error) error {
	if err := d.lab.admin(ctx, "CREATE ROLE analyst LOGIN IN ROLE "+db.DefaultReader); err != nil {
		return err
	}
	config, err := pgx.ParseConfig(d.url())
	if err != nil {
		return err
	}
	config.User = "analyst"
	config.RuntimeParams["jit"], config.RuntimeParams["work_mem"] = "off", "64MB"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(work(conn), conn.Close(context.WithoutCancel(ctx)))
}
