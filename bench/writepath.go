package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"syncer/bench/relay"
)

// writePath measures writing alone in a first load: syncer's statements,
// recorded and replayed without the API, decoding and syncer itself, beside
// COPY of the resulting rows. Both keep the tables' foreign keys and indices,
// with and without the triggers that write history.
func (b *benchmark) writePath(ctx context.Context) error {
	b.doing("the write path alone")
	load, err := b.lab.record(ctx, b.links)
	if err != nil {
		return fmt.Errorf("record a first load: %w", err)
	}
	ways := []struct {
		name  string
		write func(context.Context, *database) error
		took  [2][]float64 // seconds: with history, without
	}{
		{name: "syncer's statements", write: b.lab.replay},
		{name: "COPY", write: b.lab.copyIn},
	}
	for range b.runs {
		for i := range ways {
			for j, history := range []bool{true, false} {
				took, err := b.lab.written(ctx, history, ways[i].write)
				if err != nil {
					return fmt.Errorf("%s: %w", ways[i].name, err)
				}
				ways[i].took[j] = append(ways[i].took[j], took.Seconds())
			}
		}
	}

	var rows [][]string
	for j, name := range []string{"with history", "without"} {
		var rates [2][]float64
		for i := range ways {
			for _, seconds := range ways[i].took[j] {
				rates[i] = append(rates[i], float64(b.links)/seconds)
			}
			slices.Sort(rates[i])
		}
		rows = append(rows, []string{name, spread(rates[0]), spread(rates[1]), fmt.Sprintf("%.0f %%", 100*median(rates[0])/median(rates[1]))})
	}
	b.section("Writing alone, against COPY",
		fmt.Sprintf("What syncer asks Postgres for in a first load of %s links, recorded on its way and played again into a fresh database: no API, no decoding,", whole(b.links)),
		"no syncer, so that its own part in writing (putting rows into messages) is missing. Beside it binary COPY of the same rows into the same tables.",
		"Both with foreign keys and indices; with the triggers that write history, and with these disabled.",
		fmt.Sprintf("The recorded load itself, end to end through the relay, had %s links a second.", number(rate(load))))
	b.table([]string{"Links a second", "syncer's statements", "COPY", "of COPY's speed"}, rows)
	return nil
}

func (l *lab) recording() string          { return filepath.Join(l.dir, "recording") }
func (l *lab) rowsOf(table string) string { return filepath.Join(l.dir, table+".copy") }

// record records a first load, and keeps the resulting rows. All of it goes
// into files: memory used here would count as a program's.
func (l *lab) record(ctx context.Context, links int) (p pass, err error) {
	file, err := os.Create(l.recording())
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	err = l.with(ctx, runSyncer, setup{links: links}, func(m *measurement) error {
		r, err := relay.Start(ctx, relay.Options{Socket: l.socket, Recording: file})
		if err != nil {
			return err
		}
		m.place.database = r.URL(user, m.database.name)
		p, err = m.pass(ctx)
		if err := errors.Join(err, r.Stop()); err != nil {
			return err
		}
		return m.database.do(ctx, func(conn *pgx.Conn) error {
			for _, table := range catalogue() {
				if err := l.copyOut(ctx, conn, table); err != nil {
					return fmt.Errorf("%s: %w", table, err)
				}
			}
			return nil
		})
	})
	return p, err
}

func (l *lab) copyOut(ctx context.Context, conn *pgx.Conn, table string) error {
	file, err := os.Create(l.rowsOf(table))
	if err != nil {
		return err
	}
	_, err = conn.PgConn().CopyTo(ctx, file, "COPY "+table+" TO STDOUT (FORMAT binary)")
	return errors.Join(err, file.Close())
}

// written measures writing into a fresh database.
func (l *lab) written(ctx context.Context, history bool, write func(context.Context, *database) error) (took time.Duration, err error) {
	d, err := l.database(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, d.drop(context.WithoutCancel(ctx))) }()
	if !history {
		if err := d.withoutHistory(ctx); err != nil {
			return 0, err
		}
	}
	began := time.Now()
	err = write(ctx, d)
	return time.Since(began), err
}

// replay plays the recording.
func (l *lab) replay(ctx context.Context, d *database) error {
	config, err := d.session()
	if err != nil {
		return err
	}
	file, err := os.Open(l.recording())
	if err != nil {
		return err
	}
	defer file.Close()
	return relay.Replay(ctx, file, config)
}

// copyIn copies the kept rows, one table after the other.
func (l *lab) copyIn(ctx context.Context, d *database) error {
	return d.do(ctx, func(conn *pgx.Conn) error {
		for _, table := range catalogue() {
			file, err := os.Open(l.rowsOf(table))
			if err != nil {
				return err
			}
			_, err = conn.PgConn().CopyFrom(ctx, file, "COPY "+table+" FROM STDIN (FORMAT binary)")
			file.Close() //nolint:errcheck // it was only read
			if err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
		}
		return nil
	})
}
