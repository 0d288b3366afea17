package oracle

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Slack is by how much an upper bound may lie after the end of its run: the database's
// clock was read that much too late.
const slack = time.Minute

// Read fetches a view's rows from Postgres, as text and in order of the key.
func (v View) Read(ctx context.Context, tx pgx.Tx) ([]Row, error) {
	result, err := tx.Query(ctx, v.selectAll())
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", v.Name, err)
	}
	rows, err := pgx.CollectRows(result, func(row pgx.CollectableRow) (Row, error) {
		texts := make([]*string, len(v.Columns))
		targets := make([]any, len(texts))
		for i := range texts {
			targets[i] = &texts[i]
		}
		if err := row.Scan(targets...); err != nil {
			return nil, err
		}
		r := Row{}
		for i, c := range v.Columns {
			r[c.Name] = null(texts[i])
		}
		return r, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", v.Name, err)
	}
	return v.Sorted(rows), nil
}

func (v View) selectAll() string {
	var columns []string
	for _, c := range v.Columns {
		text := c.Name + "::text"
		switch c.Kind {
		case "timestamptz": // text would depend on the session's time zone and date style
			text = "to_char(" + c.Name + ` AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
		case "rate":
			text = "trim_scale(" + c.Name + ")::text"
		}
		columns = append(columns, text)
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM polar_bi." + v.Name
}

// Settle replaces each time in got by the moment that is wanted in its place, if it lies
// within: what then differs is wrong.
func (h *History) Settle(v View, want, got []Row) {
	byKey := v.byKey(got)
	for key, w := range v.byKey(want) {
		g := byKey[key]
		for column, value := range w {
			m, is := value.(Moment)
			text, given := g[column].(string)
			if is && given && h.holds(m, instant(text)) {
				g[column] = m
			}
		}
	}
}

func (h *History) holds(m Moment, t time.Time) bool {
	end := h.runs[m.To].Finished
	if m.IsUpper {
		end = end.Add(slack)
	}
	return !t.Before(h.runs[m.From].Started) && !t.After(end)
}
